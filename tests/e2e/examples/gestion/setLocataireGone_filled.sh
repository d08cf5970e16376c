curl --request POST \
  --url https://www.rendementlocatif.com/api/gestion/2/setLocataireGone/580a81d348177eb0128b4568 \
  --header 'cache-control: no-cache' \
  --header 'content-type: application/x-www-form-urlencoded' \
  --header 'x-api-key: secretkey' \
  --data 'username=boss&password=6407&quitDate=12%2F08%2F2014'
