# SPDX-License-Identifier: MIT
"""Promise: the gate says of each recorded release what a person would say, and why; what happens by the clock, or to a control group as well, is
no fault of a release; without traffic it says neither; while it waits it follows logs through rotation and loses nothing; and a command runs only
because the operator wrote it, with the verdict on its stdin.

  gate.py BUILD_DIR
"""
import datetime
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time

from gate_logs import SINCE, Profile, lines, write_release

ODDLINE = os.path.join(os.path.abspath(sys.argv[1]), "oddline")
PASS, FAIL, UNSURE = 0, 1, 2
HOUR, DAY = datetime.timedelta(hours=1), datetime.timedelta(days=1)
SANE = Profile()


def check(holds, text, *shown):
    if not holds:
        sys.exit(f"gate.py: {text}: {' '.join(str(s) for s in shown)}")


def gate(*args, code=None, since=SINCE.isoformat()):
    """The verdict as an object, with `code`; of a usage error what it says."""
    command = [ODDLINE, "gate", "--json", "--service", "shop", "--state-dir", "state"]
    done = subprocess.run(command + (["--since", since] if since else []) + list(args), capture_output=True,
                          text=True, timeout=60)
    check(code is None or done.returncode == code, f"exit code {done.returncode}, not {code}", done.stdout, done.stderr)
    return json.loads(done.stdout) if done.stdout else {"error": done.stderr, "code": done.returncode}


def states(verdict):
    return {m["name"]: m["state"] for m in verdict["metrics"]}


def mark(service, version, when):
    with open("state/marks.jsonl", "a") as out:
        out.write(json.dumps({"v": 1, "time": when.strftime("%Y-%m-%dT%H:%M:%S.000Z"), "kind": "deploy",
                              "service": service, "version": version}) + "\n")


def recorded_releases_get_their_verdicts():
    noisy = Profile(errors=0.03, clump=0.7)
    for name, before, after, code, failed in [
            ("clean", SANE, SANE, PASS, None),
            ("error burst", SANE, Profile(errors=0.05), FAIL, "errors"),
            ("latency step", SANE, Profile(slower=1.6), FAIL, "slow_p95"),
            ("new template only", SANE, Profile(news=True), FAIL, "new_templates"),
            ("new harmless template", SANE, Profile(chatter=True), PASS, None),
            ("no traffic", SANE, None, UNSURE, None),
            ("noisy but fine", noisy, noisy, PASS, None),
            ("traffic lost", SANE, Profile(rate=1), FAIL, "rate"),
    ]:
        write_release("shop.log", 7, before, after)
        verdict = gate("shop.log", code=code)
        print(f"{name}: {verdict['verdict']} after {verdict['after_seconds']:.0f} s: {verdict['reason']}")
        check(failed is None or states(verdict)[failed] == "failed", f"{name}: another reason", verdict["reason"])
        check(code != FAIL or verdict["after_seconds"] <= 200, f"{name}: it took", verdict["after_seconds"])
        check(verdict["records_before"] == 18000, f"{name}: not all was read", verdict["records_before"])
        if name.startswith("new"):
            new = verdict["templates"][0]
            check("coupon" in new["example"] or "cache" in new["example"], "the new template is not shown", new)
        if name == "no traffic":
            check("0 records after" in verdict["reason"], "the number is not said", verdict["reason"])
    write_release("shop.log", 7, SANE, Profile(rate=0.05))
    check("records after" in gate("shop.log", code=UNSURE)["reason"], "too little traffic is not said")


