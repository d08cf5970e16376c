curl "https://www.rendementlocatif.com/api/login"
  -H "X-API-KEY: secretkey"
