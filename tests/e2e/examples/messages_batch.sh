# Envoi de plusieurs messages
curl -X POST \
  "https://communication.avis-locataire.com/v1/messages?auth_key=mykey&auth_secret=mysecret" \
  --header 'Content-Type: application/json' \
  --data-raw '[
    {
      "email": "exemple@email.com",
      "phone": "0602030405",
      "email_subject": "Email exemple",
      "email_content": "Ceci est un exemple%0ATest"
      "sms_content": "Ceci est un example%0ATest",
      "identifier1": "001",
      "force_sending": true,
      "channel": "both"
    }, {
      "email": "exemple2@email.com",
      "phone": "0702030405",
      "email_subject": "Email exemple2",
      "email_content": "Ceci est un exemple2%0ATest"
      "sms_content": "Ceci est un example2%0ATest",
      "identifier1": "002",
      "force_sending": false,
      "unsubscribe_link": true,
      "channel": "both"
    }
  ]'
