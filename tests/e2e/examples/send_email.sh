# Envoi d'un email individuel
curl -X POST \
  "https://communication.avis-locataire.com/v1/send_email" \
  --data "auth_key=mykey" \
  --data "auth_secret=mysecret" \
  --data "recipient=exemple@mail.com" \
  --data "subject=Email exemple" \
  --data "identifier1=001" \
  --data "force_sending=false" \
  --data "unsubscribe_link=true" \
  --data "message=Ceci est un exemple%0ATest"\
  --data "test_mode=false"
