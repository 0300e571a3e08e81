# SPDX-License-Identifier: MIT
"""Promise: the sample of a rolling release updates two services one after the other, halts at the first one that a bad version hurts, and
goes back by itself within seconds; the other one is never touched. The step of the pipeline goes on only with a verdict that is no failure.

  gate_rollout.py BUILD_DIR
"""
import ctypes
import os
import signal
import subprocess
import sys
import tempfile
import time

BUILD = os.path.abspath(sys.argv[1])
TREE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def die_with_parent():
    os.setsid()
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def step(code):
    """What the step `gate` of ci.yml ends with when the gate ends with `code`."""
    with open(os.path.join(TREE, "samples/rollout/ci.yml")) as file:
        step_of = file.read().split("id: gate")[1].split("run: |\n")[1].split("      - name:")[0]
    script = f"oddline() {{ return {code}; }}\n" + step_of
    with tempfile.TemporaryDirectory() as work:
        env = dict(os.environ, VERSION="v1", GITHUB_OUTPUT=os.path.join(work, "output"))
        return subprocess.run(["sh", "-e", "-c", script], cwd=work, env=env, timeout=10).returncode


def main():
    for code, goes_on in ((0, True), (2, True), (1, False), (66, False), (78, False), (137, False)):
        if (step(code) == 0) != goes_on:
            sys.exit(f"gate_rollout.py: the pipeline {'stops' if goes_on else 'goes on'} when the gate ends with {code}")
    env = dict(os.environ, ODDLINE=os.path.join(BUILD, "oddline"), BASELINE="8s", WAIT="10s")  # a busy machine has a dozen requests a second
    done = subprocess.Popen(["sh", os.path.join(TREE, "samples/rollout/run.sh")], env=env, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, preexec_fn=die_with_parent)
    said, at = [], {}
    try:
        for line in done.stdout:
            said.append(line)
            at.setdefault(line[10:].strip(), time.monotonic())
        code = done.wait(timeout=30)
    finally:
        try:
            os.killpg(done.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    text = "".join(said)
    for part in ("v2 runs on both", "v3-bad goes to a", "rolled back: v2 runs on both"):
        if part not in at:
            sys.exit(f"gate_rollout.py: never said '{part}':\n{text}")
    took = at["rolled back: v2 runs on both"] - at["v3-bad goes to a"]
    print(f"rolled back {took:.1f} s after the bad version was started")
    if code != 1 or "v3-bad goes to b" in at or took > 10 or "surely worse: errors" not in text:
        sys.exit(f"gate_rollout.py: exit code {code}, {took:.1f} s:\n{text}")


main()
