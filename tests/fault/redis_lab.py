# SPDX-License-Identifier: MIT
"""What the fault tests of the Redis sink share: real servers, the driver, and the oracle.

Promise of the oracle (`Lab.expect`): over the three streams each n from 1 to the goal is there exactly once, in order, with
the bytes that the driver made for it, and `prev` names the one before it in its stream.
"""
import ctypes
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

LONG = os.environ.get("ODDLINE_LONG") == "1"
ROUTES = ["page", "ticket", "log"]


class Refused(Exception):
    """An error reply."""


class Client:
    """A connection of our own, for asking and for mischief."""

    def __init__(self, server, timeout=20, password=None):
        if server.port:
            self.socket = socket.create_connection(("127.0.0.1", server.port), timeout)
        else:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.settimeout(timeout)
            self.socket.connect(server.socket)
        self.file = self.socket.makefile("rb")
        if password:
            self("AUTH", password)

    def __call__(self, *words):
        self.send(*words)
        return self.receive()

    def send(self, *words):
        out = [b"*%d\r\n" % len(words)]
        for w in words:
            w = w if isinstance(w, bytes) else str(w).encode()
            out.append(b"$%d\r\n%s\r\n" % (len(w), w))
        self.socket.sendall(b"".join(out))

    def receive(self):
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("closed")
        kind, rest = line[:1], line[1:-2]
        if kind == b"-":
            raise Refused(rest.decode())
        if kind == b"+":
            return rest.decode()
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if rest == b"-1" else self.file.read(int(rest) + 2)[:-2].decode()
        return [self.receive() for _ in range(int(rest))]

    def close(self):
        self.file.close()
        self.socket.close()


LIBC = ctypes.CDLL(None)


def quiet():
    """Runs in the child: it dies with us, whatever happens (PR_SET_PDEATHSIG)."""
    LIBC.prctl(1, signal.SIGKILL)


class Server:
    """One redis-server: on a private unix socket, or (tcp=True) on a random port of 127.0.0.1."""

    def __init__(self, lab, *options, tcp=False, config=None):
        self.dir = tempfile.mkdtemp(dir=lab.dir)
        self.socket, self.tcp, self.port = self.dir + "/s", tcp, 0
        self.options, self.config, self.process = list(options), config, None
        self.url = "unix://" + self.socket

    def start(self, wait=True, timeout=20):
        for _ in range(20):  # a port may be taken between choosing and binding
            if self.tcp and not self.port:
                with socket.socket() as s:
                    s.bind(("127.0.0.1", 0))
                    self.port = s.getsockname()[1]
                if self.port > 50000:  # a cluster's bus is 10000 above
                    self.port -= 20000
                self.url = "redis://127.0.0.1:%d" % self.port
            words = ["redis-server"]
            if self.config:
                with open(self.dir + "/conf", "w") as f:
                    f.write(self.config)
                words += [self.dir + "/conf"]
            words += ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", self.dir, "--logfile",
                      self.dir + "/log", "--save", ""]
            words += [] if self.tcp else ["--unixsocket", self.socket]
            self.process = subprocess.Popen(words + self.options, preexec_fn=quiet,
                                            stdout=subprocess.DEVNULL)
            if not wait or self._answers(timeout):
                return self
            if not self.tcp:
                break
            self.kill()
            self.port = 0
        raise AssertionError("redis-server does not start: " + open(self.dir + "/log").read()[-500:])

    def _answers(self, timeout):
        until = time.monotonic() + timeout
        while time.monotonic() < until and self.process.poll() is None:
            try:
                c = Client(self)
                try:
                    c("PING")
                except Refused as e:
                    if str(e).startswith("LOADING"):
                        time.sleep(0.02)
                        continue
                finally:
                    c.close()
                return True
            except OSError:
                time.sleep(0.02)
        return False

    def __call__(self, *words, password=None):
        c = Client(self, password=password)
        try:
            return c(*words)
        finally:
            c.close()

    def until_refuses(self, code, timeout=10):
        """Until a harmless command is answered with that error."""
        until = time.monotonic() + timeout
        while time.monotonic() < until:
            try:
                self("PING")
            except Refused as refused:
                if str(refused).startswith(code):
                    return
            time.sleep(0.01)
        raise AssertionError("the server does not answer " + code)

    def rewrite_aof(self):
        """A torn AOF is repaired by writing it anew, so that the next tear does not meet the old one."""
        self("BGREWRITEAOF")
        until = time.monotonic() + 10
        while any(x in self("INFO", "persistence") for x in
                  ("aof_rewrite_in_progress:1", "aof_rewrite_scheduled:1")):
            assert time.monotonic() < until, "the AOF is not rewritten"
            time.sleep(0.02)

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
        if self.process:
            self.process.wait()
        self.process = None
        if not self.tcp and os.path.exists(self.socket):
            os.unlink(self.socket)


