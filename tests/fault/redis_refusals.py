# SPDX-License-Identifier: MIT
"""What a healthy connection is told instead of OK: C7 to C15, and Sentinel. Real servers, a fake one where MOVED has to come at will."""
import shutil
import socket
import time

from fake_redis import FakeRedis, bulk
from redis_lab import Client, main

SHA = b"$40\r\n" + b"a" * 40 + b"\r\n"


def eviction(lab):
    """C7: a server that may delete our keys is named at the connection, once, and shown."""
    s = lab.server()
    s("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    d = lab.drive(s)
    d.until(10)
    d.wait(lambda: d.evicts, "evicts")
    for _ in range(3):
        s("CLIENT", "KILL", "TYPE", "normal")
        d.until(d.confirmed + 10)
    assert sum("maxmemory-policy" in l for l in d.lines) == 1, d.lines
    s("CONFIG", "SET", "maxmemory-policy", "volatile-lru")
    s("CLIENT", "KILL", "TYPE", "normal")
    d.until(100)
    d.wait(lambda: not d.evicts, "evicts no more")
    d.finish()
    lab.expect(s, 100)


def loading(lab):
    """C8: the server reads its data set for a second or two."""
    s = lab.server("--appendonly", "yes", "--appendfsync", "always", "--rdbcompression", "no")
    c = Client(s)
    for k in range(200):
        c("SET", "key%d" % k, "x" * 1000)
    d = lab.drive(s)
    d.until(100)
    c.close()
    s.rewrite_aof()  # as an RDB: only then it answers while it loads
    s.kill()
    s.options += ["--key-load-delay", "5000", "--loading-process-events-interval-bytes", "1024"]
    s.start(wait=False)
    d.goal(200)
    d.says("still loading")
    d.until(200)
    d.finish()
    lab.expect(s, 200)


def busy(lab):
    """C9: another client's script does not end."""
    s = lab.server("--busy-reply-threshold", "50")
    d = lab.drive(s)
    d.until(10)
    c = Client(s)
    c.send("EVAL", "while true do end", 0)
    s.until_refuses("BUSY")
    d.goal(50)
    d.says("busy with another script")
    s("SCRIPT", "KILL")
    d.until(50)
    d.finish()
    lab.expect(s, 50)


def misconf(lab):
    """C10: the server cannot save."""
    s = lab.server(tcp=True)
    d = lab.drive(s)
    d.until(10)
    s("CONFIG", "SET", "save", "3600 1")
    shutil.rmtree(s.dir)
    s("BGSAVE")
    until = time.monotonic() + 10
    while "rdb_last_bgsave_status:err" not in s("INFO", "persistence"):
        assert time.monotonic() < until, "BGSAVE does not fail"
        time.sleep(0.02)
    d.goal(30)
    d.says("cannot save its data")
    s("CONFIG", "SET", "stop-writes-on-bgsave-error", "no")
    d.until(30)
    d.finish()
    lab.expect(s, 30)


def noreplicas(lab):
    """C11: too few replicas."""
    s = lab.server()
    d = lab.drive(s)
    d.until(10)
    s("CONFIG", "SET", "min-replicas-to-write", "1")
    d.goal(50)
    d.says("too few replicas")
    time.sleep(0.1)
    s("CONFIG", "SET", "min-replicas-to-write", "0")
    d.until(50)
    d.finish()
    lab.expect(s, 50)


def holds(pid, secret):
    """Is the secret anywhere in the memory of the process? None when that cannot be looked at."""
    try:
        with open("/proc/%d/maps" % pid) as maps, open("/proc/%d/mem" % pid, "rb") as mem:
            for line in maps:
                begin, end = (int(x, 16) for x in line.split()[0].split("-"))
                if " rw" not in line or end - begin > 1 << 28:
                    continue
                try:
                    mem.seek(begin)
                    if secret in mem.read(end - begin):
                        return True
                except (OSError, ValueError, OverflowError):
                    pass
        return False
    except PermissionError:
        return None


def password(lab):
    """C12: wrong, then rotated live; named at most once a minute beyond the courier; nowhere to be read."""
    s, path = lab.server(), lab.dir + "/password"

    def write(text):
        with open(path, "w") as f:
            f.write(text + "\n")

    s("ACL", "SETUSER", "writer", "reset", "on", ">first-secret", "~oddline:{0}:*", "+@all")
    write("not-that-one")
    d = lab.drive(s, user="writer", password_file=path).goal(10)
    d.says("wrong user or password")
    write("first-secret")
    d.until(10)
    s("ACL", "SETUSER", "writer", "resetpass", ">second-secret")
    s("CLIENT", "KILL", "USER", "writer")
    d.goal(20)
    d.says("wrong user or password", since=len(d.lines))
    write("second-secret")
    d.until(20)
    s("ACL", "SETUSER", "writer", "off")
    s("CLIENT", "KILL", "USER", "writer")
    d.goal(30)
    d.says("wrong user or password", since=len(d.lines))
    time.sleep(0.3)
    s("ACL", "SETUSER", "writer", "on")
    d.until(30)
    assert sum("still:" in l for l in d.lines) <= 1, "said again within the minute"
    proc = "/proc/%d/" % d.process.pid
    seen = open(proc + "cmdline").read() + open(proc + "environ").read() + "\n".join(d.lines)
    assert "secret" not in seen, "the password shows"
    where = holds(d.process.pid, b"second-secret")
    assert not where, "the password stays in memory"
    if where is None:
        print("skipped: the memory of a process cannot be looked at here")
    d.finish()
    lab.expect(s, 30)


def plaintext(lab):
    """C12: a password does not leave the machine readable, unless that is wanted."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        try:
            s.connect(("192.0.2.1", 9))  # sends nothing; asks by which address that would go
        except OSError:
            print("skipped: this machine has no address but the loopback's")
            return
        address = s.getsockname()[0]
    fake = lab.keep(FakeRedis(lambda c, n: b"-ERR no\r\n", address))
    with open(lab.dir + "/password", "w") as f:
        f.write("first-secret\n")
    url = "redis://%s:%d" % (address, fake.port)
    d = lab.drive(url, password_file=lab.dir + "/password").goal(10)
    d.says("allow_plaintext")
    assert not fake.commands, fake.commands
    d.kill()
    d = lab.drive(url, password_file=lab.dir + "/password", plain=1).goal(10)
    d.says("refused the login")
    assert fake.commands[0] == [b"AUTH", b"first-secret"]
    d.kill()


def echoed(lab):
    """C12: a server that repeats the password in its error does not get it into the log."""
    fake = lab.keep(FakeRedis(lambda c, n: b"-ERR strange: " + b" ".join(c) + b"\r\n"))
    with open(lab.dir + "/password", "w") as f:
        f.write("first-secret\n")
    d = lab.drive("redis://127.0.0.1:%d" % fake.port, password_file=lab.dir + "/password").goal(1)
    d.says("refused the login")
    assert not any("secret" in l for l in d.lines), d.lines
    d.kill()


def wiped(lab):
    """C12: the password is gone from memory when it was the last thing said, and nothing came to lie over it."""
    fake = lab.keep(FakeRedis(lambda c, n: b"-WRONGPASS no\r\n"))
    with open(lab.dir + "/password", "w") as f:
        f.write("first-secret\n")
    d = lab.drive("redis://127.0.0.1:%d" % fake.port, password_file=lab.dir + "/password",
                  wait_ms=900).goal(1)
    d.says("wrong user or password")
    where = holds(d.process.pid, b"first-secret")
    assert not where, "the password stays in memory"
    if where is None:
        print("skipped: the memory of a process cannot be looked at here")
    d.kill()


def noperm(lab):
    """C13: a command or a key is not allowed: named, nothing is added, and it goes on when it is."""
    s = lab.server()
    d = lab.drive(s)
    d.until(10)
    s("ACL", "SETUSER", "default", "-xadd")
    d.goal(20)
    d.says("lacks a permission")
    s("ACL", "SETUSER", "default", "+xadd", "resetkeys", "~oddline:{0}:page")
    d.says("redis: the user", since=len(d.lines))
    s("ACL", "SETUSER", "default", "allkeys")
    d.until(20)
    d.finish()
    lab.expect(s, 20)


def wrongtype(lab):
    """C14: a key holds something else, before and while we run."""
    s = lab.server()
    s("SET", "oddline:{0}:ticket", "text")
    d = lab.drive(s).goal(10)
    d.says("oddline:{0}:ticket: holds something else")
    assert s("DBSIZE") == 1
    s("DEL", "oddline:{0}:ticket")
    d.until(10)
    s("SET", "oddline:{0}:log", "text")
    d.goal(20)
    d.says("oddline:{0}:log: holds something else")
    s("DEL", "oddline:{0}:log")
    d.until(20)
    d.finish()
    lab.expect(s, 20)


def moved(lab):
    """C15: MOVED is followed to another port, also in a circle no further than five hops; ASK and its kin are waited out."""
    real = lab.server(tcp=True)
    say = {"now": b"-ASK 7 127.0.0.1:%d\r\n" % real.port}

    def answer(command, number):
        return SHA if command[0] == b"SCRIPT" else \
            b"-NOPERM no\r\n" if command[0] == b"INFO" else say["now"]

    fake = lab.keep(FakeRedis(answer))
    d = lab.drive("redis://127.0.0.1:%d" % fake.port).goal(50)
    d.says("moving the keys")
    say["now"] = b"-TRYAGAIN Multiple keys request during rehashing of slot\r\n"
    d.says("in the middle of moving")
    say["now"] = b"-CLUSTERDOWN The cluster is down\r\n"
    d.says("cluster is down")
    say["now"] = b"-MOVED 7 :%d\r\n" % fake.port  # to itself
    d.says("too often")
    say["now"] = b"-MOVED 7 127.0.0.1:1\r\n"  # where nobody is
    d.says("cannot connect")
    say["now"] = b"-MOVED 7 127.0.0.1:%d\r\n" % real.port
    d.until(50)
    real("CLIENT", "KILL", "TYPE", "normal")  # and through the fake again
    d.until(100)
    d.finish()
    lab.expect(real, 100)


def cluster(lab):
    """C15: real cluster nodes: the slot is migrated to the other one while findings come."""
    a, b = (lab.server("--cluster-enabled", "yes", "--cluster-node-timeout", "2000", tcp=True)
            for _ in range(2))
    d = lab.drive(a).goal(20)
    d.says("cluster is down")
    a("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
    d.until(20)
    a("CLUSTER", "MEET", "127.0.0.1", b.port)
    until = time.monotonic() + 20
    while "cluster_state:ok" not in b("CLUSTER", "INFO"):
        assert time.monotonic() < until, "the nodes do not meet"
        time.sleep(0.05)
    keys = ["oddline:{0}:" + k for k in ("page", "ticket", "log", "seen")]
    slot = a("CLUSTER", "KEYSLOT", keys[0])
    ids = [x("CLUSTER", "MYID") for x in (a, b)]
    d.goal(100000)
    b("CLUSTER", "SETSLOT", slot, "IMPORTING", ids[0])
    a("CLUSTER", "SETSLOT", slot, "MIGRATING", ids[1])
    for k in keys:
        a("MIGRATE", "127.0.0.1", b.port, k, 0, 5000)
        time.sleep(0.05)
    d.says("moving")
    for x in (b, a):
        x("CLUSTER", "SETSLOT", slot, "NODE", ids[1])
    at = d.settle(500)
    d.finish()
    lab.expect(b, at)


def sentinel(lab):
    """The master is asked for at each connection: it dies, the sentinels put the replica in its place."""
    old, new = lab.server(tcp=True), lab.server(tcp=True)
    new("REPLICAOF", "127.0.0.1", old.port)
    watch = lab.server("--sentinel", start=False, tcp=True, config="""
sentinel monitor mymaster 127.0.0.1 %d 1
sentinel down-after-milliseconds mymaster 600
sentinel failover-timeout mymaster 4000
""" % old.port).start()
    url = "redis-sentinel://127.0.0.1:1,127.0.0.1:%d/mymaster/0" % watch.port
    wrong = lab.drive(url.replace("mymaster", "other")).goal(1)
    wrong.says("knows no master")
    wrong.kill()
    d = lab.drive(url)
    d.until(100)
    until = time.monotonic() + 20
    while watch("SENTINEL", "CKQUORUM", "mymaster")[:2] != "OK" or \
            len(watch("SENTINEL", "REPLICAS", "mymaster")) < 1 or \
            "master_link_status:up" not in new("INFO", "replication"):
        assert time.monotonic() < until, "the sentinel does not find the replica"
        time.sleep(0.1)
    d.until(200)
    assert old("WAIT", 1, 5000) == 1
    old.kill()
    d.goal(400)
    d.wait(lambda: d.confirmed == 400, "the replica takes over", 40)
    d.finish()
    lab.expect(new, 400)


def hostile_sentinel(lab):
    """A sentinel that answers nonsense is left for the next one."""
    real = lab.server(tcp=True)
    replies = [b"*-1\r\n", b":1\r\n", bulk(b"127.0.0.1"), bulk(b"", b"1"), bulk(b"h", b"-1"),
               bulk(b"x" * 300, b"1"), b"-NOSCRIPT\r\n", b"+OK\r\n", b"*1000000000\r\n", None]
    fake = lab.keep(FakeRedis(lambda c, n: replies[n % len(replies)]))
    good = lab.keep(FakeRedis(lambda c, n: bulk(b"127.0.0.1", b"%d" % real.port)))
    bad = lab.drive("redis-sentinel://127.0.0.1:%d/m" % fake.port).goal(1)
    bad.wait(lambda: fake.connections > 2 * len(replies), "all of the nonsense")
    assert bad.confirmed == 0
    bad.kill()
    d = lab.drive("redis-sentinel://127.0.0.1:%d,127.0.0.1:%d/m" % (fake.port, good.port))
    d.until(20)
    d.finish()
    lab.expect(real, 20)


if __name__ == "__main__":
    main({f.__name__: f for f in (eviction, loading, busy, misconf, noreplicas, password, plaintext,
                                  echoed, wiped, noperm, wrongtype, moved, cluster, sentinel,
                                  hostile_sentinel)})
