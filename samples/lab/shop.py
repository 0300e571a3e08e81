#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A small shop that writes logs: front (JSON), payment (logfmt) and database (text), bound by trace ids.

Everything happens on the lab's own clock: `Shop.minute()` makes the lines of one minute, in the order of their times, so a
reader may write them as fast as it likes. The same seed gives the same lines.

Faults, each from a minute on (`Shop.fault = (name, minute)`):
    leak      the payment service keeps what it should free: its heap grows a little every minute, and nobody feels it until
              the heap is nearly full and charges wait for the collector
    lock      a transaction holds a lock in the database; what needs the row waits, and some of it gives up
    release   the new version of payment fails one charge in four, with a sentence nobody has seen before
    gateway   the bank's gateway answers slowly, then not at all
    peak      three times as many customers, and everything works
"""
import datetime
import json
import random

FAULTS = ("leak", "lock", "release", "gateway", "peak")
ROUTES = (("/", 0.35), ("/product", 0.40), ("/cart", 0.10), ("/checkout", 0.15))
GIVES_UP_MS = 3500  # a query that waits for a lock
HEAP_MB, FULL = 1024, 0.85  # of the payment service; from that share on the collector is in everybody's way
SERVICES = ("front", "payment", "database")


def stamp(at):
    """Seconds since 1970 as 2026-11-23T10:00:00.123."""
    return datetime.datetime.fromtimestamp(at, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.") + f"{int(at * 1000) % 1000:03d}"


class Shop:
    def __init__(self, start, seed, per_minute=240):
        self.start, self.random, self.per_minute = start, random.Random(seed), per_minute
        self.fault, self.version, self.heap, self.minutes = (None, 0), "v2.3.1", 310.0, 0
        self.lines = []

    def broken(self, name):
        """For how many minutes that fault has been there; -1: it is not."""
        return self.minutes - self.fault[1] if self.fault[0] == name and self.minutes >= self.fault[1] else -1

    def hurts(self):
        """Customers feel the fault."""
        return self.squeeze() > 0 if self.fault[0] == "leak" else self.broken(self.fault[0]) >= 0

    def squeeze(self):
        """How far the heap is into its last part: 0 while there is room, 1 when it is full."""
        return min(1, max(0, (self.heap / HEAP_MB - FULL) / (1 - FULL)))

    # ---- how each service writes ----------------------------------------------

    def front(self, at, trace, route, status, ms):
        level = "error" if status >= 500 else "info"
        line = {"time": stamp(at) + "Z", "level": level, "service": "front", "trace_id": trace,
                "msg": f"{'POST' if route == '/checkout' else 'GET'} {route} {status}", "route": route, "status": status,
                "duration_ms": round(ms, 1)}
        self.lines.append((at, "front", json.dumps(line)))

    def payment(self, at, level, text, **fields):
        pairs = " ".join(f"{key}={value}" for key, value in fields.items())
        self.lines.append((at, "payment", f'time={stamp(at)}Z level={level} service=payment version={self.version} msg="{text}" {pairs}'))

    def database(self, at, level, text):
        self.lines.append((at, "database", f"{stamp(at).replace('T', ' ')} UTC [{4000 + self.random.randrange(16)}] {level}:  {text}"))

    # ---- one request --------------------------------------------------------------

    def query(self, at, trace, what, row=False):
        """How long it took, ms; None: it gave up."""
        ms = self.random.lognormvariate(1.2, 0.5)
        waits = self.broken("lock") >= 0 and row and self.random.random() < 0.7
        if waits:
            ms = self.random.uniform(1500, 5000)
            self.database(at + 1.0, "LOG", f"process {4000 + self.random.randrange(16)} still waiting for ShareLock on transaction "
                                           f"{88000 + self.minutes} after 1000.{self.random.randrange(1000):03d} ms /* trace_id={trace} */")
        if waits and ms > GIVES_UP_MS:
            self.database(at + GIVES_UP_MS / 1000, "ERROR", f"canceling statement due to lock timeout /* trace_id={trace} */")
            return None
        self.database(at + ms / 1000, "LOG", f"duration: {ms:.3f} ms  statement: {what} /* trace_id={trace} */")
        return ms

    def charge(self, at, trace):
        """(ms, worked)"""
        amount, ms = f"{self.random.uniform(5, 200):.2f}", self.random.lognormvariate(4.6, 0.3)
        if self.squeeze() > 0 and self.random.random() < 0.2 + 0.6 * self.squeeze():
            ms += self.pause()
        since = self.broken("gateway")
        if since >= 0 and self.random.random() < min(0.9, 0.4 + 0.1 * since):
            self.payment(at + 5, "error", "gateway timed out after 5000 ms", trace_id=trace, amount=amount, duration_ms=5000)
            return 5000, False
        if self.broken("release") >= 0 and self.random.random() < 0.25:
            self.payment(at + ms / 1000, "error", "cannot decode reply of gateway: unknown currency field", trace_id=trace,
                         amount=amount, duration_ms=f"{ms:.1f}")
            return ms, False
        if self.random.random() < 0.03:
            self.payment(at + ms / 1000, "info", "card declined", trace_id=trace, amount=amount, duration_ms=f"{ms:.1f}")
            return ms, True
        wrote = self.query(at + ms / 1000, trace, "UPDATE stock SET reserved = reserved + 1 WHERE sku = $1", row=True)
        if wrote is None:
            ms += GIVES_UP_MS + 2
            self.payment(at + ms / 1000, "error", "order not written: lock timeout", trace_id=trace, amount=amount, duration_ms=f"{ms:.1f}")
            return ms, False
        self.payment(at + (ms + wrote) / 1000, "info", "charge accepted", trace_id=trace, amount=amount, duration_ms=f"{ms + wrote:.1f}")
        return ms + wrote, True

    def request(self, at):
        trace = f"{self.random.getrandbits(128):032x}"
        route = self.random.choices([r for r, _ in ROUTES], [w for _, w in ROUTES])[0]
        ms, status = self.random.lognormvariate(2.3, 0.4), 200
        if route != "/":
            ms += self.query(at + 0.002, trace, "SELECT * FROM product WHERE sku = $1")
        if route == "/checkout":
            took, worked = self.charge(at + ms / 1000, trace)
            ms, status = ms + took + 3, 200 if worked else 502
        if status == 200 and self.random.random() < 0.001:
            status = 500
        self.front(at + ms / 1000, trace, route, status, ms)

    # ---- one minute -----------------------------------------------------------------

    def pause(self):
        """A stop of the collector, ms."""
        return self.random.uniform(3, 9) if self.squeeze() <= 0 else self.random.uniform(300, 900) * (1 + 4 * self.squeeze())

    def housekeeping(self, at):
        if self.broken("leak") >= 0:
            self.heap = min(HEAP_MB - 40, self.heap + 9 + self.random.uniform(-2, 2))
        used = self.heap + self.random.uniform(0, 40)
        self.payment(at + 30, "info", "gc pause", heap_mb=f"{used:.0f}", pause_ms=f"{self.pause():.1f}")
        if self.minutes % 5 == 0:
            self.database(at + 12, "LOG", f"checkpoint complete: wrote {self.random.randrange(40, 400)} buffers")

    def minute(self):
        """The lines of the next minute as (time, service, text), oldest first; what ends later comes with a later one."""
        at = self.start + self.minutes * 60
        busy = 3 if self.broken("peak") >= 0 else 1
        if self.broken("release") == 0:
            self.version = "v2.4.0"
            self.payment(at, "info", "started", port=8443)
        rate = self.per_minute * busy / 60
        t = self.random.expovariate(rate)
        while t < 60:
            self.request(at + t)
            t += self.random.expovariate(rate)
        self.housekeeping(at)
        self.minutes += 1
        self.lines.sort(key=lambda line: line[0])
        done = [line for line in self.lines if line[0] < at + 60]
        self.lines = self.lines[len(done):]
        return done
