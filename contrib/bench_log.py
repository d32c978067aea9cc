#!/usr/bin/env python3
"""How fast `ece-check explain --file` reads a log of 1 GB, and with how much memory. Prints; asserts nothing.

ripgrep searches the same file for the same strings: all that ece-check looks for before it looks closer, as
`ece-check explain --patterns` prints them. Both run in turns, the best of each counts, so that other work on the machine
hurts both alike. Beside the wall's clock stands the processor's, which other work does not touch.

A log of ECE tells of a fault once in some thousand lines, or once in fifty when nothing works any more. What is packed or
in UTF-16 takes the slower road through a decoder.
"""

import gzip
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time

SIZE = 1 << 30
ROUNDS = 4
GOAL = 500
MOST_MEMORY = 64
HEAD = "2026-11-{day:02d} {hour:02d}:{minute:02d}:20.{milli:03d} GMT+0000 <@> INFO <@> [67:RxInstance id : 999] <@> ProcessId:3984 <@> PID:1 <@> UID:12 <@> HttpSessionId:  <@> com.egain.mail.module.retriever.service.RxInstance <@> startInstance <@> "
QUIET = ["**** Rx Instance 999 Running ****", "Processing mail id {id} for alias 7", "SQL statement executed in 4 ms, rows fetched: {few}"]
LOUD = [
    "javax.mail.AuthenticationFailedException: 535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. [FR0P281CA{id}.DEUP281.PROD.OUTLOOK.COM]",
    "com.microsoft.aad.msal4j.MsalServiceException: AADSTS7000222: The provided client secret keys are expired. Trace ID: {guid} Correlation ID: {guid}",
    "javax.mail.MessagingException: Could not connect to SMTP host: smtp.office365.com, port: 587;\n\tat a.b.C\nCaused by: java.net.SocketTimeoutException: connect timed out\n\t... 12 more",
]


def lines(every):
    """A hundred thousand lines, of which one in so many tells of a fault."""
    random.seed(1)
    for number in range(100_000):
        head = HEAD.format(day=1 + number % 28, hour=number % 24, minute=number % 60, milli=number % 1000)
        guid = f"{random.getrandbits(32):08x}-0000-4000-8000-{random.getrandbits(48):012x}"
        said = random.choice(LOUD if number % every == every // 2 else QUIET)
        yield head + said.format(id=random.randrange(10**5), few=number % 90, guid=guid) + "\n"


def write(path, every, size, encode=lambda text: text.encode()):
    piece = encode("".join(lines(every)))
    with open(path, "wb") as log:
        for _ in range(max(1, size // len(piece))):
            log.write(piece)
    return os.path.getsize(path)


def timed(command):
    """Seconds by the wall and by the processor, and the most memory in MB."""
    begun = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        _, _, used = os.wait4(process.pid, 0)
        process.returncode = 0
    return time.monotonic() - begun, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def best(commands):
    taken = [[timed(command) for command in commands] for _ in range(ROUNDS)]
    return [[min(column) for column in zip(*runs)] for runs in zip(*taken)]


def row(name, size, wall, cpu, peak):
    print(f"  {name:42} {size / wall / 1e6:9.0f} {size / cpu / 1e6:9.0f} {peak:9.0f}")


def main(program):
    peer = shutil.which("rg")
    if peer is None:
        print("ripgrep is missing: apt-get install ripgrep, or cargo install ripgrep. Without it only our own figures follow.")
    with tempfile.TemporaryDirectory() as folder:
        log, patterns = os.path.join(folder, "ece.log"), os.path.join(folder, "patterns")
        with open(patterns, "wb") as file:
            subprocess.run([program, "explain", "--patterns"], stdout=file, check=True)
        count = sum(1 for _ in open(patterns, "rb"))
        print(f"Reading a log of 1 GB  (MB/s; best of {ROUNDS} turns; ripgrep -iFc for the same {count} strings)")
        print(f"  {'':42} {'by wall':>9} {'by CPU':>9} {'peak MB':>9}")
        for every in (2_500, 50):
            size = write(log, every, SIZE)
            timed(["cat", log])
            commands = [[program, "explain", "--file", log, "-o", "json"]]
            commands += [[peer, "--no-config", "-iFc", "-f", patterns, log]] if peer else []
            ours, *theirs = best(commands)
            row(f"ece-check, one hit in {every} lines", size, *ours)
            for taken in theirs:
                row("ripgrep", size, *taken)
            goal = min([GOAL] + [size / taken[0] / 1e6 / 2 for taken in theirs])
            met = "met" if size / ours[0] / 1e6 >= goal and ours[2] <= MOST_MEMORY else "MISSED"
            print(f"  goal: {goal:.0f} MB/s (500, or half of ripgrep's), {MOST_MEMORY} MB of memory: {met}")
        size = write(log, 2_500, SIZE // 4, lambda text: text.encode("utf-16-le"))
        row("ece-check, UTF-16", size, *best([[program, "explain", "--file", log, "-o", "json"]])[0])
        packed = gzip.compress("".join(lines(2_500)).encode(), 6)
        times = SIZE // len("".join(lines(2_500)))
        with open(log, "wb") as file:
            file.write(packed * times)
        size = times * len("".join(lines(2_500)))
        row("ece-check, gzip (by what it unpacks to)", size, *best([[program, "explain", "--file", log, "-o", "json"]])[0])


main(sys.argv[1])
