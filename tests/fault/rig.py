# SPDX-License-Identifier: MIT
"""The rig: one daemon, one Redis, one writer, all in a directory of their own, and what ends them.

  with World("a1", build, seed) as w:
      w.redis_start(); w.daemon_start(); w.writer_start(seconds=10, rotate=2)
      ... harm ...
      w.writer_finish(); w.settle(); w.verify()

Every child dies with the rig (PDEATHSIG), the directory goes, and a scenario that hangs is ended by its alarm.
"""
import argparse
import ctypes
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import check_chain
from model import Lines, Model

LATENESS_MS = 5000
FINISH_MS = 30000  # how far ahead the closing line lies
TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Failed(Exception):
    pass


class Skipped(Exception):
    pass


def _die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def until(seconds, holds, pause=0.05):
    end = time.monotonic() + seconds
    while True:
        value = holds()
        if value or time.monotonic() > end:
            return value
        time.sleep(pause)


def need(*programs):
    for program in programs:
        if not shutil.which(program):
            raise Skipped(f"{program} is not installed")


def need_root():
    if os.geteuid() != 0:
        raise Skipped("needs root")


def need_ptrace():
    need("strace")
    if subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True).returncode:
        raise Skipped("ptrace is not allowed here")


class World:
    def __init__(self, name, build, seed):
        self.name, self.build, self.seed = name, os.path.abspath(build), seed
        self.random = random.Random(seed)
        self.oddline, self.tools = f"{self.build}/oddline", f"{self.build}/tests/fault"
        for needed in self.oddline, f"{self.tools}/chain.so":
            if not os.path.exists(needed):
                raise Failed(f"{needed} is not built")
        self.dir = tempfile.mkdtemp(prefix=f"oddline-{name}.", dir=os.environ.get("TMPDIR", "/tmp"))
        os.chmod(self.dir, 0o755)
        self.log, self.state = f"{self.dir}/logs/app.log", f"{self.dir}/state"
        self.jsonl, self.socket = f"{self.dir}/findings.jsonl", f"{self.dir}/redis/sock"
        self.said, self.config = f"{self.dir}/daemon.log", f"{self.dir}/oddline.yaml"
        self.children, self.at_end = [], []
        self.daemon = self.redis = self.writer = self.lines = None
        self.starts = 0
        for part in "logs", "redis":
            os.mkdir(f"{self.dir}/{part}")
        self.configure()

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if isinstance(error, Failed) and not error.args[0].endswith("\n"):
            error.args = (f"{error.args[0]}\n{self.tail()}",)
        for child in self.children:
            if child.poll() is None:
                child.kill()
        for child in self.children:
            child.wait()
        for undo in reversed(self.at_end):
            undo()
        if not os.environ.get("FAULT_KEEP"):
            shutil.rmtree(self.dir, ignore_errors=True)

    def tail(self, count=8):
        try:
            with open(self.said, errors="replace") as said:
                return "".join(f"    | {line[:240].rstrip()}\n" for line in said.readlines()[-count:])
        except FileNotFoundError:
            return ""

    # ---- configuration -----------------------------------------------------

    def knows(self, key):
        if not hasattr(World, "reference"):
            World.reference = subprocess.run([self.oddline, "check", "--reference"], capture_output=True, text=True).stdout
        return f"`{key}`" in World.reference

    def configure(self, paths=None, joined=False, detectors=None, series="lines"):
        """`joined`: lines without a stamp belong to the record before, which therefore waits for what follows. Where files are rotated
        by rename it would come behind the first records of the next file, and the chain wants one order: there each line is a record.
        The key `policy` is left out where the program does not know it: the detector's scores then get through by their flag."""
        stream = ["    policy: every"] if self.knows("policy") else []
        if not joined and not os.environ.get("FAULT_JOINED"):
            stream.append("    multiline: {start: ''}")
        text = [f"state_dir: {self.state}", "streams:", "  - name: app", f"    paths: ['{paths or self.log}']",
                "    start: begin", "    window: 1s", f"    lateness: {LATENESS_MS}ms", "    warmup: 0", *stream,
                "    detectors:", *(detectors or [f"      - {{use: {self.tools}/chain.so, on: [{series}], on_lag: wait}}"])]
        text += ["sinks:", f"  jsonl: {{path: {self.jsonl}}}", f"  redis: {{url: 'unix://{self.socket}', max_len: 10000000}}"]
        with open(self.config, "w") as out:
            out.write("\n".join(text) + "\n")

    # ---- the daemon ----------------------------------------------------------

    def spawn(self, command, **options):
        child = subprocess.Popen(command, preexec_fn=_die_with_parent, **options)
        self.children.append(child)
        return child

    def running(self):
        with open(self.said, errors="replace") as said:
            said.seek(self.said_from)
            return "running: " in said.read()

    def said_since(self, text):
        with open(self.said, errors="replace") as said:
            said.seek(self.said_from)
            return text in said.read()

    def said_ever(self, text):
        with open(self.said, errors="replace") as said:
            return text in said.read()

    def daemon_start(self, wait=10, env=None, wrap=(), args=()):
        """`wrap`: a command that runs the daemon and keeps its process id, such as strace -D."""
        out = open(self.said, "a")
        self.said_from = os.fstat(out.fileno()).st_size
        self.daemon = self.spawn([*wrap, self.oddline, "run", "-c", self.config, *args], stdin=subprocess.DEVNULL,
                                 stdout=out, stderr=out, env={**os.environ, **(env or {})})
        out.close()
        self.starts += 1
        begun = time.monotonic()
        if wait and not until(wait, lambda: self.running() or self.daemon.poll() is not None, 0.01):
            raise Failed(f"the daemon does not start within {wait} s")
        if wait and self.daemon.poll() is not None and not env and not wrap:
            raise Failed(f"the daemon ended at its start with {self.daemon.returncode}")
        return time.monotonic() - begun

    def daemon_kill(self):
        self.daemon.kill()
        return self.daemon.wait()

    def daemon_term(self, within=10, code=0):
        begun = time.monotonic()
        self.daemon.terminate()
        try:
            got = self.daemon.wait(within)
        except subprocess.TimeoutExpired:
            raise Failed(f"the daemon does not end within {within} s of SIGTERM")
        if code is not None and got != code:
            raise Failed(f"the daemon ended with {got}")
        return time.monotonic() - begun

    def daemon_pids(self):
        """The daemon and its workers."""
        children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(self.daemon.pid)], capture_output=True, text=True).stdout
        return [self.daemon.pid, *map(int, children.split())]

    # ---- Redis -----------------------------------------------------------------

    def redis_start(self, *options):
        need("redis-server")
        out = open(f"{self.dir}/redis.log", "a")
        self.redis = self.spawn(["redis-server", "--port", "0", "--unixsocket", self.socket, "--dir", f"{self.dir}/redis",
                                 "--save", "", "--appendonly", "yes", "--appendfsync", "always", *options],
                                stdout=out, stderr=out)
        out.close()
        if not until(20, self.redis_answers):
            raise Failed("redis-server does not start")

    def redis_answers(self):
        try:
            return self.ask("PING") == b"PONG"
        except (OSError, RuntimeError):
            return False

    def ask(self, *words):
        redis = check_chain.Resp(self.socket)
        try:
            return redis(*words)
        finally:
            redis.close()

    def redis_kill(self):
        self.redis.kill()
        self.redis.wait()

    # ---- lines -------------------------------------------------------------------

    def writer_start(self, **options):
        options = {"log": self.log, "model": f"{self.dir}/model", "finish": FINISH_MS, **options}
        words = [word for key, value in options.items() for word in (f"--{key}", str(value))]
        self.writer = self.spawn([f"{self.tools}/write_numbered", *words], stdout=subprocess.DEVNULL)

    def writer_finish(self):
        if self.writer.poll() is None:
            self.writer.terminate()
        if self.writer.wait(30):
            raise Failed("the writer failed")

    def write(self, count, path=None, ends=b""):
        """From the rig itself: so many numbered lines at the end of `path`."""
        self.lines = self.lines or Lines()
        with open(path or self.log, "ab") as out:
            out.write(self.lines.take(count) + ends)

    def tick(self, path=None):
        """A line that closes every window before it; when these are found, everything before the line was read."""
        self.lines = self.lines or Lines()
        with open(path or self.log, "ab") as out:
            out.write(self.lines.tick(LATENESS_MS + 2000))

    def model(self):
        return self.lines.model if self.lines else Model.read(f"{self.dir}/model")

    # ---- the end -------------------------------------------------------------------

    def newest(self):
        """End of the newest window of the chain in Redis, ms."""
        try:
            entries = self.ask("XREVRANGE", "oddline:{0}:log", "+", "-", "COUNT", 20)
        except (OSError, RuntimeError):
            return 0
        for _, fields in entries:
            f = json.loads(fields[fields.index(b"data") + 1])
            if f["detector"] == "chain" and f["kind"] not in ("gap", "plugin"):
                return check_chain.ms_of(f["window"]["end"])
        return 0

    def settled(self, seconds=30):
        last = [w[0] for w in self.model().windows(LATENESS_MS)][-1:]
        return until(seconds, lambda: not last or self.newest() >= last[0] or self.daemon.poll() is not None)

    def wait_read(self, path=None):
        self.tick(path)
        if not self.settled():
            raise Failed(f"what was written is not read within 30 s; {self.verdict()}")

    def verdict(self, ordered=True):
        jsonl = self.jsonl if os.path.exists(self.jsonl) else None
        return check_chain.check(self.socket, "oddline", jsonl, self.model(), LATENESS_MS, ordered)

    def conserved(self, gaps=0):
        """What is wrong with the laws that the daemon counts by itself, as of its end: bytes per file, and findings per sink."""
        shown = subprocess.run([self.oddline, "status", "-c", self.config, "--json"], capture_output=True, text=True)
        status = json.loads(shown.stdout or "{}")
        for sink in status.get("sinks", []):
            if sink["committed"] != sink["confirmed"] + sink["waiting"]:
                return f"sink {sink['name']}: committed {sink['committed']} is not {sink['confirmed']} confirmed and {sink['waiting']} waiting"
        law = status.get("conservation")
        if law and (law["moved"] != law["scored"] + law["gap"] or (law["lost"] and not gaps)):
            return f"bytes are not conserved: {law}"
        return None

    def verify(self, gaps=0, seconds=30, ordered=True):
        """The daemon runs and has time to catch up; then it ends in order and everything is compared."""
        self.settled(seconds)
        if self.daemon.poll() is None:
            self.daemon_term()
        else:
            raise Failed(f"the daemon has ended with {self.daemon.returncode}; {self.verdict()}")
        verdict = self.verdict(ordered)
        broken = self.conserved(gaps)
        if broken:
            verdict.say("wrong", broken)
        if not verdict.ok(gaps):
            raise Failed("\n  ".join([str(verdict), *verdict.said]))
        return verdict


