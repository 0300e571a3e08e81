#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The oracle: is every finding of the chain detector there, once, in order, and right?

  check_chain.py --redis SOCKET [--prefix oddline] [--jsonl FILE] --model FILE [--lateness MS] [--gaps N]

Says what was lost, doubled, wrong and how many gaps there are; ends with 1 when there is anything, or more gaps than allowed.
"""
import argparse
import datetime
import json
import socket
import sys

from model import Model, WINDOW_MS

ROUTES = "page", "ticket", "log"


class Resp:
    """As much of a Redis client as a test needs."""

    def __init__(self, path, timeout=5.0):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        self.socket.connect(path)
        self.file = self.socket.makefile("rb")

    def __call__(self, *words):
        words = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        self.socket.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words))
        return self._reply()

    def _reply(self):
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("connection lost")
        kind, rest = line[:1], line[1:-2]
        if kind == b"*":
            return [self._reply() for _ in range(int(rest))] if int(rest) >= 0 else None
        if kind == b"$":
            return self.file.read(int(rest) + 2)[:-2] if int(rest) >= 0 else None
        if kind == b"-":
            raise RuntimeError(rest.decode())
        return int(rest) if kind == b":" else rest

    def close(self):
        self.file.close()
        self.socket.close()


def ms_of(stamp):
    when = datetime.datetime.strptime(stamp, "%Y-%m-%dT%H:%M:%S.%fZ")
    return round(when.replace(tzinfo=datetime.timezone.utc).timestamp() * 1000)


class Verdict:
    def __init__(self):
        self.windows = self.lost = self.doubled = self.wrong = self.gaps = 0
        self.said = []

    def say(self, what, text):
        setattr(self, what, getattr(self, what) + 1)
        if len(self.said) < 12:
            self.said.append(f"{what}: {text}")

    def ok(self, gaps=0):
        return not (self.lost or self.doubled or self.wrong) and self.gaps <= gaps

    def __str__(self):
        return (f"windows={self.windows} lost={self.lost} doubled={self.doubled} wrong={self.wrong} gaps={self.gaps}")


def read_redis(path, prefix):
    """{route: [(n, prev, epoch, data)]} in the order of the streams."""
    redis, streams = Resp(path), {}
    for route in ROUTES:
        entries, start = [], "-"
        while True:
            chunk = redis("XRANGE", f"{prefix}:{{0}}:{route}", start, "+", "COUNT", 2000)
            for _, fields in chunk:
                f = dict(zip(fields[::2], fields[1::2]))
                entries.append((int(f[b"n"]), int(f[b"prev"]), f[b"epoch"].decode(), f[b"data"]))
            if len(chunk) < 2000:
                break
            start = "(" + chunk[-1][0].decode()
        streams[route] = entries
    redis.close()
    return streams


def check_numbers(streams, verdict):
    """n is dense from 1, each once, rising in each stream, and `prev` says what came before."""
    seen, epochs = {}, set()
    for route, entries in streams.items():
        before = 0
        for n, prev, epoch, data in entries:
            epochs.add(epoch)
            if n in seen:
                verdict.say("doubled", f"n={n} in {route}, was in {seen[n]}")
            elif n < before:
                verdict.say("wrong", f"n={n} behind n={before} in {route}")
            elif prev != before:
                verdict.say("wrong", f"n={n} in {route} says prev={prev}, before it is {before}")
            seen.setdefault(n, route)
            before = max(n, before)
    if len(epochs) > 1:
        verdict.say("wrong", f"{len(epochs)} epochs: {sorted(epochs)}")
    holes = [n for n in range(1, max(seen, default=0) + 1) if n not in seen]
    for n in holes:
        verdict.say("lost", f"no entry n={n} of {max(seen)}")


def check_jsonl(path, streams, verdict):
    """The file holds the same findings, byte for byte, in order of n."""
    sent = {n: data for entries in streams.values() for n, _, _, data in entries}
    before = 0
    with open(path, "rb") as lines:
        for line in lines:
            n = json.loads(line)["n"]
            if n <= before:
                verdict.say("doubled", f"jsonl: n={n} behind n={before}")
            elif n != before + 1:
                verdict.say("lost", f"jsonl: n={before + 1}..{n - 1}")
            elif n in sent and sent[n] != line.rstrip(b"\n"):
                verdict.say("wrong", f"jsonl: n={n} differs from Redis")
            before = max(n, before)
    if before < max(sent, default=0):
        verdict.say("lost", f"jsonl: n={before + 1}..{max(sent)}")


def chain_findings(streams, verdict):
    """{series: {end_ms: finding}} of the detector, first come; and gaps said."""
    found = {}
    data = sorted((n, data) for entries in streams.values() for n, _, _, data in entries)
    for n, text in data:
        f = json.loads(text)
        if f["kind"] in ("gap", "plugin"):
            verdict.say("gaps", f"n={n} {f['summary']}")
        if f["detector"] != "chain" or f["kind"] in ("gap", "plugin"):
            continue
        ends = found.setdefault(f["series"], {})
        end, what = ms_of(f["window"]["end"]), f"n={n}: {f['series']}, window to {f['window']['end']}"
        if end in ends:
            verdict.say("doubled", what)
            continue
        if ends and end < next(reversed(ends)):
            verdict.say("wrong", f"{what} comes late")
        ends[end] = f
    return found


def check_window(f, expected, lines, verdict):
    end, count, value, _ = expected
    if f["expected"] != count:
        less = count - int(f["expected"])
        verdict.say("wrong", f"n={f['n']}: window to {f['window']['end']}: {abs(less)} lines {'lost' if less > 0 else 'doubled'} "
                             f"before its end ({int(f['expected'])} for {count})")
    elif f["observed"] != value:
        verdict.say("wrong", f"n={f['n']}: window to {f['window']['end']}: {count} lines, in another order or other lines")
    if f["series"] == "lines" and f["lower"] != lines:
        verdict.say("wrong", f"n={f['n']}: window to {f['window']['end']}: the core counted {f['lower']} lines for {lines}")


def totals_at(model, lateness_ms, end):
    """(lines, sum) before `end`, or None when no window that must have closed ends there."""
    return next(((lines, total) for at, lines, _, total in model.windows(lateness_ms) if at == end), None)


def note_order(found, model, lateness_ms, verdict):
    """When values are wrong: were all lines there, only in another order?"""
    ends = [end for end in found if model.ends and end <= model.last[0] - lateness_ms]
    f = found[max(ends)] if ends and verdict.wrong else None
    if f and totals_at(model, lateness_ms, max(ends)) == (f["expected"], f["upper"]):
        verdict.said.insert(0, "at the end every line counts once: only the order differs")


def check_totals(found, model, lateness_ms, verdict):
    """For lines of several sources: by the newest window each was counted once."""
    ends = [end for end in found if end <= model.last[0] - lateness_ms]
    verdict.windows = len(ends)
    f = found[max(ends)] if ends else None
    expected = totals_at(model, lateness_ms, max(ends)) if ends else None
    if not expected:
        verdict.say("lost", "no finding of a window that has closed")
    elif f["expected"] != expected[0]:
        verdict.say("lost" if f["expected"] < expected[0] else "doubled", f"{int(f['expected'])} lines counted of {expected[0]}")
    elif f["upper"] != expected[1]:
        verdict.say("wrong", f"{expected[0]} lines, but not these")


def check_model(found, model, lateness_ms, verdict):
    before, verdict.windows = 0, 0
    for expected in model.windows(lateness_ms):
        verdict.windows += 1
        end, count = expected[:2]
        if end not in found:
            verdict.say("lost", f"no finding of the window to {end} ms")
        else:
            check_window(found[end], expected, count - before, verdict)
        before = count
    note_order(found, model, lateness_ms, verdict)
    early = [end for end in found if model.ends and end < min(model.ends)]
    for end in early:
        verdict.say("wrong", f"window to {end} ms lies before the first line")


def check(redis, prefix, jsonl, model, lateness_ms, ordered=True):
    verdict = Verdict()
    streams = read_redis(redis, prefix)
    check_numbers(streams, verdict)
    if jsonl:
        check_jsonl(jsonl, streams, verdict)
    for found in (chain_findings(streams, verdict) or {"lines": {}}).values():
        (check_model if ordered else check_totals)(found, model, lateness_ms, verdict)
    return verdict


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--redis", required=True)
    parser.add_argument("--prefix", default="oddline")
    parser.add_argument("--jsonl")
    parser.add_argument("--model", required=True)
    parser.add_argument("--lateness", type=int, default=5000)
    parser.add_argument("--gaps", type=int, default=0)
    args = parser.parse_args()
    verdict = check(args.redis, args.prefix, args.jsonl, Model.read(args.model), args.lateness)
    print(verdict, *verdict.said, sep="\n  ")
    sys.exit(not verdict.ok(args.gaps))


if __name__ == "__main__":
    main()
