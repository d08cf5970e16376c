require 'uri'
require 'net/http'

params = {
  auth_key: 'mykey',
  auth_secret: 'mysecret',
  recipient: '0602030405',
  identifier1: '001',
  force_sending: false,
  message: 'Ceci est un exemple%0ATest'
}

url = URI('https://communication.avis-locataire.com/v1/send_sms')
url.query = params.map { |key, value| "#{key}=#{value}" }.join('&')

http = Net::HTTP.new(url.host, url.port)
request = Net::HTTP::Post.new(url)

response = http.request(request)
puts response.read_body
