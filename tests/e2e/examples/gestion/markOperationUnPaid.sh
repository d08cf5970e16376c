curl --data "username=username&password=password"
"https://www.rendementlocatif.com/api/gestion/2/markOperationUnPaid/<operationId>"
  -H "X-API-KEY: secretkey"
