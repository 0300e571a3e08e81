#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What marks.sh cannot do in shell.

  marks.py scan ODDLINE DIR      scans of a log made here, with --marks and with deployments that the log tells of
  marks.py check FINDINGS SCHEMA numbers are dense, revisions say what the first said, all members are there
  marks.py say TEXT FILE         one INFO line, stamped with the present time
"""
import datetime
import json
import pathlib
import subprocess
import sys

BEGIN = datetime.datetime(2026, 3, 1, tzinfo=datetime.timezone.utc)
MINUTE = datetime.timedelta(minutes=1)
# minute of the log: errors in it; far enough from each other that none recurs by the clock
BURSTS = {100: 80, 143: 200, 600: 900}


def write_log(path, told=()):
    """One INFO a second, and the bursts."""
    told = dict(told)
    with open(path, "w") as out:
        for minute in range(700):
            at = BEGIN + minute * MINUTE
            for second in range(0, 60, 5):
                out.write(f"{at + datetime.timedelta(seconds=second):%Y-%m-%d %H:%M:%S} INFO app: order {minute}{second} done\n")
                if second == 20 and minute in told:
                    out.write(f"{at + datetime.timedelta(seconds=20):%Y-%m-%d %H:%M:%S} INFO app: {told[minute]}\n")
            for i in range(BURSTS.get(minute, 0)):
                out.write(f"{at + datetime.timedelta(seconds=59):%Y-%m-%d %H:%M:%S} ERROR app: order {i} failed\n")


def stamp(minute, second=0):
    return (BEGIN + minute * MINUTE + datetime.timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def deploy(minute, service, version, second=0, **more):
    return {"v": 1, "time": stamp(minute, second), "kind": "deploy", "service": service, "version": version, **more}


def scan(oddline, directory, *options):
    done = subprocess.run([oddline, "scan", "--quiet", "--json", *options, directory / "checkout.log"], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"marks: the scan ended with {done.returncode}: {done.stderr}")
    pages = [f for f in map(json.loads, done.stdout.splitlines()) if f["series"] == "errors"]
    return {(datetime.datetime.fromisoformat(f["starts_at"].replace("Z", "+00:00")) - BEGIN) // MINUTE: f for f in pages}


def same(got, want, what):
    if got != want:
        sys.exit(f"marks: {what}: {got} instead of {want}")


def scans(oddline, directory):
    config, marks = directory / "scan.yaml", directory / "given.jsonl"
    text = ("streams:\n  - name: checkout\n    paths: checkout.log\n    window: 1m\n"
            "    detectors: [{use: pattern, on: [errors]}]\n")
    config.write_text(text)
    write_log(directory / "checkout.log")
    lines = [deploy(98, "checkout", "v1", second=30, url="https://ci.example/1"), deploy(99, "billing", "v7"),
             deploy(143, "checkout", "v2", second=10), deploy(200, "checkout", "v3"), deploy(201, "checkout", "v2.9")]
    marks.write_text("".join(json.dumps(line) + "\n" for line in lines))
    options = ["-c", config, "--marks", marks]
    found = scan(oddline, directory, *options)
    same(sorted(found), sorted(BURSTS), "the bursts that are found")
    same(found[100]["deploy"], {"version": "v1", "service": "checkout", "seconds_before": 90, "url": "https://ci.example/1"},
         "the deployment before the first")
    same(found[143]["deploy"], {"version": "v2", "service": "checkout", "seconds_before": 0, "url": None},
         "the one in the minute that it spoilt")
    same(found[600]["deploy"], None, "one that is more than six hours ago")
    same(found[100]["seen_before"], None, "what was before the first")
    want = {"id": found[143]["id"], "starts_at": stamp(143), "ends_at": stamp(144), "count": 2, "postmortem": None, "marked_false": None}
    same(found[600]["seen_before"], want, "what was before the last")
    same(scan(oddline, directory, *options), found, "the same lines again")
    same({m: f["deploy"] for m, f in scan(oddline, directory, "-c", config).items()}, dict.fromkeys(BURSTS), "without marks")

    with open(marks, "a") as out:  # what people say of it
        out.write(json.dumps({"v": 1, "time": stamp(300), "kind": "postmortem", "fingerprint": found[100]["fingerprint"],
                              "url": "https://pm.example/1"}) + "\n")
        out.write(json.dumps({"v": 1, "time": stamp(300), "kind": "false", "fingerprint": found[100]["fingerprint"]}) + "\n")
    said = scan(oddline, directory, *options)
    same(said[600]["seen_before"], {**want, "postmortem": "https://pm.example/1", "marked_false": ""}, "what people said of it")

    # the log tells of them; a process that is started again is no deployment
    config.write_text(text + "    deploys:\n      - {match: 'deployed (?<service>\\w+) (?<version>\\S+)'}\n"
                      "      - {match: 'starting (?<version>\\S+)', service: checkout}\n")
    write_log(directory / "checkout.log", {90: "deployed checkout v5", 95: "starting v5", 99: "deployed billing v8",
                                           500: "starting v6"})
    found = scan(oddline, directory, "-c", config)
    same(found[100]["deploy"], {"version": "v5", "service": "checkout", "seconds_before": 580, "url": None}, "what the log told of")
    same(found[600]["deploy"]["version"], "v6", "what it told of later")
    config.write_text("resource: {service.name: billing}\n" + config.read_text())
    same(scan(oddline, directory, "-c", config)[100]["deploy"]["version"], "v8", "by the resource's service")
    config.write_text(text + "    deploys: [{match: 'deployed'}]\n")
    done = subprocess.run([oddline, "check", config], capture_output=True, text=True)
    if done.returncode != 78 or "scan.yaml:6" not in done.stderr or "has no group (?<version>" not in done.stderr:
        sys.exit(f"marks: a pattern without a version: {done.returncode} {done.stderr}")


def check(path, schema):
    members = json.loads(pathlib.Path(schema).read_text())["required"]
    findings = [json.loads(line) for line in open(path)]
    same([f["n"] for f in findings], list(range(1, len(findings) + 1)), "the numbers")
    first = {}
    for finding in findings:
        same(sorted(finding), sorted(members), "the members")
        begun = first.setdefault(finding["id"], finding)
        for member in "deploy", "seen_before":
            same(finding[member], begun[member], f"{member} of a later revision of {finding['id']}")


def say(text, path):
    now = datetime.datetime.now(datetime.timezone.utc)
    with open(path, "a") as out:
        out.write(f"{now:%Y-%m-%d %H:%M:%S}.{now.microsecond // 1000:03d} INFO [app] {text}\n")


if __name__ == "__main__":
    if sys.argv[1] == "scan":
        scans(pathlib.Path(sys.argv[2]).resolve(), pathlib.Path(sys.argv[3]))
    elif sys.argv[1] == "check":
        check(sys.argv[2], sys.argv[3])
    else:
        say(sys.argv[2], sys.argv[3])
