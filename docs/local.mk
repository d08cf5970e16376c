# Sources of docs/.
EXTRA_DIST += docs/openapi.yaml docs/redocly.yaml
