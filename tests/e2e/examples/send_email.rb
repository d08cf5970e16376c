require 'uri'
require 'net/http'

params = {
  auth_key: 'mykey',
  auth_secret: 'mysecret',
  recipient: 'exemple@mail.com',
  subject: 'Email exemple',
  identifier1: '001',
  force_sending: false,
  unsubscribe_link: true,
  message: 'Ceci est un exemple%0ATest'
}

url = URI('https://communication.avis-locataire.com/v1/send_email')
url.query = params.map { |key, value| "#{key}=#{value}" }.join('&')

http = Net::HTTP.new(url.host, url.port)
request = Net::HTTP::Post.new(url)

response = http.request(request)
puts response.read_body
