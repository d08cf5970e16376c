curl --data "username=username&password=password"
"https://www.rendementlocatif.com/api/gestion/2/saveLocataire/<bienId>/<locataireId>"
  -H "X-API-KEY: secretkey"
