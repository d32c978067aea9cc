# How other people's clients see the servers; every wait has a limit, $patience seconds. Source this inside a namespace.
#
# None of them shares a line with ece-check: openssl, dig and bash speak here.

tcp() { # ADDRESS PORT: open, or what stopped it
    local words
    words=$(timeout "$patience" bash -c 'exec 3<>"/dev/tcp/$0/$1"' "$1" "$2" 2>&1)
    case $? in
        0) echo open ;;
        124) echo silent ;;
        *) echo "$words" ;;
    esac
}

dns() { # NAME TYPE: status and answers
    dig +tries=1 "+timeout=$patience" +noall +comments +answer "$1" "$2" 2>&1
}

tls() { # NAME ADDRESS PORT [openssl s_client's options]: the handshake as openssl tells it
    local name=$1 address=$2 port=$3
    [[ $address == *:* ]] && address="[$address]"
    shift 3
    timeout "$patience" openssl s_client -connect "$address:$port" -servername "$name" -verify_hostname "$name" \
        -CAfile "$trust" -no-CAfile -no-CApath -no-CAstore "$@" 2>&1
}

said() { tls "$@" -quiet; }   # the conversation inside TLS: standard input goes there

imap() { printf 'a CAPABILITY\r\nb LOGOUT\r\n' | said "$@"; }
pop3() { printf 'CAPA\r\nQUIT\r\n' | said "$@"; }
smtp() { printf 'EHLO site.example.com\r\nQUIT\r\n' | said "$@" -starttls smtp; }
certificate() { tls "$@" < /dev/null; }

https() { # NAME ADDRESS PATH
    printf 'GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n' "$3" "$1" | said "$1" "$2" 443
}

proxied() { # NAME PROXY [openssl s_client's options]: the handshake through the proxy's tunnel
    local name=$1 proxy=$2
    shift 2
    timeout "$patience" openssl s_client -proxy "$proxy" -connect "$name:443" -servername "$name" -verify_hostname "$name" \
        -CAfile "$trust" -no-CAfile -no-CApath -no-CAstore "$@" 2>&1 < /dev/null
}

plain() { # ADDRESS PORT TEXT: what comes back without any encryption
    timeout "$patience" bash -c 'exec 3<>"/dev/tcp/$0/$1" && printf "$2" >&3 && cat <&3' "$@" 2>&1
}

address_of() { getent ahosts "$1"; }   # as a program of this host sees the name: hosts file, then resolver

not_up() { # the first server of the bench that does not answer yet
    local at
    for at in {52.96.1.10,52.96.1.11,2603:1036:0:1::10}/587 198.18.0.1/{53,3128,3129,3130,5301,5871,4431,4432,4433,4434,8080} \
        198.18.0.1/{9931,9932,9933,9951,9953} 20.190.128.10/443 \
        {52.96.0.10,52.96.0.11,40.96.0.20,2603:1036::10,2603:1036::11}/{587,993,995}; do
        (exec 3<>"/dev/tcp/$at") 2> /dev/null || { echo "$at"; return; }
    done
}