def once_at_start_is_told_and_no_more():
    """A burst of errors and a warning while the new version starts."""
    write_release("shop.log", 8, SANE, SANE)
    rng, extra = random.Random(1), []
    for i in range(40):
        at = SINCE + datetime.timedelta(milliseconds=20 * i)
        extra.append(f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z ERROR peer {rng.randrange(9999)} went away at once\n")
    with open("start.log", "w") as out:
        out.writelines(extra)
    verdict = gate("shop.log", "start.log", code=PASS)
    check(verdict["templates"][0]["records"] == 40, "the burst is not told", verdict["templates"])


def a_release(name, at, after_errors, seed):
    """An hour and ten minutes around `at`; what ends then was last written to then."""
    write_release(name, seed, SANE, Profile(errors=after_errors), since=at)
    end = (at + datetime.timedelta(minutes=10)).timestamp()
    os.utime(name, (end, end))


def what_happens_by_the_clock_is_no_fault():
    a_release("shop.log", SINCE, 0.03, 9)
    check(gate("shop.log", code=FAIL)["days_of_reference"] == 0, "days from nowhere")
    a_release("shop.log.1", SINCE - DAY, 0.03, 10)
    held = gate("shop.log", code=UNSURE)
    check(states(held)["errors"] == "held" and held["days_of_reference"] == 1, "one day does not hold it", held)
    a_release("shop.log.2", SINCE - 7 * DAY, 0.03, 11)
    check(gate("shop.log", code=PASS)["days_of_reference"] == 2, "two days are no rhythm")
    a_release("shop.log.2", SINCE - 7 * DAY, 0.005, 11)
    check(states(gate("shop.log", code=UNSURE))["errors"] == "held", "a bad day hides a failure, or a rhythm fails")
    a_release("shop.log", SINCE, 0.2, 9)
    check(states(gate("shop.log", code=FAIL))["errors"] == "failed", "a rhythm hides a failure")
    a_release("shop.log", SINCE, 0.03, 9)
    with open("shop.log.3", "w") as old:
        old.write("a line of another time\n" * 10)
    os.utime("shop.log.3", ((SINCE - 8 * DAY).timestamp(),) * 2)
    check(gate("shop.log*")["records_without_time"] == 0, "a file is read that nobody needs")
    mark("shop", "v0", SINCE - DAY + datetime.timedelta(minutes=1))
    check(gate("shop.log", code=FAIL)["days_of_reference"] == 1, "a day with a deployment is one of reference")
    os.remove("state/marks.jsonl")


def copied_logs_are_judged_as_the_originals():
    """A copy was last written to when it was copied, so its files seem to begin later than they do."""
    a_release("shop.log", SINCE, 0.2, 9)
    original = gate("shop.log", code=FAIL)
    with open("shop.log") as log:
        text = log.readlines()
    half = len(text) // 2
    for name, part in (("shop.log.2", text[:half]), ("shop.log.1", text[half:-100]), ("shop.log", text[-100:])):
        with open(name, "w") as out:
            out.writelines(part)
    verdict = gate("shop.log", code=FAIL)
    check(verdict["records_before"] == original["records_before"] and verdict["records_after"] == original["records_after"],
          "rotated files that were copied are left out", verdict["records_before"], verdict["records_after"])


def a_long_log_is_not_read_as_a_whole():
    """Six hours of chatter before the release, and an hour after it: 100 MB of which next to nothing matters."""
    def judge():
        before = os.times().children_user
        verdict = gate("shop.log", "--baseline", "30m", "--on-fail", "true", code=FAIL)
        return os.times().children_user - before, [verdict[key] for key in ("reason", "records_before", "records_after", "after_seconds")]
    write_release("shop.log", 21, SANE, Profile(errors=0.2))
    _, short = judge()
    with open("shop.log") as log:
        release = log.read()
    chatter = "INFO  nothing to do for worker number 7 of the pool that waits for orders of the shop, and all is well with it\n"
    with open("shop.log", "w") as out:
        for minutes, text in ((range(-420, -60), release), (range(11, 60), "")):
            for minute in minutes:
                out.write(((SINCE + datetime.timedelta(minutes=minute)).strftime("%Y-%m-%dT%H:%M:%S.000Z ") + chatter) * 2000)
            out.write(text)
    took, long = judge()
    print(f"{os.path.getsize('shop.log') >> 20} MiB of log: {took:.2f} s of processor time")
    check(long == short, "what was left out mattered", long, short)
    quick = took
    with open("shop.log", "a") as out:  # in no order: it has to be
        out.write(((SINCE - 24 * HOUR).strftime("%Y-%m-%dT%H:%M:%S.000Z ") + chatter) * 40000)
    all_of_it, long = judge()
    check(long == short, "a log in no order is not read as a whole", long, short)
    check(quick < all_of_it / 3, "it was read as a whole", quick, all_of_it)


def a_deployment_that_a_log_tells_of_is_found():
    write_release("shop.log", 15, SANE, Profile(errors=0.05))
    deploys = "deploys: [{match: 'out: (?<service>\\S+) (?<version>v\\S+)'}, {match: 'this is (?<version>v\\S+)'}]"
    with open("oddline.yaml", "w") as out:
        out.write("state_dir: state\nstreams:\n"
                  f"  - {{name: shop, paths: shop.log, {deploys}}}\n  - {{name: pipeline, paths: pipeline.log, {deploys}}}\n")
    now = datetime.datetime.now(datetime.timezone.utc)
    shift = now - datetime.timedelta(hours=2) - SINCE
    with open("shop.log") as log:
        moved = [(datetime.datetime.fromisoformat(line[:23] + "+00:00") + shift, line[23:]) for line in log]
    told = [(SINCE - HOUR * 0.9, "Z INFO  this is v1 started\n"), (SINCE, "Z INFO  this is v2 started\n"),
            (SINCE + datetime.timedelta(seconds=20), "Z INFO  this is v2 started\n")]  # somebody was started again
    moved = sorted(moved + [(at + shift, text) for at, text in told])
    with open("shop.log", "w") as out:
        out.writelines(f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}{text}" for at, text in moved)
    for since in ("v2", None):
        verdict = gate("-c", "oddline.yaml", since=since, code=FAIL)
        check(verdict["version"] == "v2" and verdict["deployed_at"][:19] == f"{SINCE + shift:%Y-%m-%dT%H:%M:%S}", "another one", verdict)
        check(states(verdict)["errors"] == "failed", "for another reason", verdict["reason"])
    check("no version of 'shop'" in gate("-c", "oddline.yaml", since="v3", code=64)["error"], "a version from nowhere")
    with open("pipeline.log", "w") as out:
        for minutes, text in ((3, "out: other v9"), (5, "out: shop v3"), (70, "this is v4")):
            out.write(f"{SINCE + shift + datetime.timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%SZ} INFO {text}\n")
    check(gate("-c", "oddline.yaml", since="v2")["after_seconds"] <= 300, "what came after the next deployment counts")
    check(gate("-c", "oddline.yaml", since=None)["version"] == "v3", "another stream tells of it, and of others")
    mark("shop", "v2", SINCE + shift + datetime.timedelta(minutes=7))
    verdict = gate("-c", "oddline.yaml", since=None)
    check(verdict["version"] == "v2", "a mark counts no less", verdict["version"])
    os.remove("state/marks.jsonl")


def a_control_group_counts():
    a_release("shop.log", SINCE, 0.04, 12)
    a_release("other.log", SINCE, 0.04, 13)
    check(gate("shop.log", "--control", "other.log", code=PASS)["control"], "the control group does not count")
    a_release("other.log", SINCE, 0.005, 13)
    check(states(gate("shop.log", "--control", "other.log", code=FAIL))["errors"] == "failed", "the control group hides it")
    write_release("other.log", 14, SANE, None)
    check(not gate("shop.log", "--control", "other.log", code=FAIL)["control"], "a silent control group counts")


def a_deployment_is_found_by_its_mark():
    write_release("shop.log", 15, SANE, Profile(errors=0.05))
    check("no deployment of 'shop' is marked" in gate("shop.log", since=None, code=66)["error"], "no mark is no error")
    mark("shop", "v8", SINCE - 3 * HOUR)
    mark("shop", "v9", SINCE)
    mark("other", "v1", SINCE + HOUR)
    verdict = gate("shop.log", since=None, code=FAIL)
    check(verdict["version"] == "v9" and verdict["deployed_at"] == "2024-06-14T12:00:00.000Z", "another mark", verdict)
    check(gate("shop.log", since="v8", code=UNSURE)["version"] == "v8", "the version is not found")
    check("no version of 'shop'" in gate("shop.log", since="v7", code=64)["error"], "an unknown version is no error")
    mark("shop", "v10", SINCE + datetime.timedelta(seconds=30))
    check(gate("shop.log", since="v9")["after_seconds"] <= 30, "what came after the next deployment counts")
    os.remove("state/marks.jsonl")


def streams_of_the_configuration_are_found():
    write_release("shop.log", 16, SANE, Profile(news=True))
    with open("oddline.yaml", "w") as out:
        out.write("state_dir: state\nstreams:\n"
                  "  - {name: front, paths: shop.log, labels: {service.name: shop}, redact: [{match: 'cart \\d+', with: '<cart>'}]}\n"
                  "  - {name: back, paths: other.log}\n")
    verdict = gate("-c", "oddline.yaml", code=FAIL)
    check("<cart>" in verdict["templates"][0]["example"], "the example is not redacted", verdict["templates"])
    check("no stream is of service 'nobody'" in gate("-c", "oddline.yaml", "--service", "nobody", code=64)["error"], "a service from nowhere")


def a_command_gets_the_verdict_and_nothing_of_a_log():
    write_release("shop.log", 17, SANE, Profile(news=True))
    with open("shop.log") as log:
        text = log.read().replace("coupon", "$(touch pwned); `touch pwned` \x1b[2J coupon")
    with open("shop.log", "w") as log:
        log.write(text)
    gate("shop.log", "--on-fail", "cat >got.json; touch ran", code=FAIL)
    with open("got.json") as got:
        check(json.load(got)["verdict"] == "fail", "the command got something else")
    check(os.path.exists("ran") and not os.path.exists("pwned"), "the command did not run, or a log did")
    os.remove("ran")
    shown = subprocess.run([ODDLINE, "gate", "--service", "shop", "--state-dir", "state", "--since", SINCE.isoformat(), "shop.log"],
                           capture_output=True, timeout=30).stdout
    check(b"\x1b" not in shown and b"\\x1b[2J" in shown and b"fail after" in shown, "a log moves the cursor", shown)
    check(gate("shop.log", "--on-fail", "touch ran", "--dry-run", code=PASS)["verdict"] == "dry-run", "no dry run")
    tried = subprocess.run([ODDLINE, "gate", "--service", "shop", "--state-dir", "state", "--since", SINCE.isoformat(), "--on-fail", "touch ran",
                            "--dry-run", "shop.log"], capture_output=True, text=True, timeout=30)
    check(tried.returncode == PASS and "by now it would fail: surely worse: new_templates" in tried.stdout, "what would be done is not said", tried)
    check("when it fails run: touch ran" in tried.stdout and not os.path.exists("ran"), "a dry run runs it, or does not name it", tried.stdout)
    begun = time.monotonic()
    gate("shop.log", "--on-fail", "sleep 30 & sleep 30", "--on-fail-timeout", "1s", code=FAIL)
    check(time.monotonic() - begun < 5, "the command is not stopped")
    gate("shop.log", "--on-fail", "exit 3", code=FAIL)
    write_release("shop.log", 7, SANE, SANE)
    gate("shop.log", "--on-fail", "touch ran", code=PASS)
    check(not os.path.exists("ran"), "it ran without a failure")


def wrong_words_are_refused():
    for args in (["--alpha", "2"], ["--wait", "0s"], ["--tolerate", "x"], ["--min-samples", "0"]):
        check("allowed is" in gate("shop.log", *args, code=64)["error"] or args[1] == "x", "accepted", args)
    check("cannot be read" in gate("nowhere.log", code=66)["error"], "a log that is not there")
    check("nowhere*.log names no file" in gate("nowhere*.log", code=66)["error"], "a pattern that names nothing is no traffic")


class Writer(threading.Thread):
    """Writes a live log, 100 records a second, and renames it away in between; `bad_from`: seconds after the deployment."""

    def __init__(self, since, seconds, after):
        super().__init__(daemon=True)
        rng = random.Random(5)
        calm = Profile(rate=100)
        with open("live.log", "w") as out:
            out.writelines(lines(rng, calm, since - datetime.timedelta(seconds=60), 60))
        self.todo, self.since, self.written = list(lines(rng, after, since, seconds)), since, 0
        self.todo.sort()

    def run(self):
        out = open("live.log", "a")
        for number, line in enumerate(self.todo):
            at = datetime.datetime.strptime(line[:23] + "+0000", "%Y-%m-%dT%H:%M:%S.%f%z").timestamp()
            time.sleep(max(0, at - time.time()))
            if number == len(self.todo) // 3:
                out.close()
                os.rename("live.log", "live.log.1")
                out = open("live.log", "a")
            out.write(line)
            out.flush()
            self.written += 1


def live_logs_are_followed():
    since = datetime.datetime.now(datetime.timezone.utc)
    writer = Writer(since, 3, Profile(rate=100))  # then nothing: the last record has none behind it
    writer.start()
    verdict = gate("live.log", "--baseline", "1m", "--wait", "4s", since=since.isoformat(), code=PASS)
    writer.join()
    check(verdict["records_after"] == len(writer.todo) and verdict["after_seconds"] == 4,
          "records were lost or counted twice in a rotation", verdict["records_after"], len(writer.todo))
    os.remove("live.log.1")
    since = datetime.datetime.now(datetime.timezone.utc)
    writer = Writer(since, 20, Profile(rate=100, errors=0.3))
    writer.start()
    begun = time.monotonic()
    verdict = gate("live.log", "--baseline", "1m", "--wait", "20s", since=since.isoformat(), code=FAIL)
    took = time.monotonic() - begun
    print(f"live, 0.5 % -> 30 % of 100 records a second: fail after {took:.1f} s")
    check(took < 6, "a burst took too long", took)


def main():
    with tempfile.TemporaryDirectory(prefix="oddline-gate.") as work:
        os.chdir(work)
        os.mkdir("state")
        for test in (recorded_releases_get_their_verdicts, once_at_start_is_told_and_no_more, what_happens_by_the_clock_is_no_fault,
                     copied_logs_are_judged_as_the_originals, a_long_log_is_not_read_as_a_whole, a_deployment_that_a_log_tells_of_is_found,
                     a_control_group_counts, a_deployment_is_found_by_its_mark, streams_of_the_configuration_are_found,
                     a_command_gets_the_verdict_and_nothing_of_a_log, wrong_words_are_refused, live_logs_are_followed):
            begun = time.monotonic()
            for name in os.listdir("."):
                if name.endswith((".log", ".1", ".2", ".3")):
                    os.remove(name)
            test()
            print(f"ok {test.__name__} {time.monotonic() - begun:.1f} s", flush=True)
        os.chdir("/")


main()
