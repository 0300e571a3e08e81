#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How fast is it, beside what people run today? See speed.sh for the options, docs/speed.md for what the figures mean.

Every job runs in rounds, all tools once in each, so that what else the machine does hits all of them; the median of each is shown. Every
tool gets one core, and the whole of its process and children is waited for. Tools that print what they
counted must agree. Exits with 0 when everything ran, with 1 when something failed, with 2 when it was called wrongly.
"""
import argparse
import json
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

from speed_logs import MANY, ONE, SOME, write_access, write_mixed

TREE = pathlib.Path(__file__).resolve().parents[2]
MIB = 1 << 20
TIMEOUT_S = 120  # of one run


class Bench:
    """Where the files lie, and how programs are run."""

    def __init__(self, options, tmp):
        self.oddline, self.tmp = options.oddline, tmp
        self.cpus = sorted(os.sched_getaffinity(0))
        self.cpu = options.cpu if options.cpu is not None else self.cpus[0]
        self.rounds = options.rounds or (1 if options.quick else 3)
        self.size = (4 if options.quick else 256) * MIB
        self.slow_size = (1 if options.quick else 8) * MIB  # of what takes minutes otherwise
        self.quick, self.tools = options.quick, options.tools
        self.lines, self.missing = {}, set()
        self.used_s = self.rss_mib = 0.0  # of the last run: time of all cores, memory at its most

    def run(self, command, cores=None, stdin=None):
        """Seconds, and what was said."""
        cores = cores or {self.cpu}
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            begun = time.monotonic()
            with subprocess.Popen([str(part) for part in command], stdin=stdin or subprocess.DEVNULL, stdout=out, stderr=err,
                                  cwd=self.tmp, preexec_fn=lambda: os.sched_setaffinity(0, cores)) as child:
                timer_end = begun + TIMEOUT_S
                pid, status, usage = 0, 0, None
                while not pid and time.monotonic() < timer_end:
                    pid, status, usage = os.wait4(child.pid, os.WNOHANG)
                    time.sleep(0 if pid else 0.001)
                if not pid:
                    child.kill()
                child.returncode = os.waitstatus_to_exitcode(status) if pid else -signal.SIGKILL
            took = time.monotonic() - begun
            out.seek(0)
            err.seek(0)
            if child.returncode != 0:
                last = err.read().decode(errors="replace").strip().splitlines()[-1:] or ["nothing said"]
                raise RuntimeError(f"{pathlib.Path(command[0]).name}: exit {child.returncode}: {last[0]}")
            self.account(usage)
            return took, out.read().decode(errors="replace")

    def account(self, usage):
        self.used_s, self.rss_mib = usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024

    def verdict(self, met):
        return "" if self.quick else ": met" if met else ": missed"

    def write(self, name, text):
        path = self.tmp / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def prefix(self, log):
        """The first part of a log, in whole lines, for those that would take minutes over all of it."""
        short = log.with_suffix(".short")
        if not short.exists():
            with open(log, "rb") as source:
                text = source.read(self.slow_size)
            text = text[:text.rindex(b"\n") + 1]
            short.write_bytes(text)
            self.lines[short] = text.count(b"\n")
        return short


# ---- the tools: each gives a function that runs it once, and returns seconds and the count of the first pattern, if it says it


def oddline_count(bench, patterns, log):
    series = "".join(f"      - {{name: p{i}, count: {{match: '{p}'}}}}\n" for i, p in enumerate(patterns))
    names = ", ".join(f"p{i}" for i in range(len(patterns)))
    config = bench.write(f"count{len(patterns)}.yaml",
                         f"state_dir: {bench.tmp}/state\nstreams:\n  - name: log\n    paths: ['{log}']\n    window: 1m\n"
                         f"    series:\n{series}    detectors:\n      - {{use: ewma, on: [{names}]}}\n")
    return lambda: (bench.run([bench.oddline, "scan", "--quiet", "-c", config, log])[0], None)


def grep_count(tool):
    def make(bench, patterns, log):
        def once():
            took, said = bench.run([tool, "-cE", patterns[0], log])
            return took, int(said)
        return once
    return make


def mtail_count(bench, patterns, log):
    text = "".join(f"counter p{i}\n/{p.replace('/', chr(92) + '/')}/ {{\n  p{i}++\n}}\n" for i, p in enumerate(patterns))
    progs = bench.write(f"mtail{len(patterns)}/p.mtail", text).parent

    def once():
        took, said = bench.run(["mtail", "--one_shot", "--one_shot_format", "json", "--progs", progs, "--logs", log,
                                "--log_dir", bench.tmp])
        programs = json.loads(said[said.index("{"):]).values()
        values = [m["LabelValues"] for metrics in programs for m in metrics if m["Name"] == "p0"]
        return took, values[0][0]["Value"].get("Value", 0)
    return once


def sec_count(bench, patterns, log):
    config = bench.write(f"sec{len(patterns)}.conf", "\n\n".join(
        f"type=Single\ncontinue=TakeNext\nptype=RegExp\npattern={p}\ndesc=p{i}\naction=none" for i, p in enumerate(patterns)) + "\n")
    return lambda: (bench.run(["sec", f"--conf={config}", f"--input={log}", "--notail"])[0], None)


def rsyslog_count(bench, patterns, log):
    """It reads on for ever, so it is over when it has seen a last line that nobody else writes."""
    marked = bench.tmp / "rsyslog.log"
    shutil.copyfile(log, marked)
    with open(marked, "a", encoding="ascii") as out:
        out.write("the bench ends here\n")
    quoted = [p.replace("\\", "\\\\").replace("$", "\\$") for p in patterns]
    rules = "".join(f'  if re_match($msg, "{p}") then {{ action(type="omfile" file="{bench.tmp}/rsyslog.{i}" template="raw") }}\n'
                    for i, p in enumerate(quoted))
    config = bench.write("rsyslog.conf", f"""global(workDirectory="{bench.tmp}/rsyslog")
