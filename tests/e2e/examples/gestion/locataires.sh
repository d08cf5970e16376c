curl --data "username=username&password=password"
"https://www.rendementlocatif.com/api/gestion/2/locataires/<immeubleIdOrbienId>/<limit>"
  -H "X-API-KEY: secretkey"
