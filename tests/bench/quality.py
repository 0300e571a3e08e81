#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How well does it find what matters, and only that? Runs all scorers and prints one table; see quality.sh.

Every figure is of the program as it comes: one configuration, the default one, for everything. Exits with 0 when no figure is below its
floor, with 1 when one is or could not be measured, with 2 when it was called wrongly.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

TREE = pathlib.Path(__file__).resolve().parents[2]

# name, floor, goal; those of LESS are better when smaller
GOALS = [
    ("NAB standard", 66, 73),
    ("NAB reward low FP", 57, 66),
    ("NAB reward low FN", 71, 78),
    ("KPI F1, delay 7", 0.79, 0.86),
    ("Loghub grouping accuracy", 0.78, 0.90),
    ("incidents macro F1", 0.62, 0.85),
    ("incidents macro prompt recall", 0.70, 0.90),
    ("incidents false alarms a day", 3, 0.5),
    ("incidents pages a day, quiet log", 0, 0),
]
LESS = {"incidents false alarms a day", "incidents pages a day, quiet log"}
QUIET = "pgbouncer-production"
NAB_PROFILES = {"NAB standard": "standard", "NAB reward low FP": "reward_low_FP_rate", "NAB reward low FN": "reward_low_FN_rate"}


def ask(command):
    """Stdout of a program; its last words when it fails."""
    done = subprocess.run([str(part) for part in command], capture_output=True, check=False)
    if done.returncode != 0:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["nothing said"]
        raise RuntimeError(f"{pathlib.Path(command[0]).name} {command[1]}: exit {done.returncode}: {last[0]}")
    return done.stdout


def nab(oddline, bench, data, tmp):
    results = tmp / "nab"
    for path in sorted((data / "nab" / "data").glob("*/*.csv")):
        out = results / path.parent.name / path.name
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(ask([oddline, "score", path]))
    labels = data / "nab" / "labels" / "combined_windows.json"
    score = json.loads(ask([sys.executable, bench / "nab_score.py", results, "--labels", labels, "--json"]))
    return {name: score[key]["score"] for name, key in NAB_PROFILES.items()}


def kpi(oddline, bench, data, _tmp):
    score = json.loads(ask([sys.executable, bench / "kpi_score.py", "--oddline", oddline, "--json", data / "kpi"]))
    return {"KPI F1, delay 7": score["headline"]["f1"]}


def loghub(oddline, bench, data, tmp):
    assigned = tmp / "loghub"
    assigned.mkdir()
    for path in sorted((data / "loghub").glob("*/*_2k.log*")):
        if path.name in (f"{path.parent.name}_2k.log", f"{path.parent.name}_2k.log.zst"):
            (assigned / f"{path.parent.name}.txt").write_bytes(ask([oddline, "templates", "--assign", path]))
    score = json.loads(ask([sys.executable, bench / "ga.py", "--all", data / "loghub", assigned, "--json"]))
    return {"Loghub grouping accuracy": score["AVERAGE"]["GA"]}


def incidents(oddline, bench, data, _tmp):
    score = json.loads(ask([sys.executable, bench / "incidents.py", "--oddline", oddline, "--json", data / "incidents"]))
    print_cases(score["cases"])
    quiet = [case["pages_per_day"] for case in score["cases"] if case["case"] == QUIET]
    return {
        "incidents macro F1": score["total"]["macro"]["f1"],
        "incidents macro prompt recall": score["total"]["macro"]["prompt_recall"],
        "incidents false alarms a day": score["total"]["false_alarms_per_day"],
        "incidents pages a day, quiet log": quiet[0] if quiet else None,
    }


def number(value):
    return "-" if value is None else f"{value:.2f}"


def print_cases(cases):
    print(f"{'incidents':<24} {'found':>7} {'recall':>7} {'prompt':>7} {'false':>6} {'F1':>6}")
    for case in cases:
        found = f"{case['hit']}/{case['must']}"
        print(f"{case['case']:<24} {found:>7} {number(case['recall']):>7} {number(case['prompt_recall']):>7} "
              f"{case['false_alarms']:>6} {number(case['f1']):>6}")
    print()


def verdict(name, value, floor, goal):
    if value is None:
        return "not measured"
    sign = -1 if name in LESS else 1
    if sign * value < sign * floor:
        return "MISSED"
    return "ok, goal reached" if sign * value >= sign * goal else "ok"


def print_goals(figures, left_out):
    """False when a floor is missed."""
    missed = False
    print(f"{'figure':<34} {'value':>7} {'floor':>7} {'goal':>7}")
    for name, floor, goal in GOALS:
        if name in left_out:
            print(f"{name:<34} {'-':>7} {floor:>7} {goal:>7}  left out")
            continue
        said = verdict(name, figures.get(name), floor, goal)
        missed |= not said.startswith("ok")
        print(f"{name:<34} {number(figures.get(name)):>7} {floor:>7} {goal:>7}  {said}")
    return not missed


def arguments():
    parser = argparse.ArgumentParser(prog="quality.sh", description="all detection goals in one table; exits with 1 below a floor")
    parser.add_argument("directory", nargs="?", default=os.environ.get("ODDLINE_BENCH"), help="holds bench/ and data/; $ODDLINE_BENCH")
    parser.add_argument("--oddline", default=TREE / "build" / "oddline", help="the program, build/oddline unless said")
    parser.add_argument("--quick", action="store_true", help="without the KPI curves")
    args = parser.parse_args()
    if not args.directory:
        parser.error("the directory with bench/ and data/ is missing: name it, or set ODDLINE_BENCH")
    if not os.access(args.oddline, os.X_OK):
        parser.error(f"{args.oddline}: no program there: build it, or use --oddline")
    return args


def main():
    args = arguments()
    root = pathlib.Path(args.directory).resolve()
    steps = [nab, loghub, incidents] if args.quick else [nab, kpi, loghub, incidents]
    figures = {}
    with tempfile.TemporaryDirectory(prefix="oddline-quality-") as tmp:
        for step in steps:
            try:
                figures |= step(pathlib.Path(args.oddline).resolve(), root / "bench", root / "data", pathlib.Path(tmp))
            except (RuntimeError, OSError, ValueError, KeyError) as error:
                print(f"quality: {step.__name__}: {error!r}", file=sys.stderr)
    return 0 if print_goals(figures, {"KPI F1, delay 7"} if args.quick else set()) else 1


sys.exit(main())
