#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the shop beside a real daemon, breaks something, and says what oddline made of it.

  lab.py [SCENARIO] [--oddline PATH] [--dir DIR] [--seed N] [--speed 60] [--minutes 25] [--history 120] [--json]

`--history` minutes are in the logs before the daemon starts; the fault comes five minutes into the live part. The lab's clock runs
`--speed` times as fast as ours, and ends about now. Exit 0: what should be found was, and nobody was called for nothing.
"""
import argparse
import ctypes
import datetime
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

from shop import FAULTS, SERVICES, Shop

HERE = os.path.dirname(os.path.abspath(__file__))
CALM = 5  # live minutes before the fault
WITHIN = 3  # windows after the first minute in which customers feel it
# What should be found: in which streams the first page or ticket may be, and of which kinds.
EXPECTED = {
    "none": None,
    "peak": {"streams": SERVICES, "kinds": ("spike", "shift"), "routes": ("ticket", "log")},
    "leak": {"streams": ("payment",), "kinds": ("trend",), "routes": ("page", "ticket")},
    "lock": {"streams": ("database", "payment", "front"), "kinds": ("spike", "new", "shift"), "routes": ("page",)},
    "release": {"streams": ("payment", "front"), "kinds": ("spike", "new", "burn", "shift"), "routes": ("page",)},
    "gateway": {"streams": ("payment", "front"), "kinds": ("spike", "new", "burn", "shift"), "routes": ("page",)},
}
LENGTH = {"leak": 75, "gateway": 45}


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def seconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def clock(at):
    return datetime.datetime.fromtimestamp(at, datetime.timezone.utc).strftime("%H:%M:%S")


class Lab:
    def __init__(self, args):
        self.args, self.dir = args, os.path.abspath(args.dir)
        self.minutes = args.minutes or LENGTH.get(args.scenario, 25)
        start = int(time.time() - (args.history + self.minutes) * 60) // 60 * 60
        self.shop = Shop(start, args.seed)
        self.fault_at, self.hurt_at = start + (args.history + CALM) * 60, None
        if args.scenario in FAULTS:
            self.shop.fault = (args.scenario, args.history + CALM)
        for part in "logs", "state":
            os.makedirs(f"{self.dir}/{part}", exist_ok=True)
        self.logs = {name: open(f"{self.dir}/logs/{name}.log", "a", buffering=1 << 16) for name in SERVICES}
        self.config = f"{self.dir}/lab.yaml"
        with open(f"{HERE}/lab.yaml") as template, open(self.config, "w") as out:
            out.write(template.read().replace("@DIR@", self.dir))

    def oddline(self, *words, check=False):
        return subprocess.run([self.args.oddline, *words], capture_output=True, text=True, check=check, timeout=120)

    def write(self, lines, begun=None, first=0):
        """As fast as possible, or each line when its time has come on the lab's clock."""
        for at, service, text in lines:
            if begun is not None:
                wait = begun + (at - first) / self.args.speed - time.monotonic()
                if wait > 0.02:
                    self.flush()
                    time.sleep(wait)
            self.logs[service].write(text + "\n")
        self.flush()

    def flush(self):
        for log in self.logs.values():
            log.flush()

    def run(self):
        for _ in range(self.args.history):
            self.write(self.shop.minute())
        daemon = subprocess.Popen([self.args.oddline, "run", "-c", self.config], preexec_fn=die_with_parent,
                                  stderr=open(f"{self.dir}/daemon.log", "w"))
        try:
            self.live()
            time.sleep(2.5)  # quiet long enough for the last window
        finally:
            daemon.terminate()
            if daemon.wait(15) != 0:
                raise SystemExit(f"lab: the daemon ended with {daemon.returncode}; see {self.dir}/daemon.log")

    def live(self):
        first, begun = self.shop.start + self.args.history * 60, time.monotonic()
        for minute in range(self.minutes):
            if minute == CALM and self.args.scenario == "release":
                self.oddline("mark", "deploy", "-c", self.config, "--service", "payment", "--version", "v2.4.0", "--time",
                             datetime.datetime.fromtimestamp(self.fault_at, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
                             check=True)
            if self.hurt_at is None and self.shop.hurts():
                self.hurt_at = first + minute * 60
            self.write(self.shop.minute(), begun, first)

    def findings(self):
        """The first word on each trouble: what somebody would have been called with."""
        with open(f"{self.dir}/findings.jsonl") as lines:
            all_of_them = [json.loads(line) for line in lines]
        return [f for f in all_of_them if f["revision"] == 0 and f["status"] == "firing"]


# ---- what came of it ----------------------------------------------------------------


def fits(finding, expected, lab):
    return (finding["stream"] in expected["streams"] and finding["kind"] in expected["kinds"] and finding["route"] in expected["routes"] and
            lab.fault_at - 60 <= seconds(finding["starts_at"]) and shown(finding) <= lab.hurt_at + WITHIN * 60)


def shown(finding):
    """When a person could know of it: the end of the window that showed it."""
    return seconds(finding["window"]["end"] or finding["starts_at"])


def judge(lab):
    """What a table of scenarios needs of this run."""
    expected, findings = EXPECTED[lab.args.scenario], lab.findings()
    before = [f for f in findings if seconds(f["starts_at"]) < lab.fault_at - 60]
    right = [f for f in findings if expected and lab.hurt_at and fits(f, expected, lab)]
    first = min(right, key=shown, default=None)
    paging = lab.args.scenario not in ("none", "peak")
    pages = [f for f in findings if f["route"] == "page"]
    wrong = [f for f in pages if not paging or f in before]
    return {
        "scenario": lab.args.scenario, "seed": lab.args.seed,
        "found": first and {"id": first["id"], "stream": first["stream"], "kind": first["kind"], "route": first["route"],
                            "seconds": shown(first) - lab.fault_at, "after_symptom": shown(first) - lab.hurt_at},
        "pages": len(pages), "false_pages": len(wrong), "tickets": sum(f["route"] == "ticket" for f in findings),
        "ok": not wrong and (expected is None or first is not None),
    }


def felt(found):
    late = found["after_symptom"]
    return f"{abs(late):.0f} s {'after' if late >= 0 else 'before'} customers began to feel it"


def show(lab, result):
    print(f"\n== {lab.args.scenario}: what fired (the fault came at {clock(lab.fault_at)}, lab time)\n")
    for f in lab.findings():
        if f["route"] != "log":
            print(f"  {clock(seconds(f['starts_at']))}  {f['route']:<6} {f['stream']:<9} {f['kind']:<7} {f['summary']}")
            for reason in ([f"deploy {f['deploy']['version']}, {f['deploy']['seconds_before']} s before"] if f.get("deploy") else []):
                print(f"                                   {reason}")
    found = result["found"]
    print(f"\n  found: {found['stream']} {found['kind']} {found['route']}, {found['seconds']:.0f} s after the fault began, {felt(found)}"
          if found else "\n  found: nothing that was expected" if EXPECTED[lab.args.scenario] else "\n  nothing to find")
    print(f"  pages {result['pages']}, for nothing {result['false_pages']}, tickets {result['tickets']}")


def further(lab):
    """The commands that somebody would type next."""
    logs, c = f"{lab.dir}/logs", ("-c", lab.config)
    steps = {"release": [("gate", *c, "--service", "payment", "--since", "v2.4.0")], "gateway": [("slo", *c)]}
    if lab.args.scenario == "lock":
        slowest = lab.oddline("trace", "--slow", "--top", "1", logs).stdout.split()[0]
        steps["lock"] = [("trace", slowest, logs)]
    for words in steps.get(lab.args.scenario, []):
        answer = lab.oddline(*words)
        print(f"\n$ oddline {' '.join(words)}\n{answer.stdout}{answer.stderr}  (exit {answer.returncode})")
    lab.oddline("report", *c, "--since", "1d", "-o", f"{lab.dir}/report.html")
    print(f"\n  logs, findings and report.html: {lab.dir}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("scenario", nargs="?", default="release", choices=["none", *FAULTS])
    parser.add_argument("--oddline", default=os.path.join(HERE, "..", "..", "build", "oddline"))
    parser.add_argument("--dir", default=None)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--speed", type=float, default=60)
    parser.add_argument("--minutes", type=int)
    parser.add_argument("--history", type=int, default=120)
    parser.add_argument("--json", action="store_true", help="one line for a table, nothing else")
    args = parser.parse_args()
    args.dir = args.dir or tempfile.mkdtemp(prefix="oddline-lab.")
    lab = Lab(args)
    lab.run()
    result = judge(lab)
    if args.json:
        print(json.dumps(result))
    else:
        show(lab, result)
        further(lab)
    return 0 if result["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
