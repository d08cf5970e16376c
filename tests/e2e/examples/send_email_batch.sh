# Envoi de plusieurs emails
curl -X POST \
  "https://communication.avis-locataire.com/v1/send_email?auth_key=mykey&auth_secret=mysecret" \
  --header 'Content-Type: application/json' \
  --data-raw '[
    {
      "recipient": "exemple@mail.com",
      "subject": "Email exemple",
      "identifier1": "001",
      "force_sending": true,
      "message": "Ceci est un exemple%0ATest"
    }, {
      "recipient": "exemple2@mail.com",
      "subject": "Email exemple2",
      "identifier1": "002",
      "force_sending": false,
      "unsubscribe_link": true,
      "message": "Ceci est un exemple2%0ATest"
    }
  ]'
