#!/usr/bin/env python3
"""Times and sizes of ece-check beside curl and openssl, taken in the same run on the same machine.

In: the path of a release build. Out: small tables. A goal that is missed is marked; nothing is asserted and the exit
code is 0. Everything happens on loopback, against the lab that the program itself carries.
"""

import itertools
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import tomllib
from pathlib import Path

LATENCY_MS = 40
STARTS = 40
RUNS = 5
AT_ONCE = 16
MAILBOXES = 500
ACCOUNTS = 10
BEFORE_MB = 10.9
ROOT = Path(__file__).parent.parent


def main():
    program = str(Path(sys.argv[1] if len(sys.argv) > 1 else "target/release/ece-check").resolve())
    missing = [peer for peer in ("curl", "openssl", "xargs") if not shutil.which(peer)]
    if missing or not os.access(program, os.X_OK):
        sys.exit(f"needs {' '.join(missing) or program}")
    versions = [called(program, "--version"), called("curl", "--version"), called("openssl", "version")]
    print(f"{versions[0]} beside {versions[1]} and {versions[2]}, {os.cpu_count()} cores\n")
    with tempfile.TemporaryDirectory(prefix="ece-check-bench-") as folder:
        start_up(program)
        waiting(program)
        for latency in (0, LATENCY_MS):
            same_connections(program, latency, Path(folder))
        many_mailboxes(program, Path(folder))
        sizes(program)


def called(*command):
    """Name and version."""
    return " ".join(subprocess.check_output(command, text=True).split()[:2])


# What is measured ----------------------------------------------------------------------------------------------------


def start_up(program):
    commands = {
        "openssl version": ["openssl", "version"],
        "curl --version": ["curl", "--version"],
        "ece-check --version": [program, "--version"],
        "ece-check list": [program, "list"],
    }
    taken = {name: [] for name in commands}
    for _ in range(STARTS):  # in turn, so that a busy moment hits all of them
        for name, command in commands.items():
            taken[name].append(measure(command))
    rows = [(name, taken[name]) for name in commands]
    slowest_peer = max(wall(taken[name]) for name in ("openssl version", "curl --version"))
    table("Start-up", f"median of {STARTS}", rows, slowest_peer, "the slower peer", 1.0, ("ece-check --version",))


