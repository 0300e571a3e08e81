# SPDX-License-Identifier: MIT
"""What the tests of `oddline act` share: a redis-server on a private socket, findings in it, act, and the end of all of them.

Every child dies with the test (PDEATHSIG), the directory goes, and a test that hangs is ended by its alarm.
"""
import ctypes
import http.server
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import redis

TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Failed(Exception):
    pass


def expect(holds, what):
    if not holds:
        raise Failed(what)


def until(seconds, holds, what):
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise Failed(what() if callable(what) else what)
        time.sleep(0.02)


def _die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class Hook:
    """An HTTP server on a random port that keeps what was posted; `answers` are used up first, then it is 200."""

    def __init__(self):
        hook = self
        self.posts, self.answers, self.delay = [], [], 0

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                time.sleep(hook.delay)
                hook.posts.append((self.path, dict(self.headers), json.loads(body)))
                self.send_response(hook.answers.pop(0) if hook.answers else 200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d" % self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


class Rig:
    def __init__(self, build):
        self.oddline = os.path.join(os.path.abspath(build), "oddline")
        self.dir = tempfile.mkdtemp(prefix="oddline-act.", dir=os.environ.get("TMPDIR", "/tmp"))
        self.socket, self.audit, self.log = f"{self.dir}/redis.sock", f"{self.dir}/audit.jsonl", f"{self.dir}/act.log"
        self.children, self.n, self.prev = [], 0, {}
        self.redis_start()

    def close(self):
        for child in self.children:
            if child.poll() is None:
                child.kill()
            child.wait()
        if not os.environ.get("ACT_KEEP"):
            shutil.rmtree(self.dir, ignore_errors=True)

    def spawn(self, command, **options):
        child = subprocess.Popen(command, preexec_fn=_die_with_parent, stdin=subprocess.DEVNULL, **options)
        self.children.append(child)
        return child

    def path(self, name):
        return os.path.join(self.dir, name)

    # ---- Redis ---------------------------------------------------------------

    def redis_start(self):
        with open(f"{self.dir}/redis.log", "a") as out:
            self.server = self.spawn(["redis-server", "--port", "0", "--unixsocket", self.socket, "--dir", self.dir,
                                      "--save", "", "--appendonly", "yes", "--appendfsync", "always"], stdout=out, stderr=out)
        self.redis = redis.Redis(unix_socket_path=self.socket, decode_responses=True)
        until(10, self.redis_answers, "redis-server does not start")

    def redis_answers(self):
        try:
            return self.redis.ping()
        except redis.RedisError:
            return False

    def redis_kill(self):
        self.server.kill()
        self.server.wait()

    def publish(self, route="page", host="web1", **members):
        """One finding, as the daemon would add it. Returns its n."""
        self.n += 1
        finding = {"v": 1, "id": f"00000000000000e1-{self.n}", "epoch": "00000000000000e1", "n": self.n,
                   "fingerprint": f"{self.n:016x}", "status": "firing", "revision": 0,
                   "starts_at": "2016-12-19T17:14:38.000Z", "ends_at": None, "detected_at": "2016-12-19T17:15:00.000Z",
                   "stream": "checkout", "series": "errors", "key": {}, "detector": "ewma", "kind": "spike", "route": route,
                   "score": 7.3, "summary": "errors at 137 per minute, expected 0.4", "reasons": ["far above", "new template"],
                   "evidence": [{"path": "/var/log/app.log", "text": "boom"}], "resource": {"service.name": "shop"},
                   "labels": {"team": "payments"}, "annotations": {"runbook_url": "https://runbooks.example/checkout"}}
        finding.update(members)
        if finding["status"] == "resolved" and not finding["ends_at"]:
            finding["ends_at"] = "2016-12-19T18:00:00.000Z"
        n = finding["n"]
        self.redis.xadd("oddline:{0}:" + route, {
            "v": 1, "id": finding["id"], "epoch": finding["epoch"], "n": n, "prev": self.prev.get(route, 0),
            "ts": finding["detected_at"], "host": host, "stream": finding["stream"], "detector": finding["detector"],
            "route": route, "severity_number": 17, "status": finding["status"], "score": finding["score"] or "null",
            "fingerprint": finding["fingerprint"], "data": json.dumps(finding, separators=(",", ":"), ensure_ascii=False)})
        self.prev[route] = n
        return n

    def pending(self, action, route="page"):
        try:
            return self.redis.xpending("oddline:{0}:" + route, "oddline-act:" + action)["pending"]
        except redis.ResponseError:  # no group yet
            return -1

    def dead(self):
        return [fields for _, fields in self.redis.xrange("oddline:{0}:dead")]

    # ---- act -----------------------------------------------------------------

    def script(self, name, text):
        path = self.path(name)
        with open(path, "w") as out:
            out.write("#!/bin/sh\n" + text)
        os.chmod(path, 0o755)
        return path

    def configure(self, *actions, name="act.yaml", **act):
        path = self.path(name)
        act = {"audit": self.audit, **act}
        with open(path, "w") as out:
            json.dump({"sinks": {"redis": {"url": f"unix://{self.socket}"}}, "actions": list(actions), "act": act}, out)
        return path  # JSON is YAML

    def act(self, config, *options, env=None):
        with open(self.log, "a") as out:
            return self.spawn([self.oddline, "act", "-c", config, *options], stdout=out, stderr=out,
                              env={**os.environ, **(env or {})})

    def once(self, config, *options, code=0, within=30, env=None):
        child = self.act(config, "--once", *options, env=env)
        got = child.wait(within)
        expect(got == code, f"act --once ended with {got}, not {code}")

    def stop(self, child, within=8):
        child.terminate()
        expect(child.wait(within) == 0, f"act ended with {child.returncode}")

    def trail(self, **want):
        """The audit lines that have these members."""
        if not os.path.exists(self.audit):
            return []
        with open(self.audit) as lines:
            all_lines = [json.loads(line) for line in lines]
        return [line for line in all_lines if all(line[k] == v for k, v in want.items())]

    def said(self):
        with open(self.log, errors="replace") as log:
            return log.read()


def main(tests, seconds):
    """BUILD [NAME...]: run the functions test(rig), each on a rig of its own."""
    def alarm(*_):
        raise Failed("it took too long")
    signal.signal(signal.SIGALRM, alarm)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    signal.alarm(seconds)
    for test in tests:
        if sys.argv[2:] and test.__name__ not in sys.argv[2:]:
            continue
        begun = time.monotonic()
        rig = Rig(sys.argv[1])
        try:
            test(rig)
            print(f"ok   {test.__name__} [{time.monotonic() - begun:.1f} s]", flush=True)
        except Exception as why:
            print(f"FAIL {test.__name__}: {why}", flush=True)
            if os.path.exists(rig.log):
                print("".join("    | " + line[:300] for line in open(rig.log, errors="replace").readlines()[-15:]), flush=True)
            for line in rig.trail()[-8:]:
                print("    audit", line, flush=True)
            if not isinstance(why, (Failed, subprocess.TimeoutExpired)):
                raise
            return 1
        finally:
            rig.close()
    return 0
