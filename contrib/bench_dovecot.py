#!/usr/bin/env python3
"""CPU of four sign-ins beside curl, against Dovecot with Microsoft's names and a certificate of RSA-2048.

Two mailboxes, one fetched by IMAP and one by POP3, and SMTP for both. In: the path of a release build. Out: a table of 15 pairs.
Nothing is asserted and the exit code is 0. Needs dovecot (IMAP, POP3, submission), openssl, curl, and root, as Dovecot does.
Everything happens on loopback; the names come from the lab's DNS server.
"""

import base64
import json
import os
import shutil
import signal
import socket
import socketserver
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from bench import Lab, verdict
from bench_peers import PAIRS, timed

SERVERS = Path(__file__).parent.parent / "tests/peers/foreign/servers"
MAILBOXES = {"imap": "sales@fabrikam.com", "pop3": "support@fabrikam.com"}
GOAL = 0.5
SERVICES = {"imap": ("outlook.office365.com", "993", 39931), "pop3": ("outlook.office365.com", "995", 39951),
            "smtp": ("smtp.office365.com", "587", 35871)}
RELAY_PORT = 35251


def main():
    program = str(Path(sys.argv[1] if len(sys.argv) > 1 else "target/release/ece-check").resolve())
    missing = [peer for peer in ("dovecot", "openssl", "curl") if not shutil.which(peer)]
    if missing or not os.access(program, os.X_OK) or os.getuid() != 0:
        sys.exit(f"needs {' '.join(missing) or program} and root")
    with tempfile.TemporaryDirectory(prefix="ece-check-bench-") as folder:
        folder = Path(folder)
        folder.chmod(0o755)  # the server gives up root
        certificate(folder)
        with Relay(), Dovecot(folder), Lab(program, 0) as lab:
            sign_ins(program, folder, lab)


def sign_ins(program, folder, lab):
    tokens = {protocol: access_token(mailbox, folder) for protocol, mailbox in MAILBOXES.items()}
    script = folder / "curls"
    script.write_text("".join(f"{line}\n" for line in curls(folder, tokens)))
    curl = ["bash", "-e", script]
    if subprocess.run(curl, stdout=subprocess.DEVNULL, env=os.environ).returncode:
        sys.exit("curl could not sign in to Dovecot")
    environment = {**os.environ, **{f"TOKEN_{protocol}": token for protocol, token in tokens.items()}}
    command = run(program, folder, lab)
    ran = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=folder, env=environment)
    report = json.loads(ran.stdout)
    signed_in = [(finding["check"], finding["status"]) for finding in report["findings"] if finding["check"].endswith(".sign-in")
                 and finding["status"] != "skip"]
    if [status for _, status in signed_in] != ["pass"] * 4:
        sys.exit(f"the run did not sign in four times: {signed_in}")
    taken = [(timed(curl, folder, environment, 0), timed(command, folder, environment, ran.returncode)) for _ in range(PAIRS)]
    ratios = [mine[1] / theirs[1] for theirs, mine in taken]
    ratio = statistics.median(ratios)
    print(f"Four sign-ins over three protocols, Dovecot, RSA-2048: 4 curls, one shell, against one run, {PAIRS} pairs  (CPU ms)")
    print(f"  {'':42} {'before':>9} {'now':>9} {'curl':>9} {'ratio':>9}")
    print(f"  {'ece-check run, which judges and reports':42} {'as curl':>9} {statistics.median(mine[1] for _, mine in taken):9.0f} "
          f"{statistics.median(theirs[1] for theirs, _ in taken):9.0f} {ratio:9.2f}  ({min(ratios):.2f} to {max(ratios):.2f})  "
          f"goal {GOAL}: {verdict(ratio <= GOAL)}")
    print(f"  {', '.join(f'{check} {status}' for check, status in sorted(signed_in))}\n")


def run(program, folder, lab):
    accounts = "".join(
        f'[[account]]\nname = "{protocol}"\nsigns_in_as = "{mailbox}"\nmailboxes = ["{mailbox}"]\n'
        f'access_token = {{ env = "TOKEN_{protocol}" }}\ninbound = "{protocol}"\n' for protocol, mailbox in MAILBOXES.items())
    site = folder / "site.toml"
    site.write_text(f'[entra]\ntenant = "fabrikam.onmicrosoft.com"\nclient_id = "6731de76-14a6-49ae-97bc-6eba6914391e"\n{accounts}')
    authorities = folder / "authorities.pem"
    authorities.write_text((folder / "root.pem").read_text() + Path(lab.ca_file).read_text())
    rules = [f"{name}:{port}:127.0.0.1:{to}" for name, port, to in SERVICES.values()]
    rules += [rule for rule in lab.connect_to if not any(rule.startswith(f"{name}:{port}:") for name, port, _ in SERVICES.values())]
    return [program, "run", "-c", site, "--dns-server", lab.dns_server, "--ca-file", authorities, "--no-proxy", "-o", "json",
            "--only", "imap.sign-in,pop3.sign-in,smtp.sign-in", *(word for rule in rules for word in ("--connect-to", rule))]