module(load="imfile")
template(name="raw" type="string" string="%msg%\\n")
ruleset(name="r") {{
{rules}  if $msg contains "the bench ends here" then {{ action(type="omfile" file="{bench.tmp}/rsyslog.end" template="raw") }}
}}
input(type="imfile" File="{marked}" Tag="x" ruleset="r" freshStartTail="off")
""")
    return lambda: rsyslog_once(bench, config)


def rsyslog_once(bench, config):
    end, work = bench.tmp / "rsyslog.end", bench.tmp / "rsyslog"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    for left in bench.tmp.glob("rsyslog.[0-9e]*"):
        left.unlink()
    begun = time.monotonic()
    with subprocess.Popen(["rsyslogd", "-n", "-f", str(config), "-i", str(work / "pid")], stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL, preexec_fn=lambda: os.sched_setaffinity(0, {bench.cpu})) as child:
        while not (end.exists() and end.stat().st_size) and child.poll() is None and time.monotonic() < begun + TIMEOUT_S:
            time.sleep(0.002)
        took, ended = time.monotonic() - begun, child.poll()
        child.terminate()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        bench.account(usage)
    if ended is not None or not end.exists():
        raise RuntimeError("rsyslogd: did not come to the end of the log")
    out = bench.tmp / "rsyslog.0"
    return took, out.read_bytes().count(b"\n") if out.exists() else 0


def oddline_on(*words):
    return lambda bench, _patterns, log: lambda: (bench.run([bench.oddline, *words, log])[0], None)


def oddline_latency(bench, _patterns, log):
    config = bench.write("latency.yaml", f"""state_dir: {bench.tmp}/state
