#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What isolation costs: CPU of a whole scan with detectors in workers against in the judge's thread, in one run.

  isolation.py ODDLINE LOG DETECTOR.so...     each file is a stranger's, with a worker of its own

Prints the CPU that a worker adds per plugin, as a share of one core at 10 and at 100 MB/s, and how long a scan of one line takes.
The log should have some 100 MB. Medians of interleaved runs, since machines are noisy.
"""
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

RUNS = 7


def configuration(path, isolation, plugins):
    uses = "".join(f"      - {{use: {os.path.abspath(p)}, on: [lines]}}\n" for p in plugins)
    with open(path, "w") as out:
        out.write(f"isolation: {isolation}\nstreams:\n  - name: bench\n    paths: '*'\n    detectors:\n{uses}")


def cpu(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.monotonic()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
    wall = time.monotonic() - begun
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall


def main():
    oddline, log, plugins = sys.argv[1], sys.argv[2], sys.argv[3:]
    size = os.path.getsize(log) / 1e6
    with tempfile.TemporaryDirectory() as tmp:
        one = os.path.join(tmp, "one.log")
        with open(one, "w") as out:
            out.write("2026-01-01 00:00:00 INFO hello\n")
        spent = {"none": [], "workers": []}
        started = {"none": [], "workers": []}
        for _ in range(RUNS):
            for isolation in spent:
                path = os.path.join(tmp, "c.yaml")
                configuration(path, isolation, plugins)
                spent[isolation].append(cpu([oddline, "scan", "--quiet", "-c", path, log])[0])
                started[isolation].append(cpu([oddline, "scan", "--quiet", "-c", path, one])[1])
        none, workers = (statistics.median(spent[k]) for k in ("none", "workers"))
        share = (workers - none) / len(plugins) / size * 100
        print(f"{len(plugins)} plugins, {size:.0f} MB: in one process {none:.3f} s, in workers {workers:.3f} s of CPU")
        print(f"a worker adds {share / 10:.2%} of a core per plugin at 10 MB/s, {share:.2%} at 100 MB/s")
        print(f"a scan of one line takes {statistics.median(started['none']) * 1000:.1f} ms in one process, "
              f"{statistics.median(started['workers']) * 1000:.1f} ms with workers")


main()
