#!/bin/bash
# Builds the bench, holds it for as long as standard input stays open, and takes it down again.
#
# The test process holds the other end of standard input. However that process ends (done, panic, Ctrl-C, kill -9), the
# end is seen here, and nothing stays behind: no namespace, no server, no file.
#
#   site  -- veth --  cloud          alone
#   ece-check runs    the servers    a host without any network
#
# The addresses are Microsoft's, but they live inside the namespaces, which have no road to any other network.
set -uo pipefail
folder=$1 site=$2 cloud=$3 alone=$4
trap '' INT TERM HUP
trap take_down EXIT

take_down() {
    for name in "$site" "$cloud" "$alone"; do
        ip netns del "$name" 2>/dev/null
        rm -rf "/etc/netns/$name"
    done
    rmdir /etc/netns 2>/dev/null   # only when it is empty
    rm -rf "$folder"
}

build() {
    for name in "$site" "$cloud" "$alone"; do
        ip netns add "$name" || return
        mkdir -p "/etc/netns/$name" || return
        echo "nameserver 198.18.0.1" > "/etc/netns/$name/resolv.conf"
        echo "127.0.0.1 localhost" > "/etc/netns/$name/hosts"
    done
    ip -n "$site" link add road type veth peer name road netns "$cloud" || return

    ip -n "$site" -batch - <<END || return
link set lo up
link set road up
address add 198.18.0.2/30 dev road
address add 2001:db8::2/64 dev road nodad
END
    ip -n "$cloud" -batch - <<END || return
link set lo up
link set road up
address add 198.18.0.1/30 dev road
address add 2001:db8::1/64 dev road nodad
$(sed -n 's/^\([0-9][0-9.]*\) .*/address add \1\/32 dev lo/p; s/^\([0-9a-f]*:[0-9a-f:]*\) .*/address add \1\/128 dev lo nodad/p' addresses)
END
    ip -n "$site" route add default via 198.18.0.1 || return
    ip -n "$site" -6 route add default via 2001:db8::1 || return
    # A router answers for what it cannot reach, each time; otherwise the cloud would be silent for foreign addresses.
    # a question that comes from the port of an older one must meet the rules of its own case, not that one's
    ip netns exec "$cloud" sysctl -qw net.netfilter.nf_conntrack_udp_timeout=1 net.netfilter.nf_conntrack_udp_timeout_stream=1 2>/dev/null
    ip netns exec "$cloud" sysctl -qw net.ipv4.ip_forward=1 net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0 || return
}

cd "$folder" || exit
build || exit
# The servers live in a process namespace of their own: when its first process ends, the kernel ends them all.
unshare --pid --fork --kill-child=KILL ip netns exec "$cloud" bash servers.sh
