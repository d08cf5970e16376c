# Sources of templates/.
dist_templates_DATA += templates/page.html
# Templates of mails and pages, which an operator may replace.
dist_templates_DATA += templates/mail.html templates/mail.txt
dist_templates_DATA += templates/letter-reset.txt templates/letter-changed.txt
