#!/usr/bin/env python3
"""The time of a build from scratch, and what it goes into.

In: nothing; it is called in the repository. Out: a small table; the earlier value is that of commit d955bd1 on two cores.
Nothing is asserted and the exit code is that of the build. The sources of the dependencies are fetched before the clock starts.
Everything is built in a folder of its own under target/, which is removed.
"""

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import verdict

BEFORE_S = 468


def main():
    if not shutil.which("cargo"):
        sys.exit("needs cargo")
    os.chdir(Path(__file__).parent.parent)
    subprocess.check_call(["cargo", "fetch", "--locked", "--quiet"])
    Path("target").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="from-scratch-", dir="target") as folder:
        began, busy = time.perf_counter(), os.getloadavg()[0]
        build = ["cargo", "build", "--locked", "--release", "--quiet", "--timings", "--target-dir", folder]
        subprocess.check_call(build, stdout=subprocess.DEVNULL)
        wall = time.perf_counter() - began
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = used.ru_utime + used.ru_stime
        units = units_of(Path(folder))
    print(f"A build from scratch, {os.cpu_count()} cores  (seconds; before with two cores; goal: not slower)")
    print(f"  {'':42} {'before':>9} {'now':>9} {'ratio':>9}")
    print(f"  {'cargo build --release':42} {BEFORE_S:9} {wall:9.0f} {wall / BEFORE_S:9.2f}  {verdict(wall <= BEFORE_S)}")
    print(f"  CPU {cpu:.0f} s; load of the machine before it {busy:.1f}")
    for name, duration in units:
        print(f"  {'  of it ' + name:42} {'':9} {duration:9.0f}")


def units_of(folder, most=5):
    """What took longest, as cargo writes it into its page of timings: name and seconds."""
    page = max((folder / "cargo-timings").glob("*.html"), key=lambda file: file.stat().st_mtime).read_text()
    _, _, data = page.partition("UNIT_DATA = ")
    units = json.JSONDecoder().raw_decode(data)[0] if data else []
    longest = sorted(units, key=lambda unit: -unit["duration"])[:most]
    return [(f"{unit['name']}{unit['target']}", unit["duration"]) for unit in longest]


if __name__ == "__main__":
    main()
