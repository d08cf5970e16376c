curl --data "username=username&password=password"
"https://www.rendementlocatif.com/api/gestion/2/operations/<immeubleId>/<limit>"
  -H "X-API-KEY: secretkey"
