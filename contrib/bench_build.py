#!/usr/bin/env python3
"""The time of a build from scratch, and what it goes into.

In: nothing; it is called in the repository. Out: a small table; the earlier value is that of commit d955bd1 on two cores.
Nothing is asserted, and a build that fails ends with its exit code. The sources of the dependencies are fetched before the clock
starts. Everything is built in a folder of its own under target/, which is removed, without the settings of the caller that would
change the build (compiler caches, flags, profiles, jobs).
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
BEFORE_CORES = 2
OF_CALLER = ("RUSTC", "RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_PROFILE_", "CARGO_BUILD_", "CARGO_INCREMENTAL", "CARGO_TARGET_",
             "CC", "CFLAGS")


def main():
    if not shutil.which("cargo"):
        sys.exit("needs cargo")
    os.chdir(Path(__file__).parent.parent)
    subprocess.check_call(["cargo", "fetch", "--locked", "--quiet"])
    Path("target").mkdir(exist_ok=True)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(OF_CALLER)}
    with tempfile.TemporaryDirectory(prefix="from-scratch-", dir="target") as folder:
        began, busy, fetched = time.perf_counter(), os.getloadavg()[0], cpu_of_children()
        build = ["cargo", "build", "--locked", "--release", "--quiet", "--timings", "--target-dir", folder]
        code = subprocess.run(build, stdout=subprocess.DEVNULL, env=environment).returncode
        if code:
            sys.exit(code)
        wall, cpu = time.perf_counter() - began, cpu_of_children() - fetched
        units = units_of(Path(folder))
    told = verdict(wall <= BEFORE_S) if os.cpu_count() == BEFORE_CORES else "not comparable: other number of cores"
    print(f"A build from scratch, {os.cpu_count()} cores  (seconds; before with {BEFORE_CORES} cores; goal: not slower)")
    print(f"  {'':42} {'before':>9} {'now':>9} {'ratio':>9}")
    print(f"  {'cargo build --release':42} {BEFORE_S:9} {wall:9.0f} {wall / BEFORE_S:9.2f}  {told}")
    print(f"  CPU {cpu:.0f} s; load of the machine before it {busy:.1f}")
    for name, duration in units:
        print(f"  {'  of it ' + name:42} {'':9} {duration:9.0f}")


def cpu_of_children():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def units_of(folder, most=5):
    """What took longest, as cargo writes it into its page of timings: name and seconds."""
    page = max((folder / "cargo-timings").glob("*.html"), key=lambda file: file.stat().st_mtime).read_text()
    _, _, data = page.partition("UNIT_DATA = ")
    units = json.JSONDecoder().raw_decode(data)[0] if data else []
    longest = sorted(units, key=lambda unit: -unit["duration"])[:most]
    return [(f"{unit['name']}{unit['target']}", unit["duration"]) for unit in longest]


if __name__ == "__main__":
    main()
