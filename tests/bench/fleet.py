#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""See fleet.sh. HOSTS sinks in PROCESSES processes (fleet_drive.c) use the real script and wire; this watches the server and counts."""
import argparse
import collections
import ctypes
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import redis

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
AWAY = 3  # seconds without a server


def arguments():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--build", default=os.path.join(TREE, "build"))
    for name, value in (("hosts", 10000), ("findings", 20), ("seconds", 120), ("shards", 4), ("max-len", 100000), ("processes", 8)):
        p.add_argument("--" + name, type=int, default=value)
    return p.parse_args()


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class Server:
    def __init__(self, dir):
        self.dir, self.socket = dir, os.path.join(dir, "s")
        self.client = redis.Redis(unix_socket_path=self.socket)
        self.samples, self.over = [], False

    def start(self):
        with open(os.path.join(self.dir, "log"), "a") as out:
            self.process = subprocess.Popen(["redis-server", "--port", "0", "--unixsocket", self.socket, "--dir", self.dir, "--save", "",
                                             "--appendonly", "yes", "--appendfsync", "everysec", "--maxclients", "10000"],
                                            stdout=out, stderr=out, preexec_fn=die_with_parent)
        while True:
            try:
                self.client.ping()
                return
            except redis.RedisError:
                time.sleep(0.05)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def watch(self):
        """A line each half second: time, clients, connections ever, memory, CPU."""
        client = redis.Redis(unix_socket_path=self.socket, socket_timeout=5)
        while not self.over:
            try:
                i = client.info()
                self.samples.append((time.monotonic(), i["connected_clients"], i["total_connections_received"], i["used_memory"],
                                     i["used_cpu_user"] + i["used_cpu_sys"], i["rejected_connections"]))
            except redis.RedisError:
                pass
            time.sleep(0.5)


def check(server, args):
    """Each (host, n) once, and prev right: over all that is there."""
    seen, wrong, last = collections.Counter(), 0, {}
    for shard in range(args.shards):
        for route in ("page", "ticket", "log"):
            at, key = "-", "oddline:{%d}:%s" % (shard, route)
            while True:
                entries = server.client.xrange(key, at, "+", count=2000)
                for _, f in entries:
                    host, n, prev = f[b"host"], int(f[b"n"]), int(f[b"prev"])
                    seen[host, n] += 1
                    wrong += (host, route) in last and last[host, route] != prev
                    last[host, route] = n
                if len(entries) < 2000:
                    break
                at = b"(" + entries[-1][0]
    lines = [line for shard in range(args.shards) for line in server.client.hgetall("oddline:{%d}:seen" % shard).items()]
    short = args.hosts - sum(1 for k, v in lines if not k.startswith(b"#") and int(v.split()[1]) == args.findings)
    return {"entries": sum(seen.values()), "twice": sum(c - 1 for c in seen.values()), "broken_chains": wrong, "hosts_short": short}


def at_share(values, share):
    return values[min(len(values) - 1, int(len(values) * share))] if values else 0


def fleet_command(args, server):
    begun = time.monotonic()
    child = subprocess.Popen([os.path.join(args.build, "oddline"), "fleet", "--url", f"unix://{server.socket}", "--shards", str(args.shards),
                              "--color", "never"], stdout=subprocess.PIPE, text=True)
    out = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    print(f"oddline fleet: {time.monotonic() - begun:.2f} s, {usage.ru_maxrss / 1024:.0f} MiB, status {status}")
    print("    " + "\n    ".join((out.splitlines()[:4] + [line for line in out.splitlines() if "trouble" in line or " hosts " in line][1:4])))


def run(args, dir):
    server = Server(dir)
    server.start()
    watcher = threading.Thread(target=server.watch, daemon=True)
    watcher.start()
    per, drives, begun = args.hosts // args.processes, [], time.monotonic()
    for i in range(args.processes):
        count = per if i < args.processes - 1 else args.hosts - per * i
        drives.append(subprocess.Popen([os.path.join(args.build, "tests/fleet_drive"), f"unix://{server.socket}", str(per * i), str(count),
                                        str(args.seconds), str(args.findings), str(args.max_len), str(args.shards)],
                                       stdout=subprocess.PIPE, text=True, preexec_fn=die_with_parent))
    time.sleep(args.seconds / 2)
    memory = server.client.info("memory")
    stats = server.client.info("latencystats") if server.client.info("server")["redis_version"] >= "7" else {}
    server.kill()
    killed = time.monotonic()
    time.sleep(AWAY)
    server.start()
    back = time.monotonic()
    outs = [json.loads(d.communicate()[0]) for d in drives]
    took = time.monotonic() - begun
    server.over = True
    watcher.join()
    print(f"{args.hosts} hosts, {args.findings} findings each in {args.seconds} s, {args.shards} shards, max_len {args.max_len}; "
          f"the server killed after {args.seconds / 2:.0f} s and away for {back - killed:.1f} s")
    attempts = [sum(o["attempts"][s] for o in outs if s < len(o["attempts"])) for s in range(max(len(o["attempts"]) for o in outs))]
    second = int(back - begun)
    print("connection attempts of daemons a second: before", at_share(sorted(attempts[12:int(killed - begun)]), 0.5), "(median), peak while away",
          max(attempts[int(killed - begun):second]), ", peak after", max(attempts[second:]), "| after it came back:", attempts[second:second + 25])
    accepts = [(b[2] - a[2]) / (b[0] - a[0]) for a, b in zip(server.samples, server.samples[1:]) if b[2] >= a[2] and b[0] - a[0] < 2]
    print(f"connections: accepted at most {max(accepts):.0f} a second, held at most {max(s[1] for s in server.samples)}, "
          f"median {at_share(sorted(s[1] for s in server.samples), 0.5)}, refused {max(s[5] for s in server.samples)}")
    samples = sorted(x for o in outs for x in o["samples"])
    print(f"publish of a batch without connecting: p50 {at_share(samples, .5) / 1000:.2f} ms, p99 {at_share(samples, .99) / 1000:.2f} ms; "
          f"at the server: {stats.get('latency_percentiles_usec_evalsha')}")
    cpu = [(b[4] - a[4]) / (b[0] - a[0]) for a, b in zip(server.samples, server.samples[1:]) if b[4] >= a[4] and b[0] - a[0] < 2]
    print(f"findings: {sum(o['published'] for o in outs)} confirmed in {took:.0f} s, {args.hosts * args.findings / args.seconds:.0f} a second; server CPU "
          f"{100 * at_share(sorted(cpu), .5):.0f} % (median), errors {sum(o['errors'] for o in outs)}, resends {sum(o['resends'] for o in outs)}")
    now = server.client.info("memory")
    beats = sum(server.client.memory_usage("oddline:{%d}:hosts" % s) or 0 for s in range(args.shards))
    print(f"memory: {memory['used_memory_human']} before the kill, {now['used_memory_human']} at the end, peak {now['used_memory_peak_human']}; "
          f"heartbeats {beats / 1e6:.1f} MB of {sum(server.client.hlen('oddline:{%d}:hosts' % s) for s in range(args.shards))} hosts")
    fleet_command(args, server)
    found = check(server, args)
    print("the streams:", found)
    whole = found["entries"] == args.hosts * args.findings or args.hosts * args.findings > args.max_len
    server.kill()
    return 0 if whole and not (found["twice"] or found["broken_chains"] or found["hosts_short"] or sum(o["missing"] for o in outs)) else 1


def main():
    args = arguments()
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    dir = tempfile.mkdtemp(prefix="oddline-fleet.")
    try:
        return run(args, dir)
    finally:
        shutil.rmtree(dir, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
