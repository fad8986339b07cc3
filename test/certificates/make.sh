#!/usr/bin/env bash
# How the certificates of this folder were made. They are for tests only and last until the year 2126; the keys are public.
set -euo pipefail
cd "$(dirname "$0")"

days=36500
new_key() { openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out "$1"; }

new_key ca-key.pem
openssl req -x509 -new -key ca-key.pem -sha256 -days $days -subj '/CN=perf-analyze test CA' -out ca.pem

sign() { # name, subject, extensions
  new_key "$1-key.pem"
  openssl req -new -key "$1-key.pem" -subj "$2" |
    openssl x509 -req -CA ca.pem -CAkey ca-key.pem -CAcreateserial -sha256 -days $days -extfile <(echo "$3") -out "$1.pem"
}
sign server '/CN=localhost' 'subjectAltName=DNS:localhost,IP:127.0.0.1'
sign elsewhere '/CN=elsewhere.example' 'subjectAltName=DNS:elsewhere.example'
sign client '/CN=test client' 'extendedKeyUsage=clientAuth'

rm -f ca-key.pem ca.srl