class Driver:
    """tests/fault/redis_drive.c: the sink with the smallest courier."""

    def __init__(self, lab, url, **options):
        words = [lab.driver, "url=" + url] + ["%s=%s" % o for o in options.items()]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True, preexec_fn=quiet)
        self.goal_n, self.confirmed, self.rests, self.evicts = 0, 0, 0, False
        self.lines, self.changed = [], threading.Condition()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            with self.changed:
                words = line.split()
                if words[:1] == ["confirmed"]:
                    self.confirmed = int(words[1])
                elif words[:1] == ["rests"]:
                    self.rests = int(words[1])
                elif words[:1] == ["evicts"]:
                    self.evicts = words[1] == "1"
                elif len(self.lines) < 100000:
                    self.lines.append(line.rstrip("\n"))
                self.changed.notify_all()

    def goal(self, n):
        self.goal_n = n
        try:
            self.process.stdin.write("goal %d\n" % n)
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # it has ended already: finish() tells with what
        return self

    def wait(self, condition, what, timeout=20):
        until = time.monotonic() + timeout
        with self.changed:
            while not condition():
                left = until - time.monotonic()
                if left <= 0:
                    raise AssertionError("%s: not within %s s; confirmed %d of %d; said: %s" % (
                        what, timeout, self.confirmed, self.goal_n, self.lines[-5:]))
                self.changed.wait(min(left, 0.2))

    def until(self, n, timeout=20):
        self.goal(n)
        self.wait(lambda: self.confirmed == n, "confirmed %d" % n, timeout)

    def settle(self, more, timeout=20):
        """A little further, and no more is under way: a far goal is taken back while findings are being sent, so some may come on top."""
        self.goal(self.confirmed + more)
        self.wait(lambda: self.rests == self.goal_n, "rests at %d" % self.goal_n, timeout)
        return self.confirmed

    def says(self, text, timeout=20, since=0):
        self.wait(lambda: any(text in l for l in self.lines[since:]), "says '%s'" % text, timeout)

    def finish(self, code=0, timeout=20):
        """stdin ends; what it ends with."""
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass  # what a goal left in the pipe
        got = self.process.wait(timeout)
        self.reader.join(timeout)
        assert got == code, "ended with %d, not %d: %s" % (got, code, self.lines[-8:])

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def rss_kb(self):
        with open("/proc/%d/status" % self.process.pid) as f:
            return int([l for l in f if l.startswith("VmHWM")][0].split()[1])


class Lab:
    """The things of one test, all gone at its end."""

    def __init__(self, driver):
        self.driver, self.things = driver, []
        self.dir = tempfile.mkdtemp(prefix="oddline-redis-", dir=os.environ.get("TMPDIR", "/tmp"))

    def server(self, *options, start=True, **more):
        s = Server(self, *options, **more)
        self.things.append(s.kill)
        return s.start() if start else s

    def drive(self, url, **options):
        d = Driver(self, url if isinstance(url, str) else url.url, **options)
        self.things.append(d.kill)
        return d

    def keep(self, thing):
        self.things.append(thing.close)
        return thing

    def close(self):
        for end in reversed(self.things):
            try:
                end()
            except OSError:
                pass
        shutil.rmtree(self.dir, ignore_errors=True)

    def expect(self, server, goal, host="web1", first=1, size=100, password=None):
        """Each n once, in order, whole, chained."""
        found = {}
        for number, route in enumerate(ROUTES):
            prev = 0
            for _, flat in server("XRANGE", "oddline:{0}:" + route, "-", "+", password=password):
                f = dict(zip(flat[::2], flat[1::2]))
                if f.get("host") != host or "prev" not in f:
                    continue
                n = int(f["n"])
                assert n not in found, "n %d is there twice" % n
                assert n % 3 == number and f["route"] == route, "n %d in %s" % (n, route)
                assert n > prev, "n %d behind %d" % (n, prev)
                assert prev == 0 or int(f["prev"]) == prev, "prev of %d" % n
                head = '{"n":%d,"pad":"' % n
                assert f["data"] == head + "x" * max(0, size - 2 - len(head)) + '"}', f["data"][:60]
                found[n] = prev = n
        missing = [n for n in range(first, goal + 1) if n not in found]
        assert not missing, "missing: %s" % missing[:10]
        assert len(found) == goal + 1 - first, "more than there should be: %d" % max(found)


def main(scenarios):
    """argv: the driver, then names of scenarios; without names all."""
    names = sys.argv[2:] or list(scenarios)
    seed = int(os.environ.get("ODDLINE_SEED", random.randrange(1 << 30)))
    for name in names:
        random.seed(seed)
        begin, lab = time.monotonic(), Lab(os.path.abspath(sys.argv[1]))
        try:
            scenarios[name](lab)
        except BaseException:
            print("FAILED %s (ODDLINE_SEED=%d)" % (name, seed), flush=True)
            raise
        finally:
            lab.close()
        print("ok     %-34s %5.1f s" % (name, time.monotonic() - begin), flush=True)
