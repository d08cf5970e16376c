curl --request POST \
  --url https://www.rendementlocatif.com/api/gestion/2/saveLocataire/580a81d348177eb0128b4568 \
  --header 'cache-control: no-cache' \
  --header 'content-type: application/x-www-form-urlencoded' \
  --header 'x-api-key: secretkey' \
  --data 'username=boss&password=6407&nom=Dupont&prenom=jean&loyer=666&provision=20&indiceRevision=0&signatureDate=12%2F08%2F2014&entryDate=12%2F08%2F2014&dayLoyer=3&typeLocation=0&depotGarantie=1'
