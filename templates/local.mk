# Sources of templates/.
dist_templates_DATA += templates/page.html
