#!/usr/bin/env python3
"""How fast `ece-check explain --file` reads a log of 1 GB, and with how much memory. Prints; asserts nothing.

ripgrep, when it is there, searches the same file for a few of the same strings, for comparison.
"""

import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time

SIZE = 1 << 30
HEAD = "2026-11-{day:02d} {hour:02d}:{minute:02d}:20.006 GMT+0000 <@> INFO <@> [67:RxInstance id : 999] <@> ProcessId:3984 <@> PID:1 <@> UID:12 <@> HttpSessionId:  <@> com.egain.mail.module.retriever.service.RxInstance <@> startInstance <@> "
QUIET = ["**** Rx Instance 999 Running ****", "Processing mail id 48812 for alias 7", "SQL statement executed in 4 ms, rows fetched: 12"]
LOUD = [
    "javax.mail.AuthenticationFailedException: 535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.",
    "com.microsoft.aad.msal4j.MsalServiceException: AADSTS7000222: The provided client secret keys are expired.",
    "javax.mail.MessagingException: Could not connect to SMTP host: smtp.office365.com, port: 587;\n\tat a.b.C\nCaused by: java.net.SocketTimeoutException: connect timed out\n\t... 12 more",
]
PATTERNS = ["aadsts", "5.7.", "authenticate failed", "-err ", "pkix path", "timed out", "unknownhost", "connection reset"]


def write(path):
    random.seed(1)
    lines = []
    for number in range(100_000):
        head = HEAD.format(day=1 + number % 28, hour=number % 24, minute=number % 60)
        lines.append(head + (random.choice(LOUD) if number % 2_500 == 17 else random.choice(QUIET)))
    piece = ("\n".join(lines) + "\n").encode()
    with open(path, "wb") as log:
        for _ in range(SIZE // len(piece) + 1):
            log.write(piece)
    return os.path.getsize(path)


def timed(command):
    begun = time.monotonic()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
    return time.monotonic() - begun


def main(program):
    with tempfile.TemporaryDirectory() as folder:
        log = os.path.join(folder, "ece.log")
        size = write(log)
        timed(["cat", log])
        seconds = timed([program, "explain", "--file", log, "-o", "json"])
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        print(f"ece-check explain --file  {size / seconds / 1e6:7.0f} MB/s  {peak:5.0f} MB of memory at the most")
        if shutil.which("rg"):
            flags = [part for pattern in PATTERNS for part in ("-e", pattern)]
            print(f"ripgrep, {len(PATTERNS)} of the strings   {size / timed(['rg', '-i', '-F', '-c', *flags, log]) / 1e6:7.0f} MB/s")


main(sys.argv[1])
