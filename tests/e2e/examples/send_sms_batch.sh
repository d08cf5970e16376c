# Envoi de plusieurs SMS
curl -X POST \
  "https://communication.avis-locataire.com/v1/send_sms?auth_key=mykey&auth_secret=mysecret" \
  --header 'Content-Type: application/json' \
  --data-raw '[
    {
      "recipient": "0602030405",
      "identifier1": "001",
      "force_sending": true,
      "message": "Ceci est un exemple%0ATest"
    }, {
      "recipient": "0702030405",
      "identifier1": "002",
      "force_sending": false,
      "message": "Ceci est un exemple2%0ATest"
    }
  ]'
