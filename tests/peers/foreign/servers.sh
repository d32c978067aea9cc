#!/bin/bash
# Starts the servers of the bench in the current folder and namespace; ends, and they with it, when standard input ends.
set -uo pipefail

old_tls() { # a server of the time before TLS 1.2
    OPENSSL_CONF=/dev/null exec openssl s_server -accept 4434 -cert login.pem -cert_chain middle.pem -key login.key \
        -no_tls1_2 -no_tls1_3 -cipher 'ALL:@SECLEVEL=0' -www
}

proxy() { # it gives up root by itself, and its helper reads the passwords after that
    printf 'ece:%s\n' "$(openssl passwd -apr1 'Zwiebel7:&%')" > proxy-passwords
    squid -N -f squid.conf > squid.out 2>&1 < /dev/null &
}

dnsmasq --keep-in-foreground --conf-file=dnsmasq.conf > dnsmasq.log 2>&1 < /dev/null &
unbound -d -c unbound.conf > unbound.log 2>&1 < /dev/null &
nginx -p "$PWD" -c nginx.conf > nginx.log 2>&1 < /dev/null &
proxy
chown -R nobody:nogroup mail
for name in healthy passwords-only expired incomplete; do
    dovecot -F -c "dovecot-$name.conf" > "dovecot-$name.out" 2>&1 < /dev/null &
done
chown postfix postfix/data
postfix -c "$PWD/postfix" start > postfix.out 2>&1 < /dev/null &
old_tls > old-tls.log 2>&1 < /dev/null &

cat > /dev/null
