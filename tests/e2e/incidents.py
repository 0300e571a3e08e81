#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Do the findings of a scan hit what a truth.csv says had to be found, and how many lie outside?

  incidents.py FINDINGS.jsonl TRUTH.csv +HH:MM MOST_OUTSIDE LEAST_PROMPT MUST_HIT...

LEAST_PROMPT is the share of the MUST windows of the truth that a page or ticket touches in its first hour, in one of the places the truth
names, and that was detected no later than ten minutes after the window began. MUST_HIT are UTC times (YYYY-MM-DDTHH:MM) of which each must lie within two minutes of the start of a page or ticket.
Outside is a page or ticket that touches no window of the truth, 60 s of tolerance on both sides.
"""
import csv
import datetime
import json
import sys


def utc(text, offset=datetime.timedelta()):
    at = datetime.datetime.fromisoformat(text.strip().replace("Z", "").replace("T", " ").split(".")[0])
    return at - offset


path, truth, zone, most_outside, least_prompt = sys.argv[1:6]
hours, minutes = int(zone[1:3]), int(zone[4:6])
offset = datetime.timedelta(hours=hours, minutes=minutes) * (-1 if zone[0] == "-" else 1)
tolerance = datetime.timedelta(seconds=60)
prompt = datetime.timedelta(minutes=10)
credit = datetime.timedelta(hours=1)

findings = {}
for line in open(path, encoding="utf-8"):
    finding = json.loads(line)
    findings[finding["id"]] = finding
acted_upon = [f for f in findings.values() if f["route"] in ("page", "ticket")]
with open(truth, newline="", encoding="utf-8") as file:
    rows = list(csv.DictReader(file))
windows = [(utc(row["start"], offset) - tolerance, utc(row["end"], offset) + tolerance) for row in rows]


def is_at(f, where):
    places = [f["stream"], f["series"]] + [evidence["path"] for evidence in f["evidence"]]
    return not where or any(part in place for part in where.split(";") for place in places)


def is_prompt(row):
    begin, end = utc(row["start"], offset), utc(row["end"], offset)
    return any(
        utc(f["starts_at"]) <= end + tolerance
        and min(utc(f["ends_at"] or f["window"]["end"]), utc(f["starts_at"]) + credit) >= begin - tolerance
        and utc(f["detected_at"]) - begin <= prompt
        and is_at(f, row.get("where") or "")
        for f in acted_upon
    )


failed = False
for wanted in sys.argv[6:]:
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
must = [row for row in rows if row["what"].startswith("MUST")]
missed = [row for row in must if not is_prompt(row)]
share = 1 - len(missed) / len(must)
print(f"{len(must) - len(missed)} of {len(must)} MUST windows found within ten minutes")
if share < float(least_prompt) - 1e-9:
    print("\n".join(f"late or not at all: {row['start']} {row['what']}" for row in missed))
    failed = True
sys.exit(failed)
