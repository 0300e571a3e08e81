# SPDX-License-Identifier: MIT
"""What the network does to us: C19 to C23; and what a hostile server says: C24."""
import signal
import socket
import threading
import time

from fake_redis import FakeRedis, bulk
from redis_lab import LONG, Client, main
from tcp_fault import Fault, Proxy

SHA = b"$40\r\n" + b"a" * 40 + b"\r\n"


def proxied(lab, **options):
    """A server, the proxy before it, and the driver that has published one finding through both."""
    s = lab.server()
    proxy = lab.keep(Proxy(s.socket))
    d = lab.drive("redis://127.0.0.1:%d" % proxy.port, **options)
    d.until(1)
    return s, proxy, d


def sweep(lab, way, step):
    """One new finding per place to cut at: the connection that carries it first ends there."""
    s, proxy, d = proxied(lab, wait_ms=1)
    whole = Fault()
    proxy.plan = [whole]
    proxy.cut_all()
    d.until(2)
    most = whole.passed[way]
    places = list(range(1, most, 1 if LONG else step)) + list(range(most - 8, most + 4))
    for n, at in enumerate(places, 3):
        proxy.plan = [Fault(**{"cut_" + way: at}, reset=n % 2 == 0)]
        proxy.cut_all()
        d.until(n)
        assert not proxy.plan, "the cut at %d was not met" % at
    d.finish()
    lab.expect(s, len(places) + 2)


def cut_request(lab):
    """C19: after each byte of what is sent: the question and the finding, about 1200 bytes."""
    sweep(lab, "up", 3)


def cut_reply(lab):
    """C19: after each byte of what comes back: two answers of the script."""
    sweep(lab, "down", 1)


def cut_batches(lab):
    """C19: every connection ends after some KB, while large batches go: they become smaller until they pass."""
    s, proxy, d = proxied(lab, wait_ms=1, batch=100, size=2000)
    proxy.otherwise = Fault(cut_up=9000)
    proxy.cut_all()
    d.until(300, 60)
    d.finish()
    lab.expect(s, 300, size=2000)


def blackhole(lab):
    """C20: all is taken and nothing answered; each attempt ends in time (the driver's timeouts are 1 s here)."""
    s, proxy, d = proxied(lab, timeout_ms=1000)
    proxy.otherwise = Fault(hole=True)
    proxy.cut_all()
    begin, since = time.monotonic(), len(d.lines)
    d.goal(50)
    d.says("no answer in time", since=since)
    assert time.monotonic() - begin < 2.5, "too late"
    proxy.otherwise = Fault()
    proxy.cut_all()
    d.until(50)
    d.finish()
    lab.expect(s, 50)


def stopped(lab):
    """C21: the server stands still, also in the middle of batches, and goes on."""
    s = lab.server()
    d = lab.drive(s).goal(1000000)
    for _ in range(10 if LONG else 3):
        time.sleep(0.1)
        s.signal(signal.SIGSTOP)
        d.says("no answer in time", since=len(d.lines))
        time.sleep(6 if LONG else 0.5)
        s.signal(signal.SIGCONT)
    at = d.settle(2000, 30)
    d.finish()
    lab.expect(s, at)


