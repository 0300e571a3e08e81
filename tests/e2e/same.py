#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Same lines in, same findings out: a file that grows in random pieces under a daemon that is killed between them, against a scan.

  same.py BUILD DIR LOG... [--seeds N]

Each log is fed to the daemon in pieces that end anywhere, in the middle of a line too; between pieces it is killed, stopped in order
or left alone. What it found must be what the scan of the whole file finds, field by field, but for n, id, epoch and detected_at; the
scan says more only of windows that are still open at the end of the file. Where one has its detectors in workers, the other has them in
itself. Windows of a daemon close for quiet after a minute and the
lateness, which is more than the test takes; an unfinished record is not cut for as long.
"""
import argparse
import datetime
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import time

GIVEN_LATER = {"n", "epoch", "detected_at", "prev", "config_hash"}  # the last since the scan's detectors run elsewhere
LATENESS_S = 60
RESOLVED_AFTER_S = 900
# Everything that detectors say is a finding, so that the comparison sees every score.
STREAM = """  - name: {name}
    paths: '{log}'
    start: begin
    window: 1m
    lateness: {lateness}s
    policy: {policy}
    multiline: {{flush_after: 60s}}
    series: [{{name: kinds, distinct: logger}}{series}]
    detectors:
      - {{use: ewma, on: [lines, errors]}}
      - {{use: zscore, on: [lines]}}
      - {{use: season, on: [lines]}}
      - {{use: spike, on: [lines, warnings]}}
      - {{use: shift, on: [lines]}}
      - {{use: trend, on: [lines]}}
      - {{use: mix}}
      - {{use: novelty}}
      - {{use: template}}
      - {{use: silence, on: [lines]}}
      - {{use: worst, on: [duration_max_ms]}}
