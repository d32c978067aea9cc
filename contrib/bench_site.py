#!/usr/bin/env python3
"""Memory, growth and round trips of whole runs against the built-in tenant, and memory of long lists and reports.

In: the path of a release build. Out: tables of what a figure was before (commit d955bd1), is now, its goal, and for a peer
where there is one. Nothing is asserted and the exit code is 0. Everything happens on loopback.
"""

import json
import math
import multiprocessing
import os
import re
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

from bench import Lab, verdict

FEW, MANY = 500, 5_000
ACCOUNTS = 10
USERS = 100_000
FAILING = "smtp-auth-disabled-tenant"
WAYS = 50
TEXTS = Path(__file__).parent.parent / "tests/all/accuracy"


def main():
    program = str(Path(sys.argv[1] if len(sys.argv) > 1 else "target/release/ece-check").resolve())
    if not os.access(program, os.X_OK):
        sys.exit(f"needs {program}")
    with tempfile.TemporaryDirectory(prefix="ece-check-bench-") as folder:
        folder = Path(folder)
        round_trips(program, folder)
        sites(program, folder)
        lists(program, folder)


# Round trips ---------------------------------------------------------------------------------------------------------


def round_trips(program, folder):
    with Lab(program, 0, "--mailboxes", "2", "--accounts", "1", "--counts") as lab:
        spent([*lab.run(folder), "-o", "json"], lab.environment)
    print("Round trips of the longest connection, counted by the server, with the one that connects")
    print(f"  {'':42} {'before':>9} {'now':>9} {'goal':>9}")
    for name, port, before, goal in (("SMTP", 587, 18 + 2, 11 + 1), ("IMAP", 993, 9 + 2, 6 + 1), ("POP3", 995, 10 + 2, 7 + 1)):
        now = lab.counts["round_trips"].get(str(port))
        if now is not None:
            print(f"  {name:42} {before:9} {now + 1:9} {goal:9}  {verdict(now + 1 <= goal)}")
    print()


# Runs ----------------------------------------------------------------------------------------------------------------


def sites(program, folder):
    print(f"A run of {FEW} and of {MANY} mailboxes, all checks  (CPU of run with its report; peak memory of the larger)")
    print(f"  {'':34} {'CPU s':>15} {'exponent':>9} {'peak MB':>9} {'before':>7} {'goal':>5}")
    for name, faults, before, goal in (("healthy", [], 273, 64), ("all failing alike", [FAILING], 477, 128)):
        taken = []
        for count in (FEW, MANY):
            report = folder / f"report-{count}.json"
            lab_options = ["--mailboxes", str(count), "--accounts", str(ACCOUNTS)]
            lab_options += [word for fault in faults for word in ("--fault", fault)]
            with Lab(program, 0, *lab_options) as lab:
                taken.append(spent([*lab.run(folder), "--deadline", "600s", "-o", "json"], lab.environment, report))
        (few, _), (many, peak) = taken
        exponent = math.log(many / few, MANY / FEW)
        met = verdict(exponent <= 1.1 and peak <= goal)
        print(f"  {name:34} {few:6.2f} {many:8.2f} {exponent:9.2f} {peak:9.0f} {before:7} {goal:5}  {met}")
        saved(program, report)
    # by another process: the peak of a child counts what its parent holds when it is started
    with multiprocessing.Pool(1) as other:
        has_ways = other.apply(fail_in_many_ways, (folder,))
    if has_ways:
        print(f"  failing in {WAYS} ways: the same reports, each refusal with other words")
        saved(program, report)
    print()


def fail_in_many_ways(folder):
    """Gives the refusals of both reports one of so many texts that real servers have sent."""
    refusal = re.compile(r"\b([45]\d\d)[ -]([45]\.\d{1,3}\.\d{1,3}) [^\n\"]{10,200}")
    texts = [json.loads(line)["text"] for file in sorted(TEXTS.glob("*.jsonl")) for line in open(file)]
    found = list(dict.fromkeys(match[0] for match in map(refusal.search, texts) if match))[:WAYS]
    if len(found) < WAYS:
        print(f"  failing in {WAYS} ways: {TEXTS} has only {len(found)} refusals")
        return False
    for count in (FEW, MANY):
        path = folder / f"report-{count}.json"
        report = json.loads(path.read_text())
        stops = [attempt["stop"] for look in report["looks"] for attempt in look.get("paths", []) if attempt.get("stop")]
        for number, stop in enumerate(stops):
            words = found[number % WAYS]
            match = refusal.match(words)
            stop.update(words=words, code=int(match[1]), enhanced=match[2])
        path.write_text(json.dumps(report, indent=2))
    return True


