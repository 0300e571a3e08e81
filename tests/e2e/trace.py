#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A shop of three services on two hosts writes logs; `oddline trace` and the daemon read them.

  trace.py BUILD DIR

One transaction waits two seconds for the database, one is killed by a deadlock there. Everything is compared with what the generator knows.
"""
import datetime
import json
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import time

BUILD, DIR = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
ODDLINE = str(BUILD / "oddline")
BEGAN = datetime.datetime(2026, 5, 1, 10, tzinfo=datetime.timezone.utc)
SLOW, FAILED, COUNT = 3000, 4000, 6000
MS = datetime.timedelta(milliseconds=1)
rng = random.Random(7)


def fail(*said):
    sys.exit("trace: " + " ".join(str(s) for s in said))


def check(holds, *said):
    if not holds:
        fail(*said)


def stamp(at):
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def uuid(flat):
    return "-".join((flat[:8], flat[8:12], flat[12:16], flat[16:20], flat[20:]))


def oddline(*arguments, code=0, stdin=None):
    done = subprocess.run([ODDLINE, *map(str, arguments)], capture_output=True, text=True, timeout=60, stdin=stdin)
    check(done.returncode == code, arguments, "ended with", done.returncode, "not", code, done.stderr, done.stdout[:2000])
    return done.stdout


# ---- the shop -----------------------------------------------------------------


class Shop:
    """Three logs in three formats; the id of a transaction is written differently in each. `skew`: the database's clock is behind."""

    def __init__(self, skew=0):
        self.lines = {"front": [], "payment": [], "db": []}
        self.ids = []
        for i in range(COUNT):
            self.transact(i, BEGAN + i * 100 * MS, skew)

    def say(self, service, at, line):
        self.lines[service].append((at, line))

    def transact(self, i, at, skew):
        trace = f"{rng.getrandbits(128) | 1 << 127:032x}"
        self.ids.append(trace)
        took = 2200 if i == SLOW else rng.randrange(5, 30)
        bad = i == FAILED
        self.say("front", at, json.dumps({"time": stamp(at), "level": "info", "msg": f"POST /pay/{i}", "trace_id": trace}))
        self.say("payment", at + 2 * MS, f"{stamp(at + 2 * MS)} INFO [trace={trace.upper()}] charge {i} begins")
        db = at + (4 + took - skew) * MS
        self.say("db", db, f"time={stamp(db)} level={'error' if bad else 'info'} requestId={uuid(trace)} duration_ms={took} "
                 f"msg=\"{'deadlock detected' if bad else 'select'}\"")
        at += (took + 6) * MS
        word, level = ("failed", "ERROR") if bad else ("done", "INFO")
        self.say("payment", at, f"{stamp(at)} {level} [trace={trace.upper()}] charge {i} {word}")
        at += 2 * MS
        self.say("front", at, json.dumps({"time": stamp(at), "level": level.lower(), "msg": "answered", "status": 500 if bad else 200,
                                          "trace_id": trace}))

    def text(self, service, part=slice(None)):
        lines = sorted(self.lines[service], key=lambda line: line[0])
        return "".join(line + "\n" for _, line in lines[part])


