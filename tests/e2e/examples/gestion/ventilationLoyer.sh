curl --data "username=username&password=password"
"https://www.rendementlocatif.com/api/gestion/2/ventilationLoyer/<locataireId>/<montantTotal>"
  -H "X-API-KEY: secretkey"
