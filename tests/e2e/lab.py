#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Promise: what breaks in the lab's shop is found in time, with what a person needs next; what works calls nobody.

  lab.py BUILD TMP [--clean 10]

Each scenario runs beside a real daemon on the lab's clock (samples/lab/lab.py); some at a time, since they mostly sleep.
"""
import argparse
import concurrent.futures
import json
import os
import subprocess
import sys

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
AT_ONCE = 6
SCENARIOS = ("leak", "lock", "release", "gateway", "peak")


class Run:
    def __init__(self, args, scenario, seed):
        self.args, self.scenario, self.seed, self.dir = args, scenario, seed, f"{args.tmp}/{scenario}-{seed}"
        self.config, self.logs = f"{self.dir}/lab.yaml", f"{self.dir}/logs"

    def oddline(self, *words):
        return subprocess.run([f"{self.args.build}/oddline", *words], capture_output=True, text=True, timeout=60)

    def go(self):
        done = subprocess.run([sys.executable, f"{TREE}/samples/lab/lab.py", self.scenario, "--json", "--dir", self.dir, "--seed", str(self.seed),
                               "--oddline", f"{self.args.build}/oddline"], capture_output=True, text=True, timeout=150)
        if not done.stdout:
            raise SystemExit(f"lab: {self.scenario}: {done.stderr}")
        self.result, self.wrong = json.loads(done.stdout), []
        self.check(self.result["ok"], f"it came out as {self.result}")
        further = getattr(self, f"after_{self.scenario}", None)
        if further:
            further()
        return self

    def check(self, holds, otherwise):
        if not holds:
            self.wrong.append(f"{self.scenario}, seed {self.seed}: {otherwise}")

    def findings(self):
        with open(f"{self.dir}/findings.jsonl") as lines:
            return [json.loads(line) for line in lines]

    # ---- what a person does next ----------------------------------------------

    def after_release(self):
        gate = self.oddline("gate", "-c", self.config, "--service", "payment", "--since", "v2.4.0", "--json")
        self.check(gate.returncode == 1, f"the gate says {gate.returncode}: {gate.stdout}{gate.stderr}")
        named = [f for f in self.findings() if f["deploy"] and f["deploy"]["version"] == "v2.4.0"]
        self.check(named, "no finding names the deployment")
        report = self.oddline("report", "-c", self.config, "--since", "1d", "-o", f"{self.dir}/report.html")
        self.check(report.returncode == 0, f"no report: {report.stderr}")
        with open(f"{self.dir}/report.html") as page:
            text = page.read()
        for wanted in "v2.4.0", "unknown currency field", "shop answers", "Action items":
            self.check(wanted in text, f"the report says nothing of '{wanted}'")

    def after_lock(self):
        """The slowest transaction leads to the database, and so does the trace that a finding names."""
        slow = self.oddline("trace", "--slow", "--top", "1", self.logs).stdout.split()
        told = [trace for f in self.findings() if f["route"] == "page" for trace in f["trace_ids"]]
        self.check(slow and self.leads_to_database(slow[0]), f"the slowest transaction does not lead to the database: {slow}")
        self.check(any(map(self.leads_to_database, told)), f"no trace of a page leads to the database: {told}")

    def leads_to_database(self, trace):
        shown = self.oddline("trace", "--color", "never", trace, self.logs).stdout
        return any("database" in line and "◀ slowest" in line and "✖" in line for line in shown.splitlines())

    def after_gateway(self):
        burns = [f for f in self.findings() if f["kind"] == "burn" and f["status"] == "firing"]
        self.check(any(f["route"] == "page" for f in burns), "the budget burns and nobody was called")
        slo = json.loads(self.oddline("slo", "-c", self.config, "--json").stdout.splitlines()[0])
        self.check("shop answers" in json.dumps(slo), f"oddline slo says {slo}")

    def after_leak(self):
        found = self.result["found"] or {"kind": None, "after_symptom": 0}
        self.check(found["kind"] == "trend" and found["after_symptom"] < 0, "the leak was not found by its trend before customers felt it")
        self.check(self.result["pages"] > 0, "customers wait for a full heap and nobody was called")


def table(runs):
    print(f"{'scenario':<10} {'found':<26} {'fault':>7} {'symptom':>8}  pages  false  tickets")
    for run in runs:
        found = run.result["found"] or {}
        what = f"{found['stream']} {found['kind']} ({found['route']})" if found else "-"
        fault, symptom = (f"{found[key]:+.0f} s" if found else "-" for key in ("seconds", "after_symptom"))
        print(f"{run.scenario:<10} {what:<26} {fault:>7} {symptom:>8}  {run.result['pages']:>5}  {run.result['false_pages']:>5}  {run.result['tickets']:>7}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build")
    parser.add_argument("tmp")
    parser.add_argument("--clean", type=int, default=10)
    parser.add_argument("--only")
    args = parser.parse_args()
    runs = [Run(args, name, 1) for name in SCENARIOS if args.only in (None, name)]
    runs += [Run(args, "none", seed) for seed in range(1, args.clean + 1)]
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        runs = list(pool.map(Run.go, runs))
    table(runs)
    wrong = [sentence for run in runs for sentence in run.wrong]
    if wrong:
        sys.exit("lab: " + "\nlab: ".join(wrong))
    print("lab: ok")


if __name__ == "__main__":
    main()