def write_hosts(shop, where):
    """Collected logs: one directory a host; the front's is rotated, and what is oldest packed."""
    for host in ("web1", "db1"):
        (where / host / "var/log").mkdir(parents=True)
    cut = [COUNT // 3 * 2, COUNT // 3 * 4]
    oldest = where / "web1/var/log/front.log.2"
    oldest.write_text(shop.text("front", slice(None, cut[0])))
    subprocess.run(["zstd", "-q", "--rm", str(oldest)], check=True)
    (where / "web1/var/log/front.log.1").write_text(shop.text("front", slice(*cut)))
    (where / "web1/var/log/front.log").write_text(shop.text("front", slice(cut[1], None)))
    (where / "web1/var/log/payment.log").write_text(shop.text("payment"))
    (where / "db1/var/log/db.log").write_text(shop.text("db"))


def hops_are(path, want):
    got = [(hop["service"], hop["host"], hop["depth"]) for hop in path["hops"]]
    check(got == want, "hops:", got)


WAY = [("front", "web1", 0), ("payment", "web1", 1), ("db", "db1", 2)]


def trace_slow(shop, logs):
    path = json.loads(oddline("trace", "--json", shop.ids[SLOW], logs))
    hops_are(path, WAY)
    check([hop["slowest"] for hop in path["hops"]] == [False, False, True], path["hops"])
    check(path["hops"][2]["duration_ms"] == 2200 and path["duration_ms"] == 2208, path["hops"])
    check(path["hops"][0]["own_ms"] == 4, path["hops"][0])
    check(path["first_error"] is None and len(path["records"]) == 5, path)
    check([r["service"] for r in path["records"]] == ["front", "payment", "db", "payment", "front"], path["records"])
    for form in (shop.ids[SLOW].upper(), uuid(shop.ids[SLOW]), f"00-{shop.ids[SLOW]}-b7ad6b7169203331-01"):
        check(json.loads(oddline("trace", "--json", form, logs)) == path, "written as", form, "it is another")


def trace_failed(shop, logs):
    path = json.loads(oddline("trace", "--json", shop.ids[FAILED], logs))
    hops_are(path, WAY)
    record = path["records"][path["first_error"]["record"]]
    check(record["service"] == "db" and "deadlock" in record["text"], record)
    check([hop["deepest_error"] for hop in path["hops"]] == [False, False, True], path["hops"])
    lines = (logs / "db1/var/log/db.log").read_text().splitlines()
    check(lines[record["line"] - 1] == record["text"], "line", record["line"], "is another")
    before = path["first_error"]["before"]
    check([b["text"] for b in before] == lines[record["line"] - 6:record["line"] - 1], before)
    raw = (logs / "db1/var/log/db.log").read_bytes()[record["offset"]:]
    check(raw.startswith(record["text"].encode()), "offset", record["offset"])
    text = oddline("trace", shop.ids[FAILED], logs)
    check(re.search(r"^  └ db@db1 .*✖ deepest error", text, re.M), text)
    check(re.search(r"^first error  db@db1 .*db\.log:%d$" % record["line"], text, re.M), text)


def find_ids(shop, logs):
    slow = [json.loads(line) for line in oddline("trace", "--slow", "--json", "--top", 3, logs).splitlines()]
    check(len(slow) == 3 and slow[0]["id"] == shop.ids[SLOW] and slow[0]["services"] == 3, slow)
    failed = [json.loads(line) for line in oddline("trace", "--failed", "--json", logs).splitlines()]
    check([f["id"] for f in failed] == [shop.ids[FAILED]] and failed[0]["first_error_in"] == "db", failed)
    check(oddline("trace", "--failed", logs).startswith(shop.ids[FAILED]), "for people")
    late = oddline("trace", "--failed", "--since", stamp(BEGAN + (FAILED + 100) * 100 * MS), logs)
    check(late == "", late)


def clocks_differ():
    logs = DIR / "skewed"
    shop = Shop(skew=20)
    write_hosts(shop, logs)
    path = json.loads(oddline("trace", "--json", shop.ids[SLOW], logs))
    hops_are(path, WAY)
    check(path["hops"][2]["skew_ms"] == 18, path["hops"][2])
    check("clocks differ?" in oddline("trace", shop.ids[SLOW], logs), "nobody said that clocks differ")


def spans():
    """Who called whom is in the records; two calls of one service are two hops."""
    logs = DIR / "spans.log"
    trace = "0af7651916cd43dd8448eb211c80319c"
    rows = [("front", "a" * 16, None, 0, 0), ("stock", "b" * 15 + "1", "a" * 16, 30, 20), ("stock", "c" * 15 + "1", "a" * 16, 95, 60),
            ("front", "a" * 16, None, 100, 100)]
    with logs.open("w") as out:
        for service, span, parent, at, took in rows:
            said = {"time": stamp(BEGAN + at * MS), "service": {"name": service}, "trace": {"id": trace}, "span_id": span, "took": f"{took}ms"}
            out.write(json.dumps({**said, **({"parent_span_id": parent} if parent else {})}) + "\n")
    path = json.loads(oddline("trace", "--json", trace, logs))
    check([(h["service"], h["caller"], h["duration_ms"]) for h in path["hops"]] ==
          [("front", None, 100), ("stock", 0, 20), ("stock", 0, 60)], path["hops"])
    check([h["slowest"] for h in path["hops"]] == [False, False, True], path["hops"])


def a_record_over_the_edge_of_what_is_read_at_once_is_whole():
    """Logs are searched in pieces of 128 KiB: the record begins in one, its id stands in the next."""
    logs, edge, trace = DIR / "edge.log", 128 * 1024, "0af7651916cd43dd8448eb211c80319c"
    lines, size = [], 0
    while size < edge - 200:
        lines.append(f"{stamp(BEGAN + len(lines) * MS)} INFO all is well {'.' * 60}\n")
        size += len(lines[-1])
    record = f"{stamp(BEGAN + 9000 * MS)} ERROR it broke\n" + "".join(f"\tat com.shop.Deep.call{i}(Deep.java:{i})\n" for i in range(9)) + \
        f"\ttrace_id={trace}\n"
    check(size < edge < size + len(record), "the record does not cross", size)
    logs.write_text("".join(lines) + record + lines[0] * 4000)
    path = json.loads(oddline("trace", "--json", trace, logs))
    got = path["records"]
    check(len(got) == 1 and got[0]["text"] == record.rstrip("\n"), got)
    check((got[0]["line"], got[0]["offset"]) == (len(lines) + 1, size), got)
    check([b["text"] for b in path["first_error"]["before"]] == [line.rstrip("\n") for line in lines[-5:]], path["first_error"])


def what_is_hostile_is_shown():
    logs = DIR / "hostile.log"
    logs.write_bytes(b"2026-05-01T10:00:00.000Z ERROR trace_id=4711abcd4711abcd \x1b[2J\x1b]0;gone\x07 \xff\xfe </script>\n" * 3)
    text = oddline("trace", "4711abcd4711abcd", logs)
    check("\x1b" not in text and "\x07" not in text and "\\x1b[2J" in text, repr(text))
    json.loads(oddline("trace", "--json", "4711abcd4711abcd", logs))


def what_is_redacted_stays_so(shop, logs):
    config = DIR / "redact.yaml"
    config.write_text("streams:\n  - {name: ledger, paths: '/x/payment.log', redact: [{match: 'charge \\d+', with: '<sum>'}]}\n")
    path = json.loads(oddline("trace", "-c", config, "--json", shop.ids[FAILED], logs))
    ours = [r for r in path["records"] if r["service"] == "ledger"]
    check(len(ours) == 2 and all("<sum>" in r["text"] and f"charge {FAILED}" not in r["text"] for r in ours), ours)
    alone = DIR / "payment.log"
    alone.write_text("".join(f"{stamp(BEGAN)} INFO service=s{k % 2}{k % 2} trace_id=4711abcd4711abc{k} took {k} ms\n" for k in range(3)))
    config.write_text(f"streams:\n  - {{name: ledger, paths: {alone}, redact: [{{match: '4711abcd4711abc0|s11', with: '<gone>'}}]}}\n")
    listed = oddline("trace", "-c", config, "--slow", "--json", alone)
    check("4711abcd4711abc1" in listed and "4711abcd4711abc0" not in listed, listed)


def mistakes_are_said(shop, logs):
    for arguments, code in ((("x",), 64), ((shop.ids[0],), 64), (("abc", logs), 64), (("--slow", "--failed", logs), 64),
                            (("--slow",), 64), (("--top", "0", "--slow", logs), 64), (("f" * 32, logs), 1),
                            ((shop.ids[0], DIR / "nowhere"), 66), (("-c", DIR / "nowhere", shop.ids[0], logs), 78)):
        oddline("trace", *arguments, code=code)
    with (logs / "db1/var/log/db.log").open() as log:
        check(shop.ids[5] in oddline("trace", shop.ids[5], "-", stdin=log), "stdin")


# ---- findings -----------------------------------------------------------------


def burst_logs(where, seconds=3600, bad_at=3000, secret=False):
    """Two services of one stream of requests; from a moment on the database fails, four seconds later the front."""
    where.mkdir()
    db, front = [], []
    for s in range(seconds):
        at, trace = BEGAN + s * 1000 * MS, f"{rng.getrandbits(128) | 1 << 127:032x}"
        bad, late = s >= bad_at, s >= bad_at + 4
        for k in range(8 if bad else 2):
            db.append(f"{stamp(at + k * MS)} {'ERROR' if bad else 'INFO'} trace_id={trace} query {k} {'lost the connection' if bad else 'ok'}")
        for k in range(8 if late else 2):
            front.append(f"{stamp(at + (k + 20) * MS)} {'ERROR' if late else 'INFO'} trace_id={trace} token={'f' * 31}{k} "
                         f"{'cannot answer' if late else 'answered'} {k}")
    (where / "db.log").write_text("\n".join(db) + "\n")
    (where / "front.log").write_text("\n".join(front) + "\n")


def loud(findings):
    return [f for f in findings if f["route"] in ("page", "ticket") and f["kind"] in ("spike", "new")]


def a_scan_lists_traces():
    logs = DIR / "burst"
    burst_logs(logs)
    config = DIR / "scan.yaml"
    config.write_text("streams:\n  - {name: a, paths: '/x/db.log', window: 1m}\n"
                      "  - {name: b, paths: '/x/front.log', window: 1m, redact: [{match: 'trace_id=\\w+', with: 'trace_id=<gone>'}]}\n")
    found = loud(map(json.loads, oddline("scan", "-c", config, "--json", "--quiet", logs).splitlines()))
    by = {pathlib.Path(f["stream"]).name: f for f in found}
    check(set(by) >= {"db.log", "front.log"}, "found:", [(f["stream"], f["kind"], f["route"]) for f in found])
    ids = by["db.log"]["trace_ids"]
    check(ids and all(re.fullmatch(r"[0-9a-f]{32}", i) for i in ids), ids)
    check(ids == list(dict.fromkeys(re.search(r"trace_id=(\w+)", e["text"])[1] for e in by["db.log"]["evidence"])), ids)
    check(by["front.log"]["trace_ids"] == [], "redacted, and there:", by["front.log"]["trace_ids"])
    began = by["front.log"]["began"]  # without traces to compare it is linked by time
    check(began and began["stream"].endswith("db.log") and began["shared_traces"] == 0, began)
    text = oddline("scan", "-c", config, "--quiet", logs)
    check(re.search(r"^ +began in \S+db\.log 10:50:00Z; then \S+front\.log$", text, re.M) and f"traces {ids[0]}" in text, text)
    way = oddline("trace", ids[0], logs)
    check("db" in way and "front" in way, way)


class Daemon:
    def __init__(self, config, said):
        self.config, self.said, self.starts, self.child = config, said, 0, None

    def start(self):
        with self.said.open("a") as said:
            self.child = subprocess.Popen([ODDLINE, "run", "-c", str(self.config)], stdout=subprocess.DEVNULL, stderr=said)
        self.starts += 1
        self.wait(lambda: self.said.read_text().count("running: ") >= self.starts, "it does not start")

    def wait(self, holds, what):
        for _ in range(300):
            if holds():
                return
            check(self.child.poll() is None, "the daemon ended:", self.said.read_text())
            time.sleep(0.1)
        fail(what, self.said.read_text()[-2000:])

    def kill(self, how=signal.SIGKILL):
        self.child.send_signal(how)
        self.child.wait(timeout=20)


def a_restart_keeps_who_began():
    """The database's trouble is found, the daemon is killed and started again, then the front's is."""
    logs, live = DIR / "before", DIR / "live"
    burst_logs(logs)
    live.mkdir()
    config = DIR / "live.yaml"
    config.write_text(f"state_dir: {DIR}/state\nisolation: none\nresource: {{service.name: shop}}\nsinks: {{jsonl: {{path: {DIR}/found.jsonl}}}}\nstreams:\n"
                      + "".join(f"  - {{name: {s}, paths: '{live}/{s}.log', start: begin, window: 1m, lateness: 1s, resolve_after: 60}}\n"
                                for s in ("db", "front")))
    text = {s: (logs / f"{s}.log").read_text().splitlines(keepends=True) for s in ("db", "front")}
    daemon = Daemon(config, DIR / "daemon.log")
    found = DIR / "found.jsonl"

    def of(stream):
        return [f for f in loud(map(json.loads, found.read_text().splitlines() if found.exists() else [])) if f["stream"] == stream]

    daemon.start()
    try:
        (live / "db.log").write_text("".join(text["db"]))
        daemon.wait(lambda: of("db"), "nothing of the database was found")
        check(of("db")[0]["began"] is None, of("db")[0]["began"])
        time.sleep(1.5)  # a snapshot, so that it is what is read back and not only the journal
        daemon.kill()
        daemon.start()
        (live / "front.log").write_text("".join(text["front"]))
        daemon.wait(lambda: of("front"), "nothing of the front was found")
        began = of("front")[0]["began"]
        check(began and began["stream"] == "db" and began["service"] == "shop", began)
        check(began["followed"] == ["front"] and began["shared_traces"] >= 1, began)
        check(began["starts_at"] == stamp(BEGAN + 3000 * 1000 * MS), began)
        check(len(of("db")) == len({f["n"] for f in of("db")}), "said twice")
        daemon.kill(signal.SIGTERM)
    finally:
        if daemon.child.poll() is None:
            daemon.kill()


def main():
    os.environ["TERM"] = "dumb"
    shop, logs = Shop(), DIR / "collected"
    write_hosts(shop, logs)
    trace_slow(shop, logs)
    trace_failed(shop, logs)
    find_ids(shop, logs)
    what_is_redacted_stays_so(shop, logs)
    mistakes_are_said(shop, logs)
    clocks_differ()
    spans()
    a_record_over_the_edge_of_what_is_read_at_once_is_whole()
    what_is_hostile_is_shown()
    a_scan_lists_traces()
    a_restart_keeps_who_began()


main()
