#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the log of a service in event time: slo_log.py FILE FROM UNTIL BAD TOTAL [STEP].

Minutes [FROM, UNTIL) after 2024-03-01T00:00Z, every STEP-th of them with TOTAL requests, of which the first BAD fail.
"""
import datetime
import sys


def main() -> None:
    path, numbers = sys.argv[1], [int(a) for a in sys.argv[2:]]
    first, until, bad, total = numbers[:4]
    step = numbers[4] if len(numbers) > 4 else 1
    start = datetime.datetime(2024, 3, 1)
    lines = []
    for minute in range(first, until, step):
        for i in range(total):
            at = start + datetime.timedelta(minutes=minute, seconds=60 * i / total)
            status = 503 if i < bad else 200
            lines.append(f"{at:%Y-%m-%dT%H:%M:%S}Z INFO request {i} status={status}\n")
    with open(path, "a", encoding="ascii") as file:
        file.write("".join(lines))


main()
