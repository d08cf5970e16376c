var endpoint = 'https://communication.avis-locataire.com/v1/send_sms'

var requestOptions = {
  method: 'POST',
  redirect: 'follow'
}

params = {
  auth_key: 'mykey',
  auth_secret: 'mysecret',
  recipient: '0602030405',
  identifier1: "001",
  force_sending: false,
  message: 'Ceci est un exemple%0ATest'
}

queryParams = []
for (const [key, value] of Object.entries(params)) {
  queryParams.push(`${key}=${value}`)
}

fetch(`${endpoint}?${queryParams.join('&')}`, requestOptions)
  .then(response => response.text())
  .then(result => console.log(result))
  .catch(error => console.log('error', error))