def curls(folder, tokens):
    to = {protocol: f"--connect-to {name}:{port}:127.0.0.1:{place}" for protocol, (name, port, place) in SERVICES.items()}
    asked = {"imap": "-X 'EXAMINE INBOX' imaps://outlook.office365.com/", "pop3": "pop3s://outlook.office365.com/",
             "smtp": "--ssl-reqd -X NOOP smtp://smtp.office365.com:587"}
    return [f"curl -sS --noproxy '*' --max-time 20 -o /dev/null --cacert {folder}/root.pem --oauth2-bearer {tokens[protocol]} "
            f"--user {mailbox}: {to[service]} {asked[service]}"
            for protocol, mailbox in MAILBOXES.items() for service in (protocol, "smtp")]


# The server ----------------------------------------------------------------------------------------------------------


class Dovecot:
    """Dovecot for as long as the block lasts, from the template of the tests."""

    def __init__(self, folder):
        self.folder = folder

    def __enter__(self):
        values = {"folder": self.folder, "name": "bench", "listen": "127.0.0.1", "certificate": "server", "mechanisms": "xoauth2",
                  **{protocol: port for protocol, (_, _, port) in SERVICES.items() if protocol != "smtp"},
                  "submission": SERVICES["smtp"][2]}
        for name in ("dovecot.conf", "oauth2.conf", "introspection.conf"):
            text = (SERVERS / name).read_text()
            for key, value in values.items():
                text = text.replace(f"@{key}@", str(value))
            (self.folder / name).write_text(text)
        with open(self.folder / "dovecot.conf", "a") as config:
            config.write(f"submission_relay_port = {RELAY_PORT}\n")
        key = self.folder / "keys/default/RS256/default"
        key.parent.mkdir(parents=True)
        quietly(["openssl", "pkey", "-in", self.folder / "root.key", "-pubout", "-out", key])
        mail = self.folder / "mail"
        mail.mkdir()
        shutil.chown(mail, "nobody", "nogroup")
        taken = [port for _, _, port in SERVICES.values() if is_open(port)]
        if taken:
            sys.exit(f"something else listens on {taken}")
        self.process = subprocess.Popen(["dovecot", "-F", "-c", self.folder / "dovecot.conf"],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if not all(self.waited_for(port) for _, _, port in SERVICES.values()):
            self.__exit__()
            sys.exit("dovecot did not start")

    def waited_for(self, port):
        for _ in range(100):
            if self.process.poll() is not None:
                return False
            if is_open(port):
                return True
            time.sleep(0.05)
        return False

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(10)


def is_open(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


class Relay:
    """The server that Dovecot hands mail on to: it is asked for its extensions, and no mail comes."""

    class Handler(socketserver.StreamRequestHandler):
        timeout = 20

        def handle(self):
            self.wfile.write(b"220 relay.contoso.example\r\n")
            for line in self.rfile:
                is_end = line.upper().startswith(b"QUIT")
                self.wfile.write(b"221 2.0.0 bye\r\n" if is_end else b"250 relay.contoso.example\r\n")
                if is_end:
                    return

    def __enter__(self):
        socketserver.ThreadingTCPServer.allow_reuse_address = True
        socketserver.ThreadingTCPServer.daemon_threads = True
        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", RELAY_PORT), self.Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def certificate(folder):
    """A root and a leaf with the names of the services, both RSA-2048 as Microsoft's are."""
    names = ",".join(f"DNS:{name}" for name in sorted({name for name, _, _ in SERVICES.values()}))
    make = "openssl req -x509 -newkey rsa:2048 -noenc -days 30".split()
    quietly([*make, "-subj", "/O=DigiCert Inc/CN=Root of the benchmark", "-keyout", folder / "root.key",
                           "-out", folder / "root.pem"])
    quietly([*make, "-subj", "/O=Microsoft Corporation/CN=outlook.com", "-addext", f"subjectAltName={names}",
                           "-addext", "basicConstraints=critical,CA:FALSE", "-addext", "extendedKeyUsage=serverAuth",
                           "-CA", folder / "root.pem", "-CAkey", folder / "root.key", "-keyout", folder / "server.key",
                           "-out", folder / "server.pem"])


def quietly(command):
    """What the command says is shown only when it fails."""
    ended = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if ended.returncode:
        sys.exit(ended.stdout)


def access_token(mailbox, folder):
    """A JWT (RFC 7519) with the claims that Entra gives and the same kind of signature, which Dovecot checks by itself."""
    made = int(time.time()) - 60
    claims = {"aud": "https://outlook.office.com", "ver": "1.0",
              "iss": "https://sts.windows.net/72f988bf-86f1-41af-91ab-2d7cd011db47/", "iat": made,
              "nbf": made, "exp": made + 75 * 60, "sub": mailbox, "upn": mailbox, "unique_name": mailbox,
              "scp": "IMAP.AccessAsUser.All POP.AccessAsUser.All SMTP.Send"}
    signed = ".".join(coded(json.dumps(part).encode()) for part in ({"typ": "JWT", "alg": "RS256"}, claims))
    sign = ["openssl", "dgst", "-sha256", "-sign", folder / "root.key"]
    return f"{signed}.{coded(subprocess.run(sign, input=signed.encode(), stdout=subprocess.PIPE, check=True).stdout)}"


def coded(part):
    return base64.urlsafe_b64encode(part).decode().rstrip("=")


if __name__ == "__main__":
    main()
