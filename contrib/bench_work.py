#!/usr/bin/env python3
"""Instructions of a start, CPU for ten times as many mailboxes, and dense logs beside ripgrep.

In: the path of a release build. Out: tables of what a figure was before (commit d955bd1), is now, and is for a peer in the
same run. Nothing is asserted and the exit code is 0. Instructions are counted by callgrind, so that a busy machine makes no
difference; where valgrind is missing, that table is left out.
"""

import json
import math
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import uuid
from pathlib import Path

TEXTS = Path(__file__).parent.parent / "tests/all/accuracy"
SIZE = 50 * 10**6
FEW, MANY = 500, 5_000
ACCOUNTS = 10
WORDS = ("session queue activity retriever dispatcher workflow agent customer inbox case routing alias license cache monitor "
         "event handler thread pool instance partition department queueing chat email reply outbound archive scheduler").split()
CLASSES = ["com.egain.mail.module.retriever.service.RxInstance", "com.egain.mail.module.dispatcher.service.DxInstance",
           "com.egain.platform.module.security.Session", "com.egain.workflow.engine.Rule"]


def main():
    program = str(Path(sys.argv[1] if len(sys.argv) > 1 else "target/release/ece-check").resolve())
    if not os.access(program, os.X_OK):
        sys.exit(f"needs {program}")
    with tempfile.TemporaryDirectory(prefix="ece-check-bench-") as folder:
        starts(program, folder)
        redactor(Path(program).parent / "deps", folder)
        mailboxes(program, Path(folder))
        time_limits(program, Path(folder))
        dense_logs(program, Path(folder))


# Starts --------------------------------------------------------------------------------------------------------------


def starts(program, folder):
    if not shutil.which("valgrind"):
        print("Instructions of a start: valgrind is missing\n")
        return
    print("Instructions of a start  (millions, callgrind; goal 5 or less)")
    print(f"  {'':42} {'before':>9} {'now':>9} {'ratio':>9}")
    peer = instructions(["curl", "--version"], folder) if shutil.which("curl") else None
    rows = [(["--version"], None), (["list"], 62), (["plan"], 64), (["explain", "port-blocked"], 114)]
    for arguments, before in rows:
        now = instructions([program, *arguments], folder)
        ratio = f"{now / peer:9.2f}" if peer else ""
        mark = "" if before is None else f"  {verdict(now <= 5)}"
        print(f"  {'ece-check ' + ' '.join(arguments):42} {before or '':>9} {now:9.1f} {ratio}{mark}")
    if peer:
        print(f"  {'curl --version':42} {'':>9} {peer:9.1f} {1:9.2f}")
    print("  ratio: to curl --version\n")


def redactor(deps, folder):
    """Two lengths of text, so that what a start and the making of the net cost does not count. They are far apart: with 500
    tokens the net costs 530 million, some of them more in one start than in another."""
    built = [file for file in deps.glob("redactor-*") if not file.suffix] if shutil.which("valgrind") else []
    if not built:
        print("Instructions of the redactor: valgrind is missing, or cargo bench --no-run --bench redactor was not run\n")
        return
    newest, short, long = max(built, key=lambda file: file.stat().st_mtime), 1 << 20, 17 << 20
    print("Instructions of the redactor a byte of text  (callgrind; before 233, goal 10 or less)")
    for secrets in (1, 10, 500):
        first, second = (instructions([newest, str(secrets), str(length)], folder) for length in (short, long))
        now = (second - first) * 1e6 / (long - short)
        print(f"  {f'{secrets} tokens known':42} {now:9.1f}  {verdict(now <= 10)}")
    print()


def instructions(command, folder):
    valgrind = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *map(str, command)]
    said = subprocess.run(valgrind, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=folder).stderr
    return int(re.search(r"Collected : (\d+)", said)[1]) / 1e6


# Mailboxes -----------------------------------------------------------------------------------------------------------


def mailboxes(program, folder):
    print(f"plan, from {FEW} to {MANY} mailboxes  (CPU; before: exponent 2.1, 16 s; goal: exponent 1.1, 0.2 s)")
    for name, accounts in (("of one account", 1), ("of ten accounts", ACCOUNTS), ("an account each", None)):
        taken = []
        for count in (FEW, MANY):
            site = folder / "site.toml"
            site.write_text(site_of(count, accounts or count))
            command = [program, "plan", "-c", site, "--no-proxy", "-o", "json"]
            taken.append(min(cpu(command) for _ in range(3)))
        exponent = math.log(taken[1] / taken[0], MANY / FEW)
        met = verdict(exponent <= 1.1 and taken[1] <= 0.2)
        print(f"  {name:42} {taken[0] * 1000:6.0f} ms {taken[1] * 1000:6.0f} ms   exponent {exponent:4.2f}  {met}")
    print()


