#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The promise: `oddline fleet` shows each daemon that publishes into a Redis, the silent and the oddly configured ones too, and what fires on
how many hosts; and a heartbeat that Redis refuses holds up no finding.

    fleet.py BUILD [TEST...]
"""
import datetime
import fcntl
import json
import os
import pty
import signal
import socket
import struct
import subprocess
import sys
import termios
import time

import redis

from act_rig import TREE, expect, main, until

CALM, ODD = 40, 2  # minutes


def write_log(path):
    """Forty calm minutes, then two of errors that have just ended."""
    end = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    begin = end - datetime.timedelta(minutes=CALM + ODD)
    with open(path, "w") as out:
        for second in range((CALM + ODD) * 60):
            at = (begin + datetime.timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
            out.write(f"{at} INFO served a page\n")
            if second >= CALM * 60:
                out.write(f"{at} ERROR cannot reach the payment gateway\n" * 2)


class Hosts:
    def __init__(self, rig):
        self.rig, self.daemons = rig, {}

    def configure(self, name, window="60s", **sink):
        rig = self.rig
        if not self.daemons:
            write_log(rig.path("shop.log"))
        sink = {"url": f"unix://{rig.socket}", "host": name, "shards": 2, "heartbeat": "500ms", **sink}
        config = {"state_dir": rig.path(name), "sinks": {"redis": sink}, "resource": {"host.name": name},
                  "streams": [{"name": "shop", "paths": [rig.path("shop.log")], "start": "begin",
                               "window": window, "warmup": 10,
                               "detectors": [{"use": "pattern", "on": ["errors"], "set": {"warmup": 10}}]}]}
        path = rig.path(name + ".yaml")
        with open(path, "w") as out:
            json.dump(config, out)  # JSON is YAML
        return path

    def start(self, name, **sink):
        path = self.configure(name, **sink)
        with open(self.rig.log, "a") as out:
            self.daemons[name] = self.rig.spawn([self.rig.oddline, "run", "-c", path], stdout=out, stderr=out)
        return path

    def kill(self, name):
        self.daemons[name].kill()
        self.daemons[name].wait()

    def stop(self, name):
        self.daemons[name].terminate()
        expect(self.daemons[name].wait(10) == 0, "the daemon does not end well")


def fleet(rig, *options, code=0):
    """What it prints; with --json in `options` the objects."""
    ran = subprocess.run([rig.oddline, "fleet", "--url", f"unix://{rig.socket}", "--shards", "2", *options],
                         capture_output=True, text=True, timeout=20)
    expect(ran.returncode == code, f"fleet ended with {ran.returncode}: {ran.stderr}")
    return [json.loads(line) for line in ran.stdout.splitlines()] if "--json" in options else ran.stdout


def hosts_of(rig):
    return {line["host"]: line for line in fleet(rig, "--json") if line["type"] == "host"}


def troubles_of(rig):
    return [line for line in fleet(rig, "--json") if line["type"] == "trouble"]


def states(rig):
    return {name: host["state"] for name, host in hosts_of(rig).items()}


def three_hosts_one_dies_and_one_differs(rig):
    hosts = Hosts(rig)
    hosts.start("web1")
    hosts.start("web2")
    hosts.start("odd1", window="61s")
    until(15, lambda: states(rig) == {"web1": "ok", "web2": "ok", "odd1": "ok"}, lambda: f"hosts: {states(rig)}")
    until(15, lambda: [t["hosts"] for t in troubles_of(rig)] and max(t["hosts"] for t in troubles_of(rig)) >= 2,
          lambda: f"troubles: {troubles_of(rig)}")
    until(10, lambda: all(sum(h["firing"].values()) for h in hosts_of(rig).values()), "the beats do not say what fires")
    now = hosts_of(rig)
    expect({n: h["drift"] for n, h in now.items()} == {"web1": False, "web2": False, "odd1": True}, f"drift: {now}")
    expect(all(h["waiting"] == 0 and h["lag_s"] == 0 and h["n"] > 0 and h["streams"] == 1 for h in now.values()), now)
    shards = {n: h["shard"] for n, h in now.items()}
    kept = {n: [s for s in (0, 1) if rig.redis.hexists("oddline:{%d}:seen" % s, n)] for n in now}
    expect(all(kept[n] == [shards[n]] for n in now), f"shards: {shards}, published in {kept}")
    expect(set(shards.values()) == {0, 1}, f"all in one shard: {shards}")
    consumed = subprocess.run(["/usr/bin/python3", f"{TREE}/samples/consumers/consume.py", "--url", f"unix://{rig.socket}", "--shards", "2",
                               "--once"], capture_output=True, text=True, timeout=20)
    expect(sorted({line.split()[3].split("/")[0] for line in consumed.stdout.splitlines()}) == sorted(now), f"consumed: {consumed}")
    hosts.kill("web2")
    until(10, lambda: states(rig)["web2"] == "SILENT", lambda: f"not silent: {hosts_of(rig)['web2']}")
    expect(states(rig)["web1"] == "ok" and states(rig)["odd1"] == "ok", states(rig))
    table = fleet(rig)
    expect(table.splitlines()[2].startswith("web2") and "1 SILENT" in table.splitlines()[0], table)
    expect("drift" in table and " hosts " in table and "1 configured otherwise" in table, table)
    worst = max(troubles_of(rig), key=lambda t: t["hosts"])
    expect(worst["silent_hosts"] == 1 and worst["stream"] == "shop" and "errors" in worst["summary"], worst)
    fleet(rig, "--exit-code", code=1)
    # it comes back, and is no other host
    hosts.start("web2")
    until(15, lambda: states(rig)["web2"] == "ok" and len(states(rig)) == 3, lambda: f"not back: {states(rig)}")
    # one that somebody stops is not silent; one that lives is not forgotten
    hosts.stop("odd1")
    expect(states(rig)["odd1"] == "stopped", states(rig))
    fleet(rig, "--forget", "web1", code=65)
    rig.redis.execute_command("ACL", "SETUSER", "reader", "on", ">secret", "~oddline:*", "+hscan", "+xrevrange", "+time")
    with open(rig.path("reader"), "w") as out:
        out.write("secret\n")
    fleet(rig, "--user", "reader", "--password-file", rig.path("reader"))
    fleet(rig, "--forget", "nobody", code=66)
    fleet(rig, "--forget", "odd1")
    expect(set(states(rig)) == {"web1", "web2"}, states(rig))
    fleet(rig, "--exit-code")


def a_quiet_host_holds_no_connection(rig):
    hosts = Hosts(rig)
    hosts.start("web1", heartbeat="1s")
    until(15, lambda: states(rig).get("web1") == "ok", "no beat")

    def clients():
        return rig.redis.info("clients")["connected_clients"]  # ours is one of them
    until(15, lambda: clients() == 1, lambda: f"{clients()} connections")
    before = rig.redis.info("stats")["total_connections_received"]
    most, end = 0, time.monotonic() + 4
    while time.monotonic() < end:
        most = max(most, clients() == 1)
        time.sleep(0.05)
    made = rig.redis.info("stats")["total_connections_received"] - before
    expect(3 <= made <= 8, f"{made} connections in 4 s of beats each second")
    expect(most, "never without a connection")


def a_heartbeat_that_is_refused_holds_up_no_finding(rig):
    rig.redis.execute_command("ACL", "SETUSER", "sink", "on", ">secret", *["~oddline:{%d}:%s" % (s, k) for s in (0, 1)
                              for k in ("page", "ticket", "log", "seen")],
                              *"+eval +evalsha +script|load +info +type +exists +xinfo|stream +xadd +xrevrange +hget +hset".split())
    with open(rig.path("password"), "w") as out:
        out.write("secret\n")
    hosts = Hosts(rig)
    hosts.start("web1", user="sink", password_file=rig.path("password"))
    until(15, lambda: "heartbeats: " in rig.said(), "the refusal is not said")
    until(15, lambda: sum(rig.redis.xlen("oddline:{%d}:%s" % (s, r)) for s in (0, 1) for r in ("page", "ticket", "log")),
          "no finding came")
    time.sleep(2)
    expect(rig.said().count("heartbeats: ") == 1, "said more than once")
    expect("findings wait in the outbox" not in rig.said(), "the sink was in trouble")
    expect(hosts_of(rig) == {}, "there is a beat")
    rig.redis.execute_command("ACL", "SETUSER", "sink", "~oddline:*", "+time", "+hlen")
    until(10, lambda: states(rig).get("web1") == "ok", "no beat after the permission was given")
    expect("heartbeats work again" in rig.said(), rig.said())


def what_strangers_write_is_shown_and_not_obeyed(rig):
    evil = "a\x1b]0;owned\x07\u202e\n"
    rig.redis.hset("oddline:{0}:hosts", mapping={evil: '{"v":1,"version":"\\u001b[31m","interval_s":-1,"running":true}',
                                                 "array": "[1,2", "empty": "", "huge": '{"v":1,"n":1e400,"beat":99e99}'})
    rig.publish(summary=evil, stream=evil, host=evil)
    rig.redis.xadd("oddline:{0}:page", {"some": "thing"})
    rig.redis.xadd("oddline:{1}:ticket", {"id": "x", "host": "h", "status": "firing", "fingerprint": "0" * 16, "data": "{"})
    table = fleet(rig, "--color", "never")
    expect("\x1b" not in table and "\u202e" not in table and "\\x1b" in table, repr(table))
    expect("unreadable" in table and "2 troubles fire" in table, table)
    expect(len(fleet(rig, "--json")) == 4 + 2 + 1, "objects")


class Screen:
    """A terminal that somebody watches."""

    def __init__(self, rig, lines, columns, *options):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.child = rig.spawn([rig.oddline, "fleet", "--url", f"unix://{rig.socket}", "--watch", *options], stdout=slave, stderr=slave)
        os.close(slave)
        os.set_blocking(self.master, False)
        self.said = ""

    def frames(self):
        """What stood on it, one screen after the other."""
        try:
            self.said += os.read(self.master, 1 << 20).decode()
        except BlockingIOError:
            pass
        return self.said.split("\x1b[H\x1b[2J")[1:]

    def shows(self, text):
        return self.frames()[-1:] and text in self.frames()[-1]


def who_watches_sees_the_worst_and_that_redis_is_away(rig):
    now = int(time.time() * 1000)
    for i in range(60):
        rig.redis.hset("oddline:{0}:hosts", f"host-{i:02}", json.dumps(
            {"v": 1, "beat": now if i else 1, "version": "0.1.0", "running": True, "interval_s": 1000}))
    for i in range(40):
        rig.publish(summary="x" * 300)
    screen = Screen(rig, 20, 80)
    until(10, lambda: len(screen.frames()) >= 3, lambda: f"it does not look again: {screen.said}")
    frame = screen.frames()[1]
    lines = frame.replace("\x1b[?7l", "").replace("\x1b[?7h", "").split("\r\n")
    expect(len(lines) == 20, f"{len(lines)} of 20 lines: {frame}")
    expect(frame.startswith("\x1b[?7l") and frame.endswith("\x1b[?7h"), f"long lines are not cut: {frame!r}")
    expect("host-00" in lines[2] and "SILENT" in lines[2] and "more, none of them worse" in frame and "and 3" in lines[-2], frame)
    rig.redis_kill()
    until(10, lambda: screen.shows("cannot connect"), lambda: f"nothing is said: {screen.said[-500:]!r}")
    expect("host-00" not in screen.frames()[-1], "what is over still stands there")
    rig.redis_start()
    until(10, lambda: screen.shows("host-00"), lambda: f"it does not come back: {screen.said[-500:]!r}")
    screen.child.send_signal(signal.SIGINT)
    expect(screen.child.wait(4) == 0, "it does not end well")
    every = Screen(rig, 20, 80, "--top", "60")
    until(10, lambda: every.shows("host-59"), "--top does not count on a terminal")
    every.child.terminate()
    expect(every.child.wait(4) == 0, "it does not end well")
    fleet(rig, "--watch", "--forget-after", "1d", code=64)


def free_ports(count):
    """Below those that the system gives to clients, so that none of them takes one before a server does."""
    found = set()
    while len(found) < count:
        with socket.socket() as one:
            port = 10000 + int.from_bytes(os.urandom(2), "big") % 20000
            if one.connect_ex(("127.0.0.1", port)):
                found.add(port)
    return sorted(found)


class Cluster:
    """Three nodes, and slots so that {0} is on the third, {1} on the second, {2} on the first."""

    def __init__(self, rig):
        self.ports = free_ports(6)
        for i in range(3):
            os.mkdir(rig.path(f"node{i}"))
            with open(rig.path(f"node{i}/log"), "w") as out:
                rig.spawn(["redis-server", "--port", str(self.ports[i]), "--cluster-port", str(self.ports[i + 3]), "--bind", "127.0.0.1",
                           "--cluster-enabled", "yes", "--save", "", "--dir", rig.path(f"node{i}")], stdout=out, stderr=out)
        self.nodes = [redis.Redis(port=port, decode_responses=True) for port in self.ports[:3]]
        until(10, lambda: all(self.answers(node) for node in self.nodes), "the nodes do not start")
        for i, (first, last) in enumerate(((0, 5999), (6000, 10922), (10923, 16383))):
            self.nodes[i].execute_command("CLUSTER", "ADDSLOTSRANGE", first, last)
            self.nodes[0].execute_command("CLUSTER", "MEET", "127.0.0.1", self.ports[i], self.ports[i + 3])
        until(20, lambda: all(node.execute_command("CLUSTER INFO").get("cluster_state") == "ok" for node in self.nodes), "no cluster")

    @staticmethod
    def answers(node):
        try:
            return node.ping()
        except redis.RedisError:
            return False


def a_cluster_is_one_fleet(rig):
    """{0}, {1} and {2} lie on three nodes: wherever one asks, or is configured to ask, each shard is found."""
    cluster, hosts = Cluster(rig), Hosts(rig)
    url = f"redis://127.0.0.1:{cluster.ports[0]}"
    for k in range(3):
        path = hosts.start(f"web{k}", url=url, shards=3, shard=k)

    def look(port):
        ran = subprocess.run([rig.oddline, "fleet", "--url", f"redis://127.0.0.1:{port}", "--shards", "3", "--json"],
                             capture_output=True, text=True, timeout=20)
        expect(ran.returncode == 0, ran.stderr)
        return [json.loads(line) for line in ran.stdout.splitlines()]

    def together(port):
        seen = look(port)
        return ({(h["host"], h["shard"], h["state"], h["waiting"]) for h in seen if h["type"] == "host"} == {(f"web{k}", k, "ok", 0) for k in range(3)}
                and 3 in [t["hosts"] for t in seen if t["type"] == "trouble"])
    for port in cluster.ports[:3]:
        until(15, lambda: together(port), lambda: f"node {port} does not lead to all: {look(port)} {rig.said()}")
    kept = [[k for k in range(3) if any(key.startswith("oddline:{%d}:" % k) for key in node.keys())] for node in cluster.nodes]
    expect(kept == [[2], [1], [0]], f"the shards are not on three nodes: {kept}")
    hosts.stop("web1")
    ran = subprocess.run([rig.oddline, "fleet", "-c", path, "--forget", "web1"], capture_output=True, text=True, timeout=20)
    expect(ran.returncode == 0, ran.stderr)
    table = subprocess.run([rig.oddline, "fleet", "-c", path], capture_output=True, text=True, timeout=20).stdout
    expect("web1 " not in table.split("\n\n")[0] and "(of 1 nobody knows)" in table, table)
    seen = look(cluster.ports[0])
    expect([t["unheard_hosts"] for t in seen if t["type"] == "trouble" and t["hosts"] == 3] == [1], seen)
    expect([h["name_twice"] for h in seen if h["type"] == "host"] == [False, False], seen)


def without_redis_it_says_so(rig):
    rig.redis_kill()
    fleet(rig, code=69)
    ran = subprocess.run([rig.oddline, "fleet"], capture_output=True, text=True)
    expect(ran.returncode == 64, ran)
    path = rig.path("bad.yaml")
    with open(path, "w") as out:
        json.dump({"sinks": {"redis": {"url": "redis://127.0.0.1", "shards": 2, "shard": 2}}}, out)
    ran = subprocess.run([rig.oddline, "fleet", "-c", path], capture_output=True, text=True)
    expect(ran.returncode == 78 and "sinks.redis.shard: 2 is none of the 2" in ran.stderr, ran)


if __name__ == "__main__":
    sys.exit(main([three_hosts_one_dies_and_one_differs, a_quiet_host_holds_no_connection,
                   a_heartbeat_that_is_refused_holds_up_no_finding, what_strangers_write_is_shown_and_not_obeyed,
                   who_watches_sees_the_worst_and_that_redis_is_away, a_cluster_is_one_fleet,
                   without_redis_it_says_so], 110))
