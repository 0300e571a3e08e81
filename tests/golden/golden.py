#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Does a scan of the sample logs, without configuration, still say what it said? Compared with the golden findings beside this file.

  golden.py BUILD_DIR             compare, field by field; numbers may differ by TOLERANCE, those within sentences too
  golden.py BUILD_DIR --update    write the golden findings anew; read the difference before you commit it
  golden.py --selftest            does the comparison see what it must?

Of each finding the last revision is kept, in the order of the first ones. See README.md.
"""
import copy
import decimal
import json
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
LOGS = HERE.parents[1] / "samples" / "logs"
CASES = {  # golden file: options of the scan, and its paths below samples/logs
    "kafka-3brokers": (["--timezone=+01:00"], ["kafka-3brokers/kafka*"]),
    "dse-single-2days": ([], ["dse-single-2days/*.zst"]),
}
TOLERANCE = 1e-6  # relative; the last bits of a logarithm differ between C libraries and compilers
NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
SENTENCES = {"summary", "reasons"}
SHOWN = 20


def scan(oddline, case):
    options, patterns = CASES[case]
    paths = sorted(str(path.relative_to(LOGS)) for pattern in patterns for path in LOGS.glob(pattern))
    done = subprocess.run([oddline, "scan", "--quiet", "--json", *options, *paths], cwd=LOGS, capture_output=True, check=False)
    if done.returncode != 0:
        sys.exit(f"golden: {case}: the scan ended with {done.returncode}: {done.stderr.decode(errors='replace')}")
    findings = {}
    for line in done.stdout.decode().splitlines():
        finding = json.loads(line)
        findings[finding["id"]] = finding
    return list(findings.values())


def close(a, b, tolerance):
    return abs(a - b) <= tolerance * max(abs(a), abs(b), 1e-9)


def same_rounded(a, b):
    """They differ by one in the last digit at most."""
    a, b = decimal.Decimal(a), decimal.Decimal(b)
    unit = decimal.Decimal(10) ** max(a.as_tuple().exponent, b.as_tuple().exponent)
    return abs(a - b) <= unit


def same_sentence(a, b):
    """The words are the same, and the numbers within them nearly so."""
    if NUMBER.split(a) != NUMBER.split(b):
        return False
    return all(same_rounded(x, y) for x, y in zip(NUMBER.findall(a), NUMBER.findall(b)))


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def differences(want, got, where, sentence=False):
    """Sentences, one for each field that differs."""
    if isinstance(want, dict) and isinstance(got, dict):
        for key in sorted(want.keys() | got.keys()):
            if key not in got or key not in want:
                yield f"{where}.{key}: {'is missing' if key not in got else 'is new'}"
                continue
            yield from differences(want[key], got[key], f"{where}.{key}", sentence or key in SENTENCES)
    elif isinstance(want, list) and isinstance(got, list):
        if len(want) != len(got):
            yield f"{where}: {len(got)} instead of {len(want)}"
        for i, (a, b) in enumerate(zip(want, got)):
            yield from differences(a, b, f"{where}[{i}]", sentence)
    elif isinstance(want, float) or isinstance(got, float):
        if not (is_number(want) and is_number(got) and close(want, got, TOLERANCE)):
            yield f"{where}: {got!r} instead of {want!r}"
    elif sentence and isinstance(want, str) and isinstance(got, str):
        if not same_sentence(want, got):
            yield f"{where}: {got!r} instead of {want!r}"
    elif type(want) is not type(got) or want != got:
        yield f"{where}: {got!r} instead of {want!r}"


def golden_path(case):
    return HERE / f"{case}.jsonl"


def write(case, findings):
    with open(golden_path(case), "w", encoding="utf-8") as file:
        for finding in findings:
            file.write(json.dumps(finding, sort_keys=True, ensure_ascii=False) + "\n")
    print(f"{case}: {len(findings)} golden findings written")


def compare(case, findings):
    with open(golden_path(case), encoding="utf-8") as file:
        golden = [json.loads(line) for line in file]
    if not golden:
        sys.exit(f"golden: {golden_path(case)}: holds no finding: nothing would be compared")
    found = list(differences(golden, findings, case))
    print(f"{case}: {len(findings)} findings, {len(found)} differences from the {len(golden)} golden ones")
    for line in found[:SHOWN]:
        print("  " + line)
    return not found


def changed(finding, key, value):
    other = copy.deepcopy(finding)
    other[key] = value
    return other


def selftest():
    f = {"score": 5.25, "n": 3, "kind": "spike", "lossy": False, "summary": "lines at 42, expected 1.6", "reasons": ["ewma: 5.2"]}
    alike = [f, changed(f, "score", 5.25 * (1 + 1e-9)), changed(f, "summary", "lines at 42, expected 1.61")]
    other = [
        changed(f, "score", 5.26), changed(f, "score", None), changed(f, "n", 4), changed(f, "kind", "drop"), changed(f, "lossy", 0),
        changed(f, "summary", "lines at 42, expected 1.8"), changed(f, "summary", "bytes at 42, expected 1.6"),
        changed(f, "reasons", []), changed(f, "more", 1), {},
    ]
    bad = [g for g in alike if list(differences([f], [g], "f"))] + [g for g in other if not list(differences([f], [g], "f"))]
    bad += [] if list(differences([f], [], "f")) else [[]]
    for g in bad:
        print(f"misjudged: {g}")
    return not bad


def main():
    arguments = sys.argv[1:]
    if arguments == ["--selftest"]:
        return selftest()
    update = "--update" in arguments
    places = [a for a in arguments if a != "--update"]
    if len(places) != 1 or places[0].startswith("-"):
        sys.exit(__doc__)
    oddline = pathlib.Path(places[0]).resolve() / "oddline"
    good = True
    for case in CASES:
        findings = scan(str(oddline), case)
        if update:
            write(case, findings)
        else:
            good = compare(case, findings) and good
    if not good:
        print("If that is meant: python3 tests/golden/golden.py BUILD_DIR --update, and read the difference.")
    return good


if __name__ == "__main__":
    sys.exit(0 if main() else 1)
