# Sources of tests/e2e/: the end-to-end tests. One a line, so that additions do not collide.
EXTRA_DIST += tests/e2e/__init__.py
EXTRA_DIST += tests/e2e/test_calculs.py
EXTRA_DIST += tests/e2e/test_ctl.py
EXTRA_DIST += tests/e2e/test_docs.py
EXTRA_DIST += tests/e2e/test_examples.py
EXTRA_DIST += tests/e2e/examples/list.sh
EXTRA_DIST += tests/e2e/examples/messages.sh
EXTRA_DIST += tests/e2e/examples/messages_batch.sh
EXTRA_DIST += tests/e2e/examples/send_email.js
EXTRA_DIST += tests/e2e/examples/send_email.rb
EXTRA_DIST += tests/e2e/examples/send_email.sh
EXTRA_DIST += tests/e2e/examples/send_email_batch.sh
EXTRA_DIST += tests/e2e/examples/send_sms.js
EXTRA_DIST += tests/e2e/examples/send_sms.rb
EXTRA_DIST += tests/e2e/examples/send_sms.sh
EXTRA_DIST += tests/e2e/examples/send_sms_batch.sh
EXTRA_DIST += tests/e2e/examples/status.sh
EXTRA_DIST += tests/e2e/test_communication.py
EXTRA_DIST += tests/e2e/test_hostile.py
EXTRA_DIST += tests/e2e/test_isolation.py
EXTRA_DIST += tests/e2e/test_run.py
EXTRA_DIST += tests/e2e/test_pages.py
EXTRA_DIST += tests/e2e/test_openapi.py
EXTRA_DIST += tests/e2e/test_fastcgi.py
EXTRA_DIST += tests/e2e/test_prefork.py
EXTRA_DIST += tests/e2e/test_gestion.py tests/e2e/gestion/immeubles.json tests/e2e/gestion/immeuble.json \
	tests/e2e/gestion/bien.json tests/e2e/gestion/locataires.json tests/e2e/gestion/locataire.json \
	tests/e2e/gestion/operations.json
EXTRA_DIST += tests/e2e/test_nginx.py
EXTRA_DIST += tests/e2e/test_sender.py
EXTRA_DIST += tests/e2e/test_gestion_isolation.py
EXTRA_DIST += tests/e2e/test_durability.py
EXTRA_DIST += tests/e2e/test_kill.py
EXTRA_DIST += tests/e2e/test_quittance.py
EXTRA_DIST += tests/e2e/test_gestion_hostile.py