"""
# With --groups, for logs with a route and ms: few enough for them to give way to each other.
GROUPED = ", {name: by_route, count: {}, by: route, groups: 3}, {name: mean, mean: ms, by: route, groups: 2}"
OF_GROUPS = "      - {use: ewma, on: [by_route, mean]}\n      - {use: pattern, on: [by_route]}\n"


def config(args, log, name, policy, isolation):
    path = args.dir / "oddline.yaml"
    path.write_text(f"state_dir: {args.dir}/state\nisolation: {isolation}\nsinks: {{jsonl: {{path: {args.dir}/found.jsonl}}}}\nstreams:\n"
                    + STREAM.format(name=name, log=log, lateness=LATENESS_S, policy=policy, series=GROUPED if args.groups else "")
                    + (OF_GROUPS if args.groups else ""))
    return path


def scan(args, path, log):
    done = subprocess.run([args.oddline, "scan", "-c", path, "--json", "--quiet", log], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"same: the scan ended with {done.returncode}: {done.stderr}")
    return done.stdout.splitlines()


def findings(lines):
    """Without what is given out later; of ids, which stand in sentences too, the epoch."""
    found = []
    for line in lines:
        finding = json.loads(line.replace(json.loads(line)["epoch"] + "-", "epoch-"))
        for key in GIVEN_LATER:
            finding.pop(key, None)
        found.append(finding)
    return found


class Daemon:
    def __init__(self, args, path):
        self.args, self.path, self.said = args, path, args.dir / "daemon.log"
        self.said.write_text("")
        self.starts = 0
        self.child = None

    def start(self):
        self.starts += 1
        self.child = subprocess.Popen([self.args.oddline, "run", "-c", self.path], stderr=self.said.open("a"), stdout=subprocess.DEVNULL)
        self.wait(lambda: self.said.read_text().count("running: ") >= self.starts, "start")

    def wait(self, holds, what):
        end = time.monotonic() + 20
        while not holds():
            if time.monotonic() > end or self.child.poll() is not None:
                sys.exit(f"same: the daemon does not {what}:\n{self.said.read_text()[-2000:]}")
            time.sleep(0.02)

    def end(self, number):
        self.child.send_signal(number)
        code = self.child.wait(20)
        if number == signal.SIGTERM and code:
            sys.exit(f"same: the daemon ended with {code}:\n{self.said.read_text()[-2000:]}")

    def read(self, size):
        """All but a last line without its end is a matter of milliseconds; how many bytes were committed is in the status."""
        shown = subprocess.run([self.args.oddline, "status", "-c", self.path, "--json"], capture_output=True, text=True).stdout
        status = json.loads(shown or "{}")
        return status.get("running") and status["conservation"]["moved"] >= size


def grow(args, daemon, data, log, dice):
    """The first piece shows what format it is, as the beginning of a scan does."""
    at = len(data) // 4
    most = (len(data) - at) // 12
    with open(log, "wb", buffering=0) as out:
        out.write(data[:at])
        daemon.start()
        while at < len(data):
            size = dice.choice([1, dice.randint(2, 300), dice.randint(300, most), dice.randint(300, most)])
            out.write(data[at:at + size])
            at += size
            time.sleep(dice.choice([0, 0, 0.003, 0.05, 0.3]))
            turn = dice.random()
            if turn < 0.25:
                daemon.end(signal.SIGKILL if turn < 0.2 else signal.SIGTERM)
                daemon.start()


def one(args, data, log, seed):
    dice = random.Random(seed)
    name = json.loads(scan(args, config(args, log, "probe", "every", "none"), log)[0])["stream"]
    policy, isolation = ("every", "normal")[seed % 2], dice.choice(["workers", "workers", "none"])
    other = "none" if isolation == "workers" else "workers"
    want = findings(scan(args, config(args, log, name, policy, other), log))
    path = config(args, log, name, policy, isolation)
    subprocess.run(["rm", "-rf", args.dir / "state", args.dir / "found.jsonl", log], check=True)
    daemon = Daemon(args, path)
    grow(args, daemon, data, log, dice)
    reached = args.dir / "state" / "status.json"
    daemon.wait(lambda: daemon.read(len(data) - args.tail), "read all")
    daemon.end(signal.SIGTERM)
    end = json.loads(reached.read_text())["streams"][0]["reached"]
    got = findings((args.dir / "found.jsonl").read_text().splitlines())
    compare(got, want)
    late = [f for f in want[len(got):] if due(f) <= stamp(end)]
    if late:
        sys.exit(f"same: the daemon, which came to {end}, did not find {len(late)} findings, the first: {late[0]}")
    return f"{log.name}: seed {seed}, {policy}, {isolation}, {daemon.starts} starts, {len(got)} of {len(want)} findings"


def compare(got, want):
    for i, (live, scanned) in enumerate(zip(got, want)):
        if live != scanned:
            keys = [k for k in scanned if live.get(k) != scanned[k]]
            sys.exit(f"same: finding {i + 1} differs in {keys}:\n  live {[live.get(k) for k in keys]}\n  scan {[scanned[k] for k in keys]}")
    if len(got) > len(want):
        sys.exit(f"same: {len(got)} live findings, and {len(want)} of the scan; the first of these: {got[len(want)]}")


def stamp(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def due(finding):
    """When the daemon should have said it at the latest: the end of a finding is believed after some quiet windows only."""
    if finding["status"] == "resolved" and finding["ends_at"]:
        return stamp(finding["ends_at"]) + LATENESS_S + RESOLVED_AFTER_S
    return stamp(finding["window"]["end"]) + LATENESS_S


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("dir", type=pathlib.Path)
    parser.add_argument("logs", nargs="+")
    parser.add_argument("--groups", action="store_true")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(3), "big"))
    args = parser.parse_args()
    args.oddline = args.build.resolve() / "oddline"
    args.dir = args.dir.resolve()
    for i, packed in enumerate(args.logs):
        data = subprocess.run(["zstd", "-dqc", packed], capture_output=True, check=True).stdout
        args.tail = len(data) - (data.rfind(b"\n", 0, len(data) - 1) + 1) + 4096  # a last record waits for its end
        log = args.dir / f"log{i}.log"
        for seed in range(args.seed, args.seed + args.seeds):
            log.write_bytes(data)
            print(f"same: {pathlib.Path(packed).name}: seed {seed}", flush=True)
            print("same:", one(args, data, log, seed), flush=True)


if __name__ == "__main__":
    main()
