#!/bin/bash
# Makes the certificates of the bench in the current folder, with names of the kind that Microsoft's own have.
#
#   root.pem        the public root                      inspection.pem   the root of an inspecting device
#   middle.pem      signed by the root, signs the leafs  *.pem *.key      leafs with the chain that the server sends
set -euo pipefail

year_ago=$(date -u -d '365 days ago' +%Y%m%d%H%M%SZ)
day_ago=$(date -u -d '1 day ago' +%Y%m%d%H%M%SZ)
in_a_year=$(date -u -d '365 days' +%Y%m%d%H%M%SZ)

cat > ca.cnf <<'END'
[ca]
default_ca = any
[any]
certificate      = $ENV::CA.pem
private_key      = $ENV::CA.key
database         = $ENV::CA.index
serial           = $ENV::CA.serial
new_certs_dir    = .
default_md       = sha256
policy           = subject
unique_subject   = no
copy_extensions  = copy
[subject]
countryName      = optional
organizationName = supplied
commonName       = supplied
[req]
distinguished_name = asked
[asked]
[root]
basicConstraints       = critical, CA:TRUE
keyUsage               = critical, keyCertSign, cRLSign
subjectKeyIdentifier   = hash
[middle]
basicConstraints       = critical, CA:TRUE, pathlen:0
keyUsage               = critical, keyCertSign, cRLSign
subjectKeyIdentifier   = hash
authorityKeyIdentifier = keyid
[leaf]
basicConstraints       = CA:FALSE
keyUsage               = critical, digitalSignature
extendedKeyUsage       = serverAuth
subjectKeyIdentifier   = hash
authorityKeyIdentifier = keyid
END

key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key" 2>/dev/null; }

ready_to_sign() { : > "$1.index"; echo 1000 > "$1.serial"; }

root() { # NAME SUBJECT
    key "$1"
    CA=$1 openssl req -x509 -new -key "$1.key" -subj "$2" -days 3650 -config ca.cnf -extensions root -out "$1.pem"
    ready_to_sign "$1"
}

signed() { # NAME SUBJECT CA EXTENSIONS FROM UNTIL [SUBJECT-ALTERNATIVE-NAMES]
    key "$1"
    CA=$3 openssl req -new -key "$1.key" -subj "$2" -config ca.cnf -out "$1.csr" ${7:+-addext "subjectAltName=$7"}
    CA=$3 openssl ca -batch -notext -config ca.cnf -extensions "$4" -startdate "$5" -enddate "$6" \
        -in "$1.csr" -out "$1.pem" 2> words || { cat words >&2; exit 1; }
}

leaf() { signed "$1" "$2" "$3" leaf "$4" "$5" "$6"; }

login='DNS:login.microsoftonline.com,DNS:login.microsoft.com,DNS:*.login.microsoftonline.com'
outlook='DNS:*.office365.com,DNS:outlook.office365.com,DNS:smtp.office365.com'
microsoft='/C=US/O=Microsoft Corporation'

root root '/C=US/O=DigiCert Inc/CN=DigiCert Global Root of the Bench'
signed middle "$microsoft/CN=Microsoft TLS Issuing CA of the Bench" root middle "$year_ago" "$in_a_year"
ready_to_sign middle

leaf login "$microsoft/CN=stamp2.login.microsoftonline.com" middle "$day_ago" "$in_a_year" "$login"
leaf outlook "$microsoft/CN=outlook.com" middle "$day_ago" "$in_a_year" "$outlook"
leaf expired "$microsoft/CN=outlook.com" middle "$year_ago" "$day_ago" "$outlook"
cp outlook.key incomplete.key
cp outlook.pem incomplete.pem   # the leaf alone: what signed it is not sent
for name in login outlook expired; do cat middle.pem >> $name.pem; done

root inspection '/C=US/O=Contoso Security Appliance/CN=Contoso Inspection Root'
leaf inspected '/O=Contoso Security Appliance/CN=inspected' inspection "$day_ago" "$in_a_year" "$login,$outlook"
cat inspection.pem >> inspected.pem
cat root.pem inspection.pem > root-and-inspection.pem
