# Envoi d'un SMS individuel
curl -X POST \
  "https://communication.avis-locataire.com/v1/send_sms" \
  --data "auth_key=mykey" \
  --data "auth_secret=mysecret" \
  --data "recipient=0602030405" \
  --data "identifier1=001" \
  --data "force_sending=false" \
  --data "message=Ceci est un example%0ATest"
