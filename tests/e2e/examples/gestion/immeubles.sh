curl --data "username=username&password=password"
"https://www.rendementlocatif.com/api/gestion/2/immeubles"
  -H "X-API-KEY: secretkey"