def waiting(program):
    """How much longer a run takes than its longest chain of looks, of which each had to wait for the one before."""
    ratios = []
    for _ in range(RUNS):
        command = [program, "run", "--lab", "--lab-latency", f"{LATENCY_MS}ms", "-o", "json"]
        report = json.loads(subprocess.check_output(command, stderr=subprocess.DEVNULL))
        chain, subject = longest_chain(report)
        ratios.append((report["run"]["duration_ms"] / chain, report["run"]["duration_ms"], chain, subject))
    ratio, run, chain, subject = sorted(ratios)[len(ratios) // 2]
    print(f"Waiting: every reply {LATENCY_MS} ms late, median of {RUNS}")
    print(f"  whole run               {run:8.0f} ms")
    print(f"  longest chain of looks  {chain:8.0f} ms   up to {subject}")
    print(f"  ratio                   {ratio:8.2f}      goal 1.25 or less: {verdict(ratio <= 1.25)}\n")


def longest_chain(report):
    """Name, then service; login service, then token; a sign-in waits for its service and for its account's token."""
    looks = report["looks"]
    accounts = {finding["look"]: finding["account"] for finding in report["findings"] if finding["look"] is not None}
    names = {look["subject"]: look["duration_ms"] for look in looks if look["probe"] == "dns"}
    services, tokens, ends = {}, {}, []
    for look in looks:
        if look["paths"] and "@" not in look["subject"]:
            until = names.get(host(look["subject"]), 0) + look["duration_ms"]
            services[look["probe"]] = max(until, services.get(look["probe"], 0))
            ends.append((until, look["subject"]))
    login = next(look for look in looks if look["subject"] == "login.microsoftonline.com:443")
    for look in (look for look in looks if look["probe"] == "token"):
        tokens[look["subject"]] = names[host(login["subject"])] + login["duration_ms"] + look["duration_ms"]
    for at, look in enumerate(looks):
        if "@" in look["subject"]:
            before = max(services.get(look["probe"], 0), tokens.get(accounts.get(at), 0))
            ends.append((before + look["duration_ms"], f"{look['probe']} {look['subject']}"))
    return max(ends)


def same_connections(program, latency, folder):
    with Lab(program, latency) as lab:
        run = [program, "run", "--dns-server", lab.dns_server, "--ca-file", lab.ca_file, "-o", "json"]
        run += [word for rule in lab.connect_to for word in ("--connect-to", rule)]
        connections = connections_of(run, folder)
        script = folder / "connections"
        script.write_text("".join(f"{peer_command(*connection, lab.ca_file)}\n" for connection in connections))
        at_once = ["xargs", "-a", script, "-d", "\\n", "-P", str(AT_ONCE), "-I", "{}", "bash", "-c", "{}"]
        peers = {"one after the other": ["bash", script], f"{AT_ONCE} at once (xargs -P)": at_once}
        good = sum("XOAUTH2" in line or "HTTP/1.1 " in line for line in answers(script))
        rows = [(f"curl, s_client: {name}", [measure(command) for _ in range(RUNS if latency == 0 else 1)])
                for name, command in peers.items()]
        rows.append(("ece-check run", [measure(run, folder) for _ in range(RUNS)]))
        peaks = [peak_memory(command, folder) for command in (*peers.values(), run)]
    title = f"The same {len(connections)} connections, every reply {latency} ms late"
    said = f"peers were answered on {good} of {len(connections)}; ece-check asks DNS, judges and reports too"
    table(title, said, rows, wall(rows[1][1]), "the second row", 1.0, ("ece-check run",), peaks)


def many_mailboxes(program, folder):
    """Every mailbox over IMAP and its sender over SMTP, by one run and by a curl for each."""
    signs_in = ["--only", "imap.sign-in,smtp.sign-in"]
    rows, came_in = [], []
    for name, peer in (("curl", curl_sign_ins), ("ece-check run, sign-ins", signs_in), ("ece-check run, all checks", [])):
        with Lab(program, 0, "--mailboxes", str(MAILBOXES), "--accounts", str(ACCOUNTS), "--counts") as lab:
            command = peer(lab, folder) if callable(peer) else [*lab.run(folder), *peer, "-o", "json"]
            rows.append((name, *measure_whole(command, folder, {**os.environ, **lab.environment})))
        came_in.append(lab.counts)
    print(f"{MAILBOXES} mailboxes of {ACCOUNTS} shared accounts, IMAP and SMTP sign-in each, one run")
    print(f"  {'':42} {'wall ms':>9} {'CPU ms':>9} {'peak MB':>9} {'CPU ratio':>9}")
    for name, wall_ms, cpu_ms, peak in rows:
        print(f"  {name:42} {wall_ms:9.0f} {cpu_ms:9.0f} {peak:9.1f} {cpu_ms / rows[0][2]:9.3f}")
    for (name, *_), counts in zip(rows, came_in):
        said = ", ".join(f"{protocol} {times}" for protocol, times in counts["sign_ins"].items())
        crowd = ", ".join(f"{protocol} {most}" for protocol, most in counts["most_sessions_of_a_mailbox"].items())
        print(f"  {name + ': sign-ins':42} {said}; refused {sum(counts['refused'].values())}; "
              f"at once in one mailbox: {crowd}")
    _, _, cpu_ms, peak = rows[1]
    crowded = any(most > (2 if protocol == "smtp" else 1) for counts in came_in[1:]
                  for protocol, most in counts["most_sessions_of_a_mailbox"].items())
    print(f"  goals: a fifth of curl's CPU: {verdict(cpu_ms <= rows[0][2] / 5)}; "
          f"64 MB: {verdict(max(row[3] for row in rows[1:]) <= 64)}; "
          f"two sessions of a sender, one of a mailbox: {verdict(not crowded)}\n")


def curl_sign_ins(lab, folder):
    """A curl for each sign-in, as a script would do it; senders in turn, so that none is crowded."""
    lab.find(folder)
    accounts = [account for account in tomllib.loads(lab.deployment)["account"] if account["inbound"] == "imap"]
    tokens = {account["name"]: lab.access_token(account) for account in accounts}
    rounds = itertools.zip_longest(*([(account, mailbox) for mailbox in account["mailboxes"]] for account in accounts))
    lines = []
    for account, mailbox in (pair for turn in rounds for pair in turn if pair):
        shared = f"-sS -o /dev/null --cacert {lab.ca_file} --oauth2-bearer {tokens[account['name']]}"
        imap, smtp = lab.places["outlook.office365.com", "993"], lab.places["smtp.office365.com", "587"]
        lines.append(f"{shared} {imap} --user {mailbox}: -X 'EXAMINE INBOX' imaps://outlook.office365.com/")
        sender = f"--user {account['signs_in_as']}: --ssl-reqd"
        lines.append(f"{shared} {smtp} {sender} -X NOOP smtp://smtp.office365.com:587")
    (folder / "sign-ins").write_text("".join(f"{line}\n" for line in lines))
    return ["xargs", "-a", folder / "sign-ins", "-L", "1", "-P", str(AT_ONCE), "curl"]


def sizes(program):
    print("Size on disk")
    print(f"  {'ece-check, with its checks and its lab':42} {os.path.getsize(program) / 1e6:6.1f} MB")
    for peer in ("curl", "openssl"):
        files = [shutil.which(peer), *libraries(shutil.which(peer))]
        total = sum(os.path.getsize(os.path.realpath(file)) for file in files)
        print(f"  {peer + ', with its ' + str(len(files) - 1) + ' shared libraries':42} {total / 1e6:6.1f} MB")
        if peer == "curl":
            is_smaller = os.path.getsize(program) <= total
    print(f"  goal: one file, smaller than curl with what it needs: {verdict(is_smaller)}; "
          f"shared libraries beside it: {len(libraries(program))}")
    given_away(program)


def given_away(program):
    """The programs for other systems. Their builds are long, so what was built last is measured, and its age is told."""
    targets = Path(program).parent.parent
    files = [file for folder in ("src", "checks") for file in (ROOT / folder).rglob("*.*")]
    sources = max(file.stat().st_mtime for file in [*files, *(ROOT / name for name in ("Cargo.toml", "Cargo.lock", "build.rs"))])
    print(f"  {'':42} {'before':>9} {'now':>9} {'ratio':>9}  (MB; goal 11 or less)")
    for name, file, how in (("ece-check", Path(program), "build"),
                            ("ece-check.exe for Windows", targets / "x86_64-pc-windows-gnu/release/ece-check.exe", "windows-exe"),
                            ("ece-check, Linux, static", targets / "x86_64-unknown-linux-musl/release/ece-check", "linux-static")):
        if not file.exists():
            print(f"  {name:42} {BEFORE_MB:9} {'not built: make ' + how:>9}")
            continue
        size = file.stat().st_size / 1e6
        age = "" if file.stat().st_mtime >= sources else f"; older than the sources: make {how}"
        print(f"  {name:42} {BEFORE_MB:9} {size:9.1f} {size / BEFORE_MB:9.2f}  {verdict(size <= 11)}{age}")


# How it is measured --------------------------------------------------------------------------------------------------


def measure(command, folder=None):
    """Wall and CPU time in ms of a command with its children."""
    with open(os.devnull, "r+b") as null:
        began = time.perf_counter()
        child = subprocess.Popen(command, stdin=null, stdout=null, stderr=null, cwd=folder)
        _, _, used = os.wait4(child.pid, 0)
        child.returncode = 0
        return (time.perf_counter() - began) * 1000, (used.ru_utime + used.ru_stime) * 1000


def measure_whole(command, folder, environment):
    """Wall and CPU time in ms and the most memory in MB of one run, with its children."""
    with open(os.devnull, "r+b") as null:
        began, peak = time.perf_counter(), 0
        child = subprocess.Popen(command, stdin=null, stdout=null, stderr=null, cwd=folder, env=environment)
        while True:
            ended, _, used = os.wait4(child.pid, os.WNOHANG)
            if ended:
                break
            peak = max(peak, sum(private_memory(process) for process in family(child.pid)))
            time.sleep(0.005)
        child.returncode = 0
        wall_ms, cpu_ms = (time.perf_counter() - began) * 1000, (used.ru_utime + used.ru_stime) * 1000
        return wall_ms, cpu_ms, peak / 1e6


def peak_memory(command, folder=None):
    """The most memory in MB that a command and its children held at one moment, seen every 2 ms in a run of its own.

    What the kernel reports at the end (ru_maxrss) counts this script too, out of which the command was started.
    """
    with open(os.devnull, "r+b") as null:
        child = subprocess.Popen(command, stdin=null, stdout=null, stderr=null, cwd=folder)
        peak = 0
        while child.poll() is None:
            peak = max(peak, sum(private_memory(process) for process in family(child.pid)))
            time.sleep(0.002)
        return peak / 1e6


def family(process):
    try:
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    except OSError:
        children = []
    return [process, *(one for child in children for one in family(int(child)))]


def private_memory(process):
    """Resident and not shared with a file: shared libraries, which several processes map, do not count."""
    try:
        _, resident, shared, *_ = Path(f"/proc/{process}/statm").read_text().split()
    except OSError:
        return 0
    return (int(resident) - int(shared)) * os.sysconf("SC_PAGE_SIZE")


def wall(taken):
    return statistics.median(one[0] for one in taken)


def table(title, said, rows, base, base_name, goal, judged, peaks=()):
    print(f"{title}\n  ({said})")
    print(f"  {'':42} {'wall ms':>9} {'CPU ms':>9} {'peak MB' if peaks else '':>9} {'ratio':>7}")
    for at, (name, taken) in enumerate(rows):
        columns = [statistics.median(column) for column in zip(*taken)]
        ratio = columns[0] / base
        peak = f"{peaks[at]:.1f}" if peaks else ""
        mark = f"  goal {goal:g} or less: {verdict(ratio <= goal)}" if name in judged else ""
        print(f"  {name:42} {columns[0]:9.1f} {columns[1]:9.1f} {peak:>9} {ratio:7.2f}{mark}")
    print(f"  ratio: wall time to that of {base_name}\n")


def verdict(met):
    return "met" if met else "MISSED"


class Lab:
    """`ece-check lab` for as long as the block lasts."""

    def __init__(self, program, latency, *more):
        self.program = program
        self.command = [program, "lab", "--lab-latency", f"{latency}ms", "-o", "json", *more]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True)
        text = ""
        while not text.endswith("\n}\n"):
            line = self.process.stdout.readline()
            if not line:
                sys.exit("the lab did not start")
            text += line
        reach = json.loads(text)
        self.dns_server, self.ca_file, self.connect_to = reach["dns_server"], reach["ca_file"], reach["connect_to"]
        self.deployment, self.environment = reach["deployment"], reach["environment"]
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)
        said, _ = self.process.communicate()
        self.counts = json.loads(said) if said else {}

    def run(self, folder):
        """A run on the tenant's own file. The tokens come by the environment."""
        file = folder / "deployment.toml"
        file.write_text(self.deployment)
        command = [self.program, "run", "-c", file, "--dns-server", self.dns_server, "--ca-file", self.ca_file]
        return command + [word for rule in self.connect_to for word in ("--connect-to", rule)]

    def find(self, folder):
        """Where a run finds each of the servers, as curl wants it to be said."""
        run = [self.program, "run", "--dns-server", self.dns_server, "--ca-file", self.ca_file, "-o", "json"]
        run += [word for rule in self.connect_to for word in ("--connect-to", rule)]
        self.places = {(name, port): f"--connect-to {name}:{port}:{to}" for name, port, to in connections_of(run, folder)}

    def access_token(self, account):
        """An access token for the account's refresh token, asked for as ECE does."""
        file, login = tomllib.loads(self.deployment)["entra"], "login.microsoftonline.com"
        asked = {
            "grant_type": "refresh_token",
            "client_id": file["client_id"],
            "client_secret": self.environment[file["client_secret"]["env"]],
            "refresh_token": self.environment[account["refresh_token"]["env"]],
            "scope": "https://outlook.office.com/IMAP.AccessAsUser.All https://outlook.office.com/SMTP.Send",
        }
        fields = [word for name, value in asked.items() for word in ("--data-urlencode", f"{name}={value}")]
        command = ["curl", "-sS", "--cacert", self.ca_file, *self.places[login, "443"].split(), *fields]
        answer = subprocess.check_output([*command, f"https://{login}/{file['tenant']}/oauth2/v2.0/token"])
        return json.loads(answer)["access_token"]


