#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Read findings from Redis with a consumer group, one line each. Needs python3-redis; docs/stream.md explains the steps.

    consume.py --url unix:///run/redis/redis.sock?db=0 --group oncall --route page

Run several with the same --group and different --consumer to share the work. Handle a finding in handle().
"""
import argparse
import json
import socket
import sys
import time

import redis

ROUTES = ("page", "ticket", "log")


def arguments():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--url", default="redis://127.0.0.1:6379/0", help="redis://HOST:PORT/DB or unix:///PATH?db=DB")
    p.add_argument("--username", help="ACL user")
    p.add_argument("--password-file", help="file whose first line is the password")
    p.add_argument("--prefix", default="oddline")
    p.add_argument("--shard", action="append", help="may be given again; default: 0")
    p.add_argument("--shards", type=int, help="all of so many, as in sinks.redis.shards; not in a cluster, where each is a node's")
    p.add_argument("--route", action="append", choices=ROUTES, help="may be given again; default: all three")
    p.add_argument("--group", default="samples")
    p.add_argument("--consumer", default=socket.gethostname())
    p.add_argument("--claim-after", type=int, default=60, metavar="SECONDS",
                   help="take over what another consumer of the group left unacknowledged for so long")
    p.add_argument("--once", action="store_true", help="stop when nothing is left")
    p.add_argument("--count", type=int, default=0, help="stop after so many findings")
    return p.parse_args()


def safe(text):
    """Log text on a terminal: what is not printable is shown as an escape."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(text))


def news(finding):
    """What the entry says: it begins (firing), there is more to say of it (revised), it is over (resolved)."""
    return "revised" if finding["status"] == "firing" and finding["revision"] else finding["status"]


def handle(fields):
    """Do something with a finding. An exception leaves it unacknowledged, so it comes again.

    The last entry with an `id` wins: keep what you make of it by `id` (a ticket, a row), change it when it is revised,
    close it when it is resolved. `fingerprint` says that it is the same trouble as another time, or on another host.
    """
    finding = json.loads(fields["data"])
    print(safe("%-6s %-8s %s  %s/%s  %s  (%s, n %s)" % (
        fields["route"].upper(), news(finding), finding["starts_at"], fields["host"], fields["stream"],
        finding["summary"], finding["id"], fields["n"])), flush=True)


class Ledger:
    """What came from each host: the same (host, epoch, n) is handled once, and `prev` shows what never came.

    It lives in memory, the last KEPT of them. A lower n than the last is no duplicate for that: it may be what a consumer of the group that died
    had taken. Holes are noticed only by a consumer that is alone in its group.
    """

    KEPT = 100000

    def __init__(self):
        self.last, self.handled = {}, {}

    def duplicate(self, fields):
        return self.key(fields) + (int(fields["n"]),) in self.handled

    def enter(self, fields):
        key, n = self.key(fields), int(fields["n"])
        before = self.last.get(key)
        if before is not None and n > before and int(fields["prev"]) != before:
            print("hole: %s %s: expected what follows n %d, got n %s with prev %s" % (
                safe(fields["host"]), fields["route"], before, n, fields["prev"]), file=sys.stderr)
        self.last[key] = max(n, before or 0)
        self.handled[key + (n,)] = True
        if len(self.handled) > self.KEPT:
            del self.handled[next(iter(self.handled))]

    @staticmethod
    def key(fields):
        return fields["host"], fields["epoch"], fields["route"]


class Consumer:
    def __init__(self, args):
        password = None
        if args.password_file:
            with open(args.password_file, encoding="utf-8") as file:
                password = file.readline().rstrip("\r\n")
        self.args = args
        # a unix socket has no connect timeout in python3-redis 4.3
        connect = {} if args.url.startswith("unix:") else {"socket_connect_timeout": 5}
        self.redis = redis.from_url(args.url, decode_responses=True, encoding_errors="replace",
                                    username=args.username, password=password, socket_timeout=10, **connect)
        shards = range(args.shards) if args.shards else args.shard or ["0"]
        self.keys = ["%s:{%s}:%s" % (args.prefix, s, r) for s in shards for r in args.route or ROUTES]
        self.ledger = Ledger()
        self.handled = 0

    def make_groups(self):
        for key in self.keys:
            try:
                self.redis.xgroup_create(key, self.args.group, id="0", mkstream=True)
            except redis.ResponseError as error:
                if not str(error).startswith("BUSYGROUP"):
                    raise

    def take(self, key, entry, fields):
        """One entry. It is acknowledged only when it was handled, or when there is nothing to handle."""
        if not fields:
            print("gone: %s %s was trimmed before it was acknowledged" % (key, entry), file=sys.stderr)
        elif self.ledger.duplicate(fields):
            print("duplicate: %s n %s" % (safe(fields["host"]), fields["n"]), file=sys.stderr)
        else:
            handle(fields)
            self.ledger.enter(fields)
            self.handled += 1
        self.redis.xack(key, self.args.group, entry)

    def done(self):
        return self.args.count and self.handled >= self.args.count

    def read(self, start, block=None):
        """Take one round of entries behind `start` ('0': ours, unacknowledged; '>': new). False when there were none."""
        # block is longer than no time and shorter than socket_timeout
        count = min(100, self.args.count - self.handled) if self.args.count else 100
        reply = self.redis.xreadgroup(self.args.group, self.args.consumer, {k: start for k in self.keys},
                                      count=count, block=block)
        any_came = False
        for key, entries in reply or []:
            for entry, fields in entries:
                any_came = True
                if self.done():  # left unacknowledged: it comes again
                    return True
                self.take(key, entry, fields)
        return any_came

    def claim(self):
        """What a consumer of the group that died had taken becomes ours, and is read as our unacknowledged.

        Redis 7 forgets here what was trimmed meanwhile; 6.2 hands it over without fields.
        """
        for key in self.keys:
            self.redis.xautoclaim(key, self.args.group, self.args.consumer, self.args.claim_after * 1000,
                                  count=100, justid=True)

    def finish_ours(self):
        while not self.done() and self.read("0"):
            pass

    def run(self):
        self.make_groups()
        self.finish_ours()
        claimed = None
        while not self.done():
            if claimed is None or time.monotonic() - claimed >= max(1, self.args.claim_after):
                self.claim()
                claimed = time.monotonic()
                self.finish_ours()
            elif not self.read(">", None if self.args.once else 2000) and self.args.once:
                return


def main():
    args = arguments()
    pause = 0.5
    consumer = Consumer(args)
    while True:
        try:
            consumer.run()
            return 0
        except (redis.ConnectionError, redis.TimeoutError) as error:
            if args.once:
                print("redis: %s" % error, file=sys.stderr)
                return 69
            time.sleep(pause)
            pause = min(pause * 2, 30)
        except redis.ResponseError as error:
            if not str(error).startswith("NOGROUP") or args.once:
                print("redis: %s" % error, file=sys.stderr)
                return 69
            # a stream was deleted and its group with it: begin again; what we know is not handled twice
            time.sleep(pause)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(0)
