#!/usr/bin/env python3
"""The connections of a run, and the sign-ins of one mailbox, beside programs of the same kind.

In: the path of a release build. Out: tables. Nothing is asserted and the exit code is 0. Everything happens on loopback, against
the built-in tenant. The programs are those of Debian: blackbox_exporter, monitoring-plugins, swaks, openssl and curl; one that
is missing is left out and named.
"""

import os
import shlex
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import tomllib
import urllib.request
from pathlib import Path

from bench import Lab, connections_of, measure, peer_command, verdict

PLUGINS = Path("/usr/lib/nagios/plugins")
PAIRS = 15


def main():
    program = str(Path(sys.argv[1] if len(sys.argv) > 1 else "target/release/ece-check").resolve())
    if not os.access(program, os.X_OK):
        sys.exit(f"needs {program}")
    with tempfile.TemporaryDirectory(prefix="ece-check-bench-") as folder:
        services(program, Path(folder))
        one_mailbox(program, Path(folder))


# Services ------------------------------------------------------------------------------------------------------------


def services(program, folder):
    with Lab(program, 0) as lab:
        run = [program, "run", "--dns-server", lab.dns_server, "--ca-file", lab.ca_file, "-o", "json"]
        run += [word for rule in lab.connect_to for word in ("--connect-to", rule)]
        connections = connections_of(run, folder)
        mail = [one for one in connections if one[1] != "443"]
        tools = {
            "curl, openssl s_client": [peer_command(*one, lab.ca_file) for one in connections],
            "monitoring-plugins, without verifying": [plugin(*one) for one in connections],
            "swaks (SMTP only)": [swaks(*one, lab.ca_file) for one in mail if one[1] == "587"],
        }
        rows = [(name, len(commands), *in_turn(commands, folder)) for name, commands in tools.items() if all(commands)]
        missing = [name for name, commands in tools.items() if not all(commands)]
        if shutil.which("prometheus-blackbox-exporter"):
            rows.append(("blackbox_exporter, one process", len(connections), *blackbox(connections, lab.ca_file, folder)))
        else:
            missing.append("blackbox_exporter")
        ours = [measure(run, folder) for _ in range(5)]
        rows.append(("ece-check run, which judges and reports", len(connections), len(connections),
                     *(statistics.median(column) for column in zip(*ours))))
    print("Each service, each address, by programs that probe services: connect, encrypt, read what is offered, leave")
    print(f"  {'':42} {'answered':>12} {'wall ms':>9} {'CPU ms':>9} {'CPU ms each':>12}")
    for name, number, good, wall, cpu in rows:
        print(f"  {name:42} {f'{good} of {number}':>12} {wall:9.0f} {cpu:9.0f} {cpu / number:12.2f}")
    print("".join(f"  missing: {name}\n" for name in missing))


def in_turn(commands, folder):
    """How many of the commands ended with 0 or a warning, and wall and CPU time in ms of all."""
    script = folder / "commands"
    script.write_text("".join(f"{{ {command}; }} >/dev/null 2>&1; case $? in 0|1) echo good;; esac\n" for command in commands))
    good = subprocess.run(["bash", script], stdout=subprocess.PIPE, text=True).stdout.count("good")
    taken = [measure(["bash", script]) for _ in range(3)]
    return good, *(statistics.median(column) for column in zip(*taken))


def plugin(name, port, place):
    """The plugin of the service; check_imap and check_pop speak TLS with -S, check_smtp STARTTLS."""
    address, at = place.rsplit(":", 1)
    tools = {"443": f"check_http -H {name} -I {address} -p {at} -S --sni -e HTTP/1.1", "587": f"check_smtp -H {address} -p {at} -S",
             "993": f"check_imap -H {address} -p {at} -S", "995": f"check_pop -H {address} -p {at} -S"}
    tool = tools[port]
    return f"{PLUGINS}/{tool}" if (PLUGINS / tool.split()[0]).exists() else None


def swaks(name, _, place, ca_file):
    address, at = place.rsplit(":", 1)
    words = f"--server {address} --port {at} --tls --tls-verify --tls-ca-path {ca_file} --tls-sni {name} --quit-after FIRST-EHLO"
    return f"swaks {words.replace('FIRST-EHLO', 'TLS')}" if shutil.which("swaks") else None


def blackbox(connections, ca_file, folder):
    """The exporter once, asked for each service in turn: its CPU from the first question on."""
    config, port = folder / "blackbox.yml", 19115
    config.write_text("modules:\n" + "".join(module(number, *one, ca_file) for number, one in enumerate(connections)))
    command = ["prometheus-blackbox-exporter", f"--config.file={config}", f"--web.listen-address=127.0.0.1:{port}"]
    exporter = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        waited_for(f"http://127.0.0.1:{port}/-/healthy")
        before, began = cpu_of(exporter.pid), time.perf_counter()
        pages = [fetched(f"http://127.0.0.1:{port}/probe?module=m{number}&target={target(*one)}")
                 for number, one in enumerate(connections)]
        wall = (time.perf_counter() - began) * 1000
        good = sum("probe_success 1" in page for page in pages)
        return good, wall, (cpu_of(exporter.pid) - before) * 1000
    finally:
        exporter.send_signal(signal.SIGTERM)
        exporter.wait()


