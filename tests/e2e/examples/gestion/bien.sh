curl --data "username=username&password=password"
"https://www.rendementlocatif.com/api/gestion/2/bien/<bienId>"
  -H "X-API-KEY: secretkey"