def time_limits(program, folder):
    """What plan says. 5,000 sign-ins over SMTP with replies 40 ms late took 285 s, and 60 s cut them off."""
    print("Time limit of a run that has no --deadline  (seconds; before: 60 for every site; goal: 5,000 sign-ins fit in)")
    for count in (1, FEW, MANY):
        site = folder / "site.toml"
        site.write_text(site_of(count, min(count, ACCOUNTS)))
        said = subprocess.run([program, "plan", "-c", site, "--no-proxy"], stdout=subprocess.PIPE, text=True).stdout
        seconds = int(re.search(r"ends after (\d+) s at the latest", said)[1])
        met = "" if count < MANY else f"  {verdict(seconds >= 285)}"
        print(f"  {f'{count} mailbox' + ('es' if count > 1 else ''):42} {60:9} {seconds:9}{met}")
    print()


def site_of(count, accounts):
    lines = ['[entra]', 'tenant = "fabrikam.onmicrosoft.com"', 'client_id = "6731de76-14a6-49ae-97bc-6eba6914391e"']
    for account in range(accounts):
        own = [f'"m{number}@fabrikam.com"' for number in range(account, count, accounts)]
        lines += ["[[account]]", f'name = "a{account}"', f'signs_in_as = "m{account}@fabrikam.com"', 'inbound = "imap"',
                  f'access_token = {{ env = "TOKEN_{account}" }}', f"mailboxes = [{', '.join(own)}]"]
    return "\n".join(lines) + "\n"


# Logs ----------------------------------------------------------------------------------------------------------------


def dense_logs(program, folder):
    peer = shutil.which("rg")
    patterns = folder / "patterns"
    patterns.write_bytes(subprocess.check_output([program, "explain", "--patterns"]))
    print(f"Dense logs of {SIZE // 10**6} MB in ECE's form  (MB/s of CPU; goal: 100, and a third of ripgrep -iFc)")
    print(f"  {'':42} {'before':>9} {'now':>9} {'ripgrep':>9} {'ratio':>9}")
    kinds = (("one line in 10,000 an error", 10_000, False, ""), ("one line in ten an error", 10, False, "3"),
             ("every line an error", 1, False, "0.7"), ("every line an error, and another", 1, True, "no end"))
    for name, every, is_unique, before in kinds:
        log = folder / "dense.log"
        write(log, every, is_unique)
        ours = SIZE / cpu([program, "explain", "--file", log, "-o", "json"]) / 1e6
        theirs = SIZE / cpu([peer, "--no-config", "-iFc", "-f", patterns, log]) / 1e6 if peer else 0
        ratio = theirs / ours
        met = verdict(ratio <= 1) if every > 1_000 else verdict(ours >= 100 and ratio <= 3)
        print(f"  {name:42} {before:>9} {ours:9.0f} {theirs:9.0f} {ratio:9.2f}  {met}")
    print("  ratio: our CPU to ripgrep's")


def write(path, every, is_unique):
    random.seed(7)
    texts = [json.loads(line)["text"] for file in sorted(TEXTS.glob("*.jsonl")) for line in open(file)]
    texts = [" ".join(text.split()) for text in texts if text]
    with open(path, "w") as log:
        size = number = 0
        while size < SIZE:
            is_error = number % every == every // 2
            line = head(number, "ERROR" if is_error else "INFO") + (error(texts, is_unique) if is_error else plain()) + "\n"
            size += log.write(line)
            number += 1


def head(number, level):
    second = number // 7
    return (f"2026-11-{1 + second // 86400 % 28:02d} {second // 3600 % 24:02d}:{second // 60 % 60:02d}:{second % 60:02d}."
            f"{random.randrange(1000):03d} GMT+0000 <@> {level} <@> [{random.randrange(400)}:RxInstance id : "
            f"{random.randrange(1000)}] <@> ProcessId:3984 <@> {random.randrange(9999)} <@> {random.choice(CLASSES)} <@> "
            f"{random.choice(WORDS)}() <@> ")


def plain():
    words = " ".join(random.choice(WORDS) for _ in range(random.randrange(4, 14)))
    return f"{words} took {random.randrange(900)} ms for activity {random.randrange(10**7)}"


def error(texts, is_unique):
    text = random.choice(texts)
    if is_unique:
        text += " " + " ".join(random.choice(WORDS) + chr(97 + random.randrange(26)) + chr(97 + random.randrange(26))
                               for _ in range(8))
    return f"javax.mail.MessagingException: {text} Trace ID: {uuid.UUID(int=random.getrandbits(128))}"


# How it is measured --------------------------------------------------------------------------------------------------


def cpu(command):
    """Seconds of CPU."""
    with open(os.devnull, "r+b") as null:
        child = subprocess.Popen(command, stdin=null, stdout=null, stderr=null)
        _, _, used = os.wait4(child.pid, 0)
        child.returncode = 0
        return max(used.ru_utime + used.ru_stime, 1e-3)


def verdict(met):
    return "met" if met else "MISSED"


if __name__ == "__main__":
    main()
