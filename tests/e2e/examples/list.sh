curl -X GET \
  "https://communication.avis-locataire.com/v1/messages" \
  --data "auth_key=mykey" \
  --data "auth_secret=mysecret" \
  --data "with_error=true" \
  --data "limit=1" \
  --data "offset=0" \
  --data "identifier1=001" \
  --data "identifier2=test" \
  --data "from=2020-01-01T14:00:00Z" \
  --data "from=2020-01-31T14:00:00Z"
