# Récupération du statut
curl -X POST \
  "https://communication.avis-locataire.com/v1/messages_status" \
  --data "auth_key=mykey" \
  --data "auth_secret=mysecret" \
  --data "identifier1=001" \
  --data "identifier2=test"