def paused(lab):
    """C22: CLIENT PAUSE WRITE, longer than the timeout; and CLIENT KILL without end."""
    s = lab.server()
    d = lab.drive(s)
    d.until(20)
    s("CLIENT", "PAUSE", 900, "WRITE")
    d.goal(50)
    d.says("no answer in time")
    d.until(50)
    stop = threading.Event()

    def kill():
        c = Client(s)
        while not stop.wait(0.004):
            c("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        d.until(3000, 60)
    finally:
        stop.set()
        thread.join()
    d.finish()
    lab.expect(s, 3000)


def slow(lab):
    """C23: 1 KB/s behind something that buffers (a tunnel), findings that take longer than the timeout: smaller batches and more
    patience get them through, one by one."""
    s, proxy, d = proxied(lab, timeout_ms=1000, size=3000)
    proxy.otherwise = Fault(rate=1024)
    proxy.cut_all()
    d.until(9 if LONG else 4, 120)
    assert sum("no answer" in l for l in d.lines) <= 5, d.lines
    proxy.otherwise = Fault()
    proxy.cut_all()
    d.until(50, 60)
    d.finish()
    lab.expect(s, 50, size=3000)


HOSTILE = [
    b"*1000000000\r\n", b"*2147483647\r\n", b"$2147483647\r\n" + b"x" * 100000, b"*1\r\n" * 200,
    b"$-5\r\n", b"*-7\r\n", b"*99999999999999999999\r\n", b"$99999999999999999999\r\n",
    b"%1\r\n+a\r\n+b\r\n", b"~1\r\n+a\r\n", b"_\r\n", b"#t\r\n", b",1.5\r\n", b"(123\r\n",
    b">2\r\n+message\r\n+x\r\n", b"=15\r\ntxt:Some string\r\n", b"!5\r\nERROR\r\n",
    b"+" + b"x" * 200000, b"-" + b"x" * 200000, b":99999999999999999999\r\n", b":x\r\n",
    b"\0" * 1000, b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\r\n", b"*3\r\n", b"*0\r\n", b"*-1\r\n",
    bulk(b"OK", b"1"), bulk(b"OK", b"-1", b""), bulk(b"OK", b"nan", b""), bulk(b"OK", b" 7", b""),
    bulk(b"OK", b"99999999999999999999", b""), bulk(b"YES", b"1", b""), b"*3\r\n:1\r\n:2\r\n:3\r\n",
    b"*3\r\n$-1\r\n$-1\r\n$-1\r\n", bulk(b"OK", b"0", b"") + b"+more\r\n", b"-NOSCRIPT\r\n",
    b"-MOVED\r\n", b"-MOVED 1 \r\n", b"-MOVED 1 :\r\n", b"-MOVED 1 h:0\r\n", b"-MOVED x y:1\r\n",
    b"-MOVED 1 " + b"h" * 5000 + b":1\r\n", b"-\x1b[2J\x07\r\n", bulk(b"GONE", b"0", b"x" * 50000),
    bulk(b"*" * 70, b"1", b"x"), None,
]


def hostile(lab):
    """C24: whatever it says, the connection is left, nothing is believed, memory stays; a good server then gets each once."""
    step = {"at": 0}

    def answer(command, number):
        if command[0] == b"SCRIPT" and step["at"] % 2:
            return SHA
        step["at"] += 1
        return HOSTILE[step["at"] // 2 % len(HOSTILE)]

    fake = lab.keep(FakeRedis(answer))
    d = lab.drive("redis://127.0.0.1:%d" % fake.port, wait_ms=1, timeout_ms=150).goal(1)
    d.wait(lambda: step["at"] > 20, "begins", 20)
    before = d.rss_kb()
    d.wait(lambda: step["at"] > 4 * len(HOSTILE), "all of it twice", 60)
    assert d.rss_kb() - before < 32768, "memory grew from %d to %d KB" % (before, d.rss_kb())
    assert d.confirmed == 0, "believed it"
    assert not any("\x1b" in l for l in d.lines if not l.startswith("error")), "a terminal code came through"
    d.kill()


def drip(lab):
    """C24: an answer of one byte now and then, for ever, is not progress."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(16)
    lab.keep(listener)

    def serve():
        clients = []
        listener.settimeout(0.05)
        while True:
            try:
                clients.append(listener.accept()[0])
            except TimeoutError:
                pass
            except OSError:
                return
            for c in clients:
                try:
                    c.send(b"+" if c else b"")
                except OSError:
                    pass

    threading.Thread(target=serve, daemon=True).start()
    d = lab.drive("redis://127.0.0.1:%d" % listener.getsockname()[1]).goal(1)
    begin = time.monotonic()
    d.says("no answer in time", timeout=10)
    assert time.monotonic() - begin < 3
    d.kill()


def idle(lab):
    """A connection that the server closed while nothing was to be sent is no trouble."""
    s = lab.server()
    d = lab.drive(s)
    for n in range(1, 6):
        d.until(n)
        s("CLIENT", "KILL", "TYPE", "normal")
        time.sleep(0.05)
    assert not d.lines, d.lines
    d.finish()
    lab.expect(s, 5)


if __name__ == "__main__":
    main({f.__name__: f for f in (cut_request, cut_reply, cut_batches, blackhole, stopped, paused, slow,
                                  hostile, drip, idle)})
