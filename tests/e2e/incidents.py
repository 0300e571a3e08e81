#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Do the findings of a scan hit what a truth.csv says had to be found, and how many lie outside?

  incidents.py FINDINGS.jsonl TRUTH.csv +HH:MM MOST_OUTSIDE MUST_HIT...

MUST_HIT are UTC times (YYYY-MM-DDTHH:MM) of which each must lie within two minutes of the start of a page or ticket.
Outside is a page or ticket that touches no window of the truth, 60 s of tolerance on both sides.
"""
import csv
import datetime
import json
import sys


def utc(text, offset=datetime.timedelta()):
    at = datetime.datetime.fromisoformat(text.strip().replace("Z", "").replace("T", " ").split(".")[0])
    return at - offset


path, truth, zone, most_outside = sys.argv[1:5]
hours, minutes = int(zone[1:3]), int(zone[4:6])
offset = datetime.timedelta(hours=hours, minutes=minutes) * (-1 if zone[0] == "-" else 1)
tolerance = datetime.timedelta(seconds=60)

findings = {}
for line in open(path, encoding="utf-8"):
    finding = json.loads(line)
    findings[finding["id"]] = finding
acted_upon = [f for f in findings.values() if f["route"] in ("page", "ticket")]
with open(truth, newline="", encoding="utf-8") as file:
    windows = [(utc(row["start"], offset) - tolerance, utc(row["end"], offset) + tolerance) for row in csv.DictReader(file)]

failed = False
for wanted in sys.argv[5:]:
    at = utc(wanted)
    if not any(abs(utc(f["starts_at"]) - at) <= 2 * tolerance for f in acted_upon):
        print(f"nothing is found at {wanted}Z")
        failed = True
outside = []
for f in acted_upon:
    begin = utc(f["starts_at"])
    end = utc(f["ends_at"] or f["window"]["end"])
    if not any(begin <= w_end and end >= w_begin for w_begin, w_end in windows):
        outside.append(f"{f['starts_at']} {f['route']} {f['stream']}: {f['summary']}")
print(f"{len(acted_upon)} pages and tickets, {len(outside)} outside the windows of {truth}")
if len(outside) > int(most_outside):
    print("\n".join(outside))
    failed = True
sys.exit(failed)
