#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes burst.log and quiet.log, the lines that the tests in ../oddline.yaml read. Always the same bytes."""
import datetime
import pathlib
import random


def lines(seed, burst):
    rnd = random.Random(seed)
    start = datetime.datetime(2026, 3, 2, 9, 0, 0)
    for second in range(3600):
        for _ in range(rnd.choice((0, 1, 1, 2))):
            at = start + datetime.timedelta(seconds=second, milliseconds=rnd.randrange(1000))
            yield at, "INFO", f"order {rnd.randrange(10000)} paid latency_ms={rnd.gauss(80, 9):.1f} status=200"
        if second % 600 == 37:
            yield start + datetime.timedelta(seconds=second), "WARN", "retrying the bank latency_ms=95.0 status=200"
        if burst and 2700 <= second < 2730:
            for _ in range(3):
                at = start + datetime.timedelta(seconds=second, milliseconds=rnd.randrange(1000))
                yield at, "ERROR", f"order {rnd.randrange(10000)} failed: bank timed out latency_ms=3000.0 status=502"


here = pathlib.Path(__file__).parent
for name, burst in (("burst.log", True), ("quiet.log", False)):
    rows = sorted(lines(7, burst), key=lambda row: row[0])
    text = "".join(f"{at:%Y-%m-%d %H:%M:%S},{at.microsecond // 1000:03d} {level} [checkout] {what}\n" for at, level, what in rows)
    (here / name).write_text(text)
