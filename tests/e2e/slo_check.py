#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares what `oddline slo --json` says (stdin) with numbers worked by hand: slo_check.py KEY=VALUE... (to 1e-9 of it)."""
import json
import sys


def main() -> int:
    line = sys.stdin.readline()
    if not line:
        print("nothing is known yet", file=sys.stderr)
        return 1
    slo = json.loads(line)
    for rate in slo["rates"]:
        slo["burn_" + rate["window"]] = rate["burn"]
    wrong = []
    for wanted in sys.argv[1:]:
        key, value = wanted.split("=")
        is_value = slo[key] if slo[key] is not None else float("nan")
        if not abs(is_value - float(value)) <= 1e-9 * max(1, abs(float(value))):
            wrong.append(f"{key} is {is_value}, not {value}")
    if wrong:
        print("; ".join(wrong), file=sys.stderr)
    return 1 if wrong else 0


sys.exit(main())