# ---- the command --------------------------------------------------------------

def _alarm(number, frame):
    raise Failed("the scenario took too long")


def run(scenarios):
    """NAME BUILD [--repeat N] [--seconds S] [--seed X]; a scenario is a function of (world, args), and says how it went."""
    parser = argparse.ArgumentParser()
    parser.add_argument("name", choices=sorted(scenarios))
    parser.add_argument("build")
    parser.add_argument("--repeat", type=int, help="how often the fault strikes; each scenario has a short default")
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4), "big"))
    parser.add_argument("--limit", type=int, default=170, help="seconds until it counts as hanging")
    args = parser.parse_args()
    signal.signal(signal.SIGALRM, _alarm)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    signal.alarm(args.limit)
    print(f"fault {args.name}: seed {args.seed}", flush=True)
    begun, code, text = time.monotonic(), 0, ""
    try:
        with World(args.name, args.build, args.seed) as world:
            text = scenarios[args.name](world, args)
    except Skipped as why:
        code, text = 77, f"SKIPPED: {why}"
    except (Failed, OSError, RuntimeError, subprocess.SubprocessError) as why:
        code, text = 1, f"FAILED: {why}"
    line = f"fault {args.name}: {text} [seed {args.seed}, {time.monotonic() - begun:.0f} s]"
    print(line)
    if os.environ.get("FAULT_TABLE"):
        with open(os.environ["FAULT_TABLE"], "a") as table:
            table.write(line.split("\n")[0] + "\n")
    sys.exit(code)
