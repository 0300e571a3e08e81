# SPDX-License-Identifier: MIT
"""What Redis loses or holds against us: C1, C3 to C6, C16 to C18. Real servers; see redis_lab.py for the oracle."""
import glob
import os
import random
import shutil
import threading
import time

from redis_lab import LONG, Client, Refused, main

AOF = ("--appendonly", "yes", "--appendfsync", "always", "--auto-aof-rewrite-percentage", "0")


def down_and_up(lab):
    """C1: away at the start, killed again and again; what it had stays on its disk."""
    s = lab.server(*AOF, start=False)
    d = lab.drive(s).goal(50)
    d.says("cannot connect")
    for n in range(1, (100 if LONG else 8) + 1):
        s.start()
        d.goal(50 + n * 40)
        time.sleep(random.random() * 0.1)
        s.kill()
    s.start()
    d.until(5000)
    d.finish()
    lab.expect(s, 5000)


def aof_rollback(lab):
    """C3: Redis comes back without its newest findings, cut anywhere, also in the middle of a command."""
    s = lab.server(*AOF)
    d = lab.drive(s, batch=7)
    goal = 60
    d.until(goal)
    for _ in range(50 if LONG else 8):
        s.kill()
        path = glob.glob(s.dir + "/appendonlydir/*.incr.aof")[0]
        size = os.path.getsize(path)
        with open(path, "r+b") as f:
            f.truncate(random.randrange(size))
        s.start()
        s.rewrite_aof()
        goal += random.randrange(1, 60)
        d.until(goal)
        lab.expect(s, goal)
    assert any("up to" in l or "deleted" in l for l in d.lines), "nothing was ever lost"
    d.finish()


def failover(lab):
    """C4: the replica stood still while findings went to the master; then the master dies and the replica takes over."""
    old, new = lab.server(tcp=True), lab.server("--repl-timeout", "60", tcp=True)
    d = lab.drive(old)
    d.until(100)
    new("REPLICAOF", "127.0.0.1", old.port)
    until = time.monotonic() + 20
    while "master_link_status:up" not in new("INFO", "replication"):
        assert time.monotonic() < until, "the replica does not follow"
        time.sleep(0.05)
    d.until(150)
    assert old("WAIT", 1, 5000) == 1
    new.signal(19)  # SIGSTOP
    d.until(400)  # the replica does not get these
    old.kill()
    d.kill()
    new.signal(18)
    new("REPLICAOF", "NO", "ONE")
    d = lab.drive(new)
    d.until(420)
    d.finish()
    lab.expect(new, 420)


def demotion(lab):
    """C5: the master becomes a replica under load, and master again."""
    s = lab.server()
    d = lab.drive(s).goal(100000)
    for _ in range(20 if LONG else 4):
        time.sleep(0.1)
        since = len(d.lines)
        s("REPLICAOF", "127.0.0.1", "1")
        d.says("read-only replica", since=since)
        s("REPLICAOF", "NO", "ONE")
    at = d.settle(2000, 30)
    d.finish()
    lab.expect(s, at)


def oom_flicker(lab):
    """C6: another client takes the memory away and gives it back every 2 ms: also between two commands of a script, if that were possible."""
    s = lab.server("--maxmemory-policy", "noeviction")
    stop = threading.Event()

    def flicker():
        c = Client(s)
        while not stop.wait(0.002):
            c("CONFIG", "SET", "maxmemory", "1")
            stop.wait(0.002)
            c("CONFIG", "SET", "maxmemory", "0")
        c("CONFIG", "SET", "maxmemory", "0")

    thread = threading.Thread(target=flicker)
    thread.start()
    try:
        goal = 20000 if LONG else 2000
        d = lab.drive(s, wait_ms=1, batch=9)
        d.until(goal, 90)
    finally:
        stop.set()
        thread.join()
    assert any("out of memory" in l for l in d.lines), "the memory never flickered"
    d.finish()
    lab.expect(s, goal)


