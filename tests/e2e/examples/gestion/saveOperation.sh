curl --data "username=username&password=password"
"https://www.rendementlocatif.com/api/gestion/2/saveOperation/<immeubleId>/<operationId>"
  -H "X-API-KEY: secretkey"
