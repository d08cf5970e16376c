# Envoi d'un message individuel
curl -X POST \
  "https://communication.avis-locataire.com/v1/messages" \
  --data "auth_key=mykey" \
  --data "auth_secret=mysecret" \
  --data "email=exemple@email.com"
  --data "phone=0602030405" \
  --data "email_subject=Email exemple" \
  --data "email_content=Ceci est un example%0ATest" \
  --data "sms_content=Ceci est un example%0ATest" \
  --data "identifier1=001" \
  --data "force_sending=false" \
  --data "unsubscribe_link=true" \
  --data "channel=both"