def admin(lab):
    """C16: FLUSHALL and DEL send again what is kept; XTRIM and XDEL of the newest are no loss. n goes on without a hole."""
    s = lab.server()
    d = lab.drive(s).goal(100000)
    for k in range(60 if LONG else 12):
        time.sleep(0.03)
        (lambda: s("FLUSHALL"), lambda: s("DEL", "oddline:{0}:page"),
         lambda: s("DEL", "oddline:{0}:seen"),
         lambda: s("DEL", "oddline:{0}:log", "oddline:{0}:seen"))[k % 4]()
    at = d.settle(500, 60)
    s("DEL", "oddline:{0}:page", "oddline:{0}:ticket", "oddline:{0}:log", "oddline:{0}:seen")
    d.until(at + 1, 60)
    lab.expect(s, at + 1)
    newest = s("XREVRANGE", "oddline:{0}:page", "+", "-", "COUNT", 1)[0][0]
    s("XDEL", "oddline:{0}:page", newest)
    s("XTRIM", "oddline:{0}:ticket", "MAXLEN", 0)
    d.until(at + 10)
    d.finish()
    for key in ("page", "ticket", "log"):
        numbers = [int(dict(zip(f[::2], f[1::2]))["n"]) for _, f in
                   s("XRANGE", "oddline:{0}:" + key, "-", "+")]
        assert len(numbers) == len(set(numbers)) and max(numbers) > at + 7
    assert s("XLEN", "oddline:{0}:ticket") == 3  # only what came since


def foreign(lab):
    """C17: others add to our streams, also under our name, and write into `seen`: no effect on what is ours."""
    s = lab.server()
    d = lab.drive(s).goal(100000)
    for k in range(40):
        s("XADD", "oddline:{0}:page", "*", "host", "web1", "epoch", "x", "n", "nan")
        s("XADD", "oddline:{0}:log", "*", "hello", "world")
        if k % 10 == 5:
            s("HSET", "oddline:{0}:seen", "web1", "nonsense", "web9", "x")
        if k % 10 == 7:
            s("HSET", "oddline:{0}:seen", "web1", "000000000000000e 5 q 1-1 1-1 0 - - 0 - -")
        if k % 10 == 9:
            s("HSET", "oddline:{0}:seen", "web1", "000000000000000e 5 1 x y 0 - - 0 - -")
        time.sleep(0.01)
    at = d.settle(100)
    # an id in the far future is no loss, and the last id there is is named before anything is added in part
    s("XADD", "oddline:{0}:page", "99999999999999-1", "a", "b")
    d.until(at + 10)
    s("XADD", "oddline:{0}:log", "18446744073709551615-18446744073709551615", "a", "b")
    d.goal(at + 20)
    d.says("the last id there is")
    s("DEL", "oddline:{0}:log")
    d.until(at + 20)
    d.finish()
    lab.expect(s, at + 20)


def twins(lab):
    """C18: a second daemon with our name is found in one handshake; a restart after kill -9 is not taken for one."""
    s, mine = lab.server(), lab.dir + "/instances"
    for n in range(1, 5):
        d = lab.drive(s, instance=mine)
        d.until(n * 10)
        d.kill()
    # another state directory: another epoch
    other = lab.drive(s, epoch=15, instance=lab.dir + "/other").goal(10)
    other.finish(3)
    assert any("another state directory" in l for l in other.lines), other.lines
    # a clone, made while stopped: the first to start goes on, the second one stops
    shutil.copy(mine, lab.dir + "/clone")
    d = lab.drive(s, instance=mine)
    d.until(50)
    clone = lab.drive(s, instance=lab.dir + "/clone").goal(60)
    clone.finish(3)
    assert sum("a copy of this state directory" in l for l in clone.lines) == 1, clone.lines
    d.until(60)
    # a clone made while we run: it takes over once, and we notice before anything is lost
    shutil.copy(mine, lab.dir + "/clone")
    clone = lab.drive(s, instance=lab.dir + "/clone")
    clone.until(65)
    d.goal(70)
    d.finish(3)
    assert any("a copy of this state directory" in l for l in d.lines)
    assert clone.confirmed == 65
    clone.finish()
    lab.expect(s, 65)
    # --new-epoch goes on, and then the old one is stopped by its epoch
    d = lab.drive(s, epoch=16, new_epoch=1, instance=mine)
    d.until(5)
    d.finish()


def twin_and_rollback(lab):
    """C18 with C3: a Redis that shows an older start of ours is no twin."""
    s, mine = lab.server("--save", ""), lab.dir + "/instances"
    d = lab.drive(s, instance=mine)
    d.until(10)
    d.kill()
    old = dict(zip(*[iter(s("HGETALL", "oddline:{0}:seen"))] * 2))
    d = lab.drive(s, instance=mine)
    d.until(20)
    s("HSET", "oddline:{0}:seen", "#@web1", old["#@web1"])  # under its feet, on the same connection
    d.until(30)
    d.finish()
    lab.expect(s, 30)
    try:
        s("HSET", "oddline:{0}:page", "a", "b")
        raise AssertionError("a stream took a field")
    except Refused:
        pass


if __name__ == "__main__":
    main({f.__name__: f for f in (down_and_up, aof_rollback, failover, demotion, oom_flicker, admin,
                                  foreign, twins, twin_and_rollback)})
