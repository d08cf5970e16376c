curl --data "username=username&password=password"
"https://www.rendementlocatif.com/api/gestion/2/immeuble/<immeubleId>"
  -H "X-API-KEY: secretkey"