streams:
  - name: access
    paths: ['{log}']
    window: 1m
    series:
      - {{name: p99, quantile: 0.99, of: {{field: request_time}}}}
      - {{name: bad, ratio: {{where: 'status >= 500'}}}}
    detectors:
      - {{use: ewma, on: [p99, bad]}}
""")
    return lambda: (bench.run([bench.oddline, "scan", "--quiet", "-c", config, log])[0], None)


def mtail_latency(bench, _patterns, log):
    progs = bench.write("mtail_access/p.mtail", "counter bad\nhistogram took buckets 0, 0.01, 0.05, 0.1, 0.5, 1\n"
                        '/" (?P<status>\\d+) \\d+ "[^"]*" "[^"]*" (?P<took>[0-9.]+)$/ {\n'
                        "  took = $took\n  $status >= 500 {\n    bad++\n  }\n}\n").parent
    return lambda: (bench.run(["mtail", "--one_shot", "--progs", progs, "--logs", log, "--log_dir", bench.tmp])[0], None)


# ---- jobs ----------------------------------------------------------------------

# Tools: name, program that must be there, how it runs, whether all of the log is too much for it. The first is what the others are
# compared with.
ODDLINE = ("oddline", None, oddline_count, False)
JOBS = [
    ("one pattern counted", "mixed", ONE, 5.0e6, [
        ODDLINE, ("grep -cE", "grep", grep_count("grep"), False), ("ugrep -cE", "ugrep", grep_count("ugrep"), False),
        ("rsyslog", "rsyslogd", rsyslog_count, True), ("mtail", "mtail", mtail_count, True), ("sec", "sec", sec_count, True)]),
    ("20 patterns counted", "mixed", SOME, 2.0e6, [
        ODDLINE, ("rsyslog", "rsyslogd", rsyslog_count, True), ("mtail", "mtail", mtail_count, True), ("sec", "sec", sec_count, True)]),
    ("100 patterns counted", "mixed", MANY, 1.4e6, [
        ODDLINE, ("mtail", "mtail", mtail_count, True), ("sec", "sec", sec_count, True)]),
    ("default detectors, no configuration", "mixed", None, 1.5e6, [("oddline", None, oddline_on("scan", "--quiet"), False)]),
    ("template mining alone", "mixed", None, 2.5e6, [("oddline", None, oddline_on("templates"), False)]),
    ("access log, status and latency", "access", None, 3.0e6, [
        ("oddline", None, oddline_latency, False), ("mtail", "mtail", mtail_latency, True)]),
]


def ready(bench, log, patterns, tools):
    """What can be run here, and on which log."""
    runs = []
    for name, program, make, slow in tools:
        if program and bench.tools is not None and program not in bench.tools:
            continue
        if program and not shutil.which(program):
            bench.missing.add(program)
            continue
        source = bench.prefix(log) if slow else log
        runs.append((name, make(bench, patterns, source), bench.lines[source], [], []))
    return runs


def compare(bench, job, log):
    title, _, patterns, goal, tools = job
    runs = ready(bench, log, patterns, tools)
    counts = {}
    for _ in range(bench.rounds):
        for name, once, lines, times, used in runs:
            took, count = once()
            times.append(took)
            used.append(bench.used_s)
            if count is not None:
                counts.setdefault(lines, {})[name] = count
    for said in counts.values():
        if len(set(said.values())) > 1:
            raise RuntimeError(f"{title}: not all count the same: {said}")
    rates = [(name, lines / statistics.median(times), statistics.median(used) / lines * 1e9) for name, _, lines, times, used in runs]
    print(f"\n{title} (goal {goal / 1e6:.1f} M lines/s{bench.verdict(rates[0][1] >= goal)})")
    for name, rate, cost in rates:
        print(f"  {name:<12} {rate / 1e6:>8.3f} {rates[0][1] / rate:>8.2f} {cost:>10.0f} {cost / rates[0][2]:>8.2f}", flush=True)


def archive(bench, log):
    """An archive is bound by its decompression: within 10 % of `zstd -d`."""
    packed, times = bench.tmp / "log.zst", ([], [])
    subprocess.run(["zstd", "-q", "-f", str(log), "-o", str(packed)], check=True)
    read = oddline_count(bench, ONE, packed)
    for _ in range(bench.rounds):
        times[0].append(read()[0])
        times[1].append(bench.run(["zstd", "-dqf", packed, "-o", "/dev/null"])[0])
    ours, theirs = (statistics.median(t) for t in times)
    print(f"\none pattern in an archive: {ours / theirs:.2f} times the time of zstd -d (goal 1.10{bench.verdict(ours <= 1.1 * theirs)})")


def cores_and_memory(bench, log):
    short, runs = bench.prefix(log), {"one core": [], "two cores": []}
    scan = [bench.oddline, "scan", "--quiet"]
    for _ in range(bench.rounds):
        runs["one core"].append(bench.run(scan + [log])[0])
        if len(bench.cpus) > 1:
            runs["two cores"].append(bench.run(scan + [log], cores=set(bench.cpus[:2]))[0])
    large = bench.rss_mib
    bench.run(scan + [short])
    small = bench.rss_mib
    if runs["two cores"]:
        gain = statistics.median(runs["one core"]) / statistics.median(runs["two cores"])
        print(f"\ntwo cores against one, default detectors: {gain:.2f} times (goal 1.7{bench.verdict(gain >= 1.7)})")
    print(f"memory, default detectors: {small:.0f} MiB for {short.stat().st_size // MIB} MiB of log, "
          f"{large:.0f} MiB for {log.stat().st_size // MIB} MiB")


def options_of(arguments):
    parser = argparse.ArgumentParser(description="How fast is it, beside what people run today?")
    parser.add_argument("--quick", action="store_true", help="a few seconds: shows that it runs, and no more")
    parser.add_argument("--oddline", type=pathlib.Path, default=TREE / "build" / "oddline")
    parser.add_argument("--cpu", type=int, help="the core to run on")
    parser.add_argument("--tools", type=lambda text: text.split(","), help="compare with these programs only: grep,mtail")
    parser.add_argument("--rounds", type=int, help="runs of each (default 3)")
    parser.add_argument("log", nargs="?", type=pathlib.Path, help="a log to read instead of the mixed one made here")
    options = parser.parse_args(arguments)
    if not os.access(options.oddline, os.X_OK):
        parser.error(f"{options.oddline}: no program")
    options.oddline = options.oddline.resolve()
    return options


def main(arguments):
    options = options_of(arguments)
    with tempfile.TemporaryDirectory(prefix="oddline-speed-") as name:
        bench = Bench(options, pathlib.Path(name))
        logs = {"mixed": bench.tmp / "mixed.log", "access": bench.tmp / "access.log"}
        bench.lines[logs["access"]] = write_access(logs["access"], bench.size)
        if options.log:
            logs["mixed"] = options.log.resolve()
            with open(logs["mixed"], "rb") as source:
                bench.lines[logs["mixed"]] = sum(block.count(b"\n") for block in iter(lambda: source.read(MIB), b""))
        else:
            bench.lines[logs["mixed"]] = write_mixed(logs["mixed"], bench.size)
        print(f"Medians of {bench.rounds} on one core: million lines a second by the wall and oddline's over it; ns of CPU a line and that over "
              "oddline's.\nThe second pair is the one to read where other programs share the core.")
        try:
            for job in JOBS:
                compare(bench, job, logs[job[1]])
            if shutil.which("zstd"):
                archive(bench, logs["mixed"])
            else:
                bench.missing.add("zstd")
            cores_and_memory(bench, logs["mixed"])
        except (RuntimeError, OSError, subprocess.CalledProcessError) as error:
            print(f"speed: {error}", file=sys.stderr)
            return 1
        if bench.missing:
            print(f"\nleft out, not installed here: {', '.join(sorted(bench.missing))}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
