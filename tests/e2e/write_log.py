#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Appends lines stamped with the present time, as an application does.

  write_log.py calm SECONDS FILE...   ten INFO lines a second to each
  write_log.py burst COUNT FILE...    so many ERROR lines at once to each; prints the time of the first
"""
import datetime
import sys
import time

what, amount = sys.argv[1], float(sys.argv[2])
files = [open(path, "a", buffering=1) for path in sys.argv[3:]]


def write(level, text):
    now = datetime.datetime.now(datetime.timezone.utc)
    for out in files:
        out.write(f"{now:%Y-%m-%d %H:%M:%S}.{now.microsecond // 1000:03d} {level} [app] {text}\n")


if what == "burst":
    print(time.time())
    for i in range(int(amount)):
        write("ERROR", f"payment {i} failed")
else:
    for i in range(int(amount * 10)):
        write("INFO", f"payment {i} done")
        time.sleep(0.1)