def connections_of(run, folder):
    """Host, port and place on loopback of every connection that a run makes."""
    report = json.loads(subprocess.check_output(run, stderr=subprocess.DEVNULL, cwd=folder))
    paths = [(look, path) for look in report["looks"] for path in look["paths"]]
    return [(host(look["subject"]), look["subject"].rsplit(":", 1)[1], path["dialled"]) for look, path in paths]


def peer_command(name, port, place, ca_file):
    """The same conversation with other people's tools: connect, encrypt, verify, read what is offered, leave."""
    if port == "443":
        to = f"--connect-to {name}:443:{place}"
        shown = "-sS -o /dev/null -w 'HTTP/1.1 %{http_code}\\n'"
        return f"curl {shown} --http1.1 {to} --cacert {ca_file} https://{name}/"
    said = {"587": ["EHLO bench.example", "QUIT"], "993": ["a CAPABILITY", "b LOGOUT"], "995": ["CAPA", "QUIT"]}[port]
    lines = " ".join(f"'{line}'" for line in said)
    starttls = "-starttls smtp" if port == "587" else ""
    verify = f"-servername {name} -CAfile {ca_file} -verify_return_error -verify_hostname {name}"
    return f"printf '%s\\r\\n' {lines} | openssl s_client -quiet {starttls} -connect {place} {verify} 2>/dev/null"


def answers(script):
    lines = script.read_text().splitlines()
    return [subprocess.run(["bash", "-c", line], stdout=subprocess.PIPE, text=True).stdout for line in lines]


def libraries(program):
    listed = subprocess.run(["ldd", program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    return [line.split("=>")[1].split()[0] for line in listed.splitlines() if "=> /" in line]


def host(subject):
    return subject.rsplit(":", 1)[0]


if __name__ == "__main__":
    main()