def saved(program, report):
    """What is done with a report that is there already: growth without the waiting of a run."""
    size = report.stat().st_size / 1e6
    for name, words in (("judge", ["judge", report]), ("report -o text", ["report", report]),
                        ("report -o html", ["report", report, "-o", "html"])):
        small = spent([program, *words[:1], report.with_name(f"report-{FEW}.json"), *words[2:]], {})[0]
        large, peak = spent([program, *words], {})
        exponent = math.log(large / small, MANY / FEW)
        goal = 256 * max(size / 100, 0.5)
        print(f"    {name + f' of its report ({size:.0f} MB)':32} {small:6.2f} {large:8.2f} {exponent:9.2f} {peak:9.0f} {'':7} "
              f"{goal:5.0f}  {verdict(exponent <= 1.1 and peak <= goal)}")
    lines = subprocess.run([program, "report", report], stdout=subprocess.PIPE, text=True).stdout.splitlines()
    print(f"    its text report: {len(lines)} lines, the longest {max(map(len, lines))} characters")


# Lists ---------------------------------------------------------------------------------------------------------------


def lists(program, folder):
    names = [f"user{number:06}" for number in range(USERS)]
    with open(folder / "users.csv", "w") as users:
        users.write("userPrincipalName,displayName,surname,mail,givenName,id,userType,jobTitle,department,accountEnabled,"
                    "usageLocation,streetAddress,state,country,officeLocation,city,postalCode,telephoneNumber,mobilePhone,"
                    "alternateEmailAddress,ageGroup,consentProvidedForMinor,legalAgeGroupClassification,companyName,"
                    "creationType,directorySynced,invitationState,identityIssuer,createdDateTime\n")
        for number, name in enumerate(names):
            users.write(f"{name}@fabrikam.com,{name},{name},{name}@fabrikam.com,{name},{uuid.UUID(int=number)},Member,Agent,"
                        f"Service,True,DE,,,Germany,,Berlin,10115,,,,,,,Fabrikam,,True,,fabrikam.com,2024-01-01T08:00:00Z\n")
    with open(folder / "hub.csv", "w") as hub:
        hub.write("First Name,Last Name,Display Name,User ID/Email (Required),User Status,Directory Number,Location,"
                  "Webex Contact Center Enabled\n")
        for name in names:
            hub.write(f"{name},{name},{name},{name}@fabrikam.com,Active,,Berlin,FALSE\n")
    site = folder / "webex.toml"
    site.write_text('[webex]\nintegration = "gallery"\n')
    command = [program, "run", "-c", site, "--only", "webex.user-names", "--evidence", folder / "users.csv",
               "--evidence", folder / "hub.csv", "-o", "json", "--no-proxy"]
    began = time.perf_counter()
    cpu, peak = spent(command, {})
    wall = time.perf_counter() - began
    print(f"Users of Entra ID against users of Control Hub, {USERS:,} each  (goal 2 s and 200 MB)")
    print(f"  {'ece-check run --only webex.user-names':42} {wall:6.2f} s, CPU {cpu:5.2f} s, {peak:6.0f} MB  "
          f"{verdict(wall <= 2 and peak <= 200)}\n")


# How it is measured --------------------------------------------------------------------------------------------------


def spent(command, environment, output=os.devnull):
    """Seconds of CPU and the most memory in MB of one process. The kernel counts what this script holds as the least, some 30 MB."""
    with open(os.devnull, "rb") as null, open(output, "wb") as out:
        child = subprocess.Popen(list(map(str, command)), stdin=null, stdout=out, stderr=null,
                                 env={**os.environ, **environment})
        _, _, used = os.wait4(child.pid, 0)
        child.returncode = 0
    return max(used.ru_utime + used.ru_stime, 1e-3), used.ru_maxrss / 1024


if __name__ == "__main__":
    main()