def target(_, port, place):
    return f"https://{place}/" if port == "443" else place


def module(number, name, port, _, ca_file):
    tls = f"tls_config: {{ca_file: {ca_file}, server_name: {name}}}"
    if port == "443":
        return (f"  m{number}: {{prober: http, http: {{preferred_ip_protocol: ip4, follow_redirects: false, {tls}, "
                f"headers: {{Host: {name}}}, valid_status_codes: [200, 301, 302, 400, 401, 403, 404, 405]}}}}\n")
    spoken = {
        "587": '[{expect: "^220 "}, {send: "EHLO bench.example"}, {expect: "^250[ -]STARTTLS"}, {send: STARTTLS}, '
               '{expect: "^220"}, {starttls: true}, {send: "EHLO bench.example"}, {expect: "^250[ -]AUTH.*XOAUTH2"}, {send: QUIT}]',
        "993": '[{expect: "^. OK"}, {send: "a CAPABILITY"}, {expect: "AUTH=XOAUTH2"}, {send: "b LOGOUT"}]',
        "995": '[{expect: "^.OK"}, {send: CAPA}, {expect: "SASL.*XOAUTH2"}, {send: QUIT}]',
    }[port]
    encrypted = "false" if port == "587" else "true"
    return (f"  m{number}: {{prober: tcp, tcp: {{preferred_ip_protocol: ip4, tls: {encrypted}, {tls}, "
            f"query_response: {spoken}}}}}\n")


def waited_for(url):
    for _ in range(100):
        try:
            return fetched(url)
        except OSError:
            time.sleep(0.05)
    sys.exit("blackbox_exporter did not start")


def fetched(url):
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=20) as page:
        return page.read().decode()


def cpu_of(process):
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# One mailbox ---------------------------------------------------------------------------------------------------------


def one_mailbox(program, folder):
    """A token and three sign-ins, by one run and by a curl for each, in pairs; both sides against the same tenant."""
    with Lab(program, 0) as lab:
        lab.find(folder)
        deployment = tomllib.loads(lab.deployment)
        chosen = {account["inbound"]: account for account in reversed(deployment["account"])}
        names = sorted({account["mailboxes"][0] for account in chosen.values()})
        only = ["--only", "imap.sign-in,pop3.sign-in,smtp.sign-in", "--sample", str(len(names))]
        ours = [*lab.run(folder), *only, "-o", "json"]
        script = folder / "sign-ins-of-one"
        script.write_text("".join(f"{line}\n" for account in chosen.values() for line in by_curl(lab, account)))
        environment = {**os.environ, **lab.environment}
        taken = [(measure(["bash", script], folder), timed(ours, folder, environment)) for _ in range(PAIRS)]
    ratios = [mine[1] / theirs[1] for theirs, mine in taken]
    curls = len(script.read_text().splitlines())
    print(f"The sign-ins of one mailbox a protocol, with their tokens: {curls} curls against one run, {PAIRS} pairs  (CPU)")
    print(f"  curl {statistics.median(t[1] for t, _ in taken):.0f} ms, ece-check {statistics.median(m[1] for _, m in taken):.0f} ms, "
          f"ratio {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})  goal 0.5: "
          f"{verdict(statistics.median(ratios) <= 0.5)}\n")


def by_curl(lab, account):
    """The token of an account, and its first mailbox over the protocol that it fetches by, and over SMTP."""
    token, mailbox, user = lab.access_token(account), account["mailboxes"][0], account["signs_in_as"]
    shared = f"curl -sS --max-time 20 -o /dev/null --cacert {lab.ca_file} --oauth2-bearer {token}"
    place = lab.places.__getitem__
    login = f"curl -sS --max-time 20 -o /dev/null --cacert {lab.ca_file} {place(('login.microsoftonline.com', '443'))} -d grant_type=refresh_token"
    fetch = {
        "imap": f"{place(('outlook.office365.com', '993'))} --user {mailbox}: -X 'EXAMINE INBOX' imaps://outlook.office365.com/",
        "pop3": f"{place(('outlook.office365.com', '995'))} --user {mailbox}: pop3s://outlook.office365.com/",
    }[account["inbound"]]
    send = f"{place(('smtp.office365.com', '587'))} --user {user}: --ssl-reqd -X NOOP smtp://smtp.office365.com:587"
    return [f"{login} https://login.microsoftonline.com/common/oauth2/v2.0/token", f"{shared} {fetch}", f"{shared} {send}"]


def timed(command, folder, environment, code=None):
    """Wall and CPU time in ms with all children. Where an exit code is expected, another one ends the benchmark."""
    with open(os.devnull, "r+b") as null:
        began = time.perf_counter()
        child = subprocess.Popen(command, stdin=null, stdout=null, stderr=null, cwd=folder, env=environment)
        _, status, used = os.wait4(child.pid, 0)
        wall = (time.perf_counter() - began) * 1000
        child.returncode = os.waitstatus_to_exitcode(status)
        if code is not None and child.returncode != code:
            sys.exit(f"{command[0]} ended with {child.returncode}, not {code}")
        return wall, (used.ru_utime + used.ru_stime) * 1000


if __name__ == "__main__":
    main()
