curl --data "username=username&password=password"
  "https://www.rendementlocatif.com/api/login"
  -H "X-API-KEY: secretkey"
