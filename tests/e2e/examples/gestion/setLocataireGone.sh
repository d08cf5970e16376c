curl --data "username=username&password=password"
"https://www.rendementlocatif.com/api/gestion/2/setLocataireGone/<locataireId>"
  -H "X-API-KEY: secretkey"
