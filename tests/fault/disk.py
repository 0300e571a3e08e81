#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The state directory in trouble.

  disk.py a12 BUILD    no room (tmpfs; root): reading waits, and goes on when there is room
  disk.py a14 BUILD    fdatasync fails once (strace): the daemon ends, the next start is exact
  disk.py a21 BUILD    two daemons on one state directory: the second is refused
  disk.py a22 BUILD    the state directory is removed: the daemon ends, loudly, and writes nowhere else
  disk.py a23 BUILD    50 starts and kills while Redis is down: starting stays quick, the directory does not grow
        [--repeat N] [--seed N]
"""
import os
import shutil
import subprocess
import time

import kill
import rig

START_MAX_S = 2.0


# ---- A12 -----------------------------------------------------------------------

def fill(path):
    """All the room there is, to the last page."""
    out = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    size = 1 << 20
    while size:
        try:
            if os.write(out, b"\1" * size) < size:
                size //= 2
        except OSError:
            size //= 2
    os.close(out)


def disk_full(world, args):
    rig.need_root()
    os.mkdir(world.state, 0o750)
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m,mode=0750", "tmpfs", world.state], capture_output=True, text=True)
    if done.returncode:
        raise rig.Skipped(f"tmpfs cannot be mounted: {done.stderr.strip()}")
    world.at_end.append(lambda: subprocess.run(["umount", "-l", world.state], capture_output=True))
    kill.begin(world)
    repeat = args.repeat or 2
    for _ in range(repeat):
        time.sleep(world.random.uniform(0.3, 1))
        fill(f"{world.state}/filler")
        time.sleep(world.random.uniform(2, 4))
        if world.daemon.poll() is not None:
            raise rig.Failed(f"a full disk ended the daemon with {world.daemon.returncode}")
        os.unlink(f"{world.state}/filler")
    time.sleep(1)
    return kill.finish(world, repeat)


# ---- A14 -----------------------------------------------------------------------

def sync_fails(world, args):
    """What the disk holds is unknown after a failed sync: ending is right, asking again is not."""
    rig.need_ptrace()
    repeat = args.repeat or 3
    kill.begin(world)
    world.daemon_kill()
    for _ in range(repeat):
        when = world.random.randint(2, 12)
        trace = ["strace", "-D", "-f", "-qq", "--seccomp-bpf", "-o", "/dev/null", "-e", "trace=fdatasync",
                 "-e", f"inject=fdatasync:error=EIO:when={when}"]
        world.daemon_start(wait=0, wrap=trace)
        if not rig.until(20, lambda: world.daemon.poll() is not None):
            raise rig.Failed(f"fdatasync number {when} failed and the daemon goes on")
        if world.daemon.returncode == 0:
            raise rig.Failed("a failed sync ended the daemon with 0")
    return kill.finish(world, repeat)


# ---- A21, A22 --------------------------------------------------------------------

def two_daemons(world, args):
    kill.begin(world, rotate=0)
    repeat = args.repeat or 3
    for _ in range(repeat):
        second = subprocess.run([world.oddline, "run", "-c", world.config], capture_output=True, text=True, timeout=10)
        if second.returncode == 0 or not second.stderr.strip():
            raise rig.Failed(f"a second daemon ended with {second.returncode}: {second.stderr.strip()[-200:]}")
        time.sleep(0.3)
    return kill.finish(world, repeat)


def state_removed(world, args):
    kill.begin(world, rotate=0)
    time.sleep(1)
    before = set(os.listdir(world.dir))
    shutil.rmtree(world.state)
    if not rig.until(30, lambda: world.daemon.poll() is not None):
        raise rig.Failed("without its state directory the daemon goes on")
    if world.daemon.returncode == 0 or not world.said_since("error: "):
        raise rig.Failed(f"without its state directory the daemon ended with {world.daemon.returncode} and said nothing")
    if set(os.listdir(world.dir)) - before:
        raise rig.Failed(f"files appeared elsewhere: {set(os.listdir(world.dir)) - before}")
    world.writer_finish()
    return "runs=1 the daemon ended and said so"


# ---- A23 -----------------------------------------------------------------------

def disk_used(world):
    return sum(os.lstat(f"{folder}/{name}").st_blocks * 512 for folder, _, names in os.walk(world.state) for name in names)


def unclean_starts(world, args):
    """Redis is down and nothing new is written: what 50 kills leave behind is what the first ones did."""
    repeat = args.repeat or 50
    world.redis_start()
    world.daemon_start()
    world.redis_kill()
    world.writer_start(seconds=6, rotate=2)
    time.sleep(5)
    slowest, used = 0.0, []
    for i in range(repeat):
        world.daemon_kill()
        took = world.daemon_start(wait=30)
        slowest = max(slowest, took)
        time.sleep(world.random.uniform(0, 0.1))
        if i == 2:
            world.writer_finish()
            time.sleep(1)
        if i >= 5:
            used.append(disk_used(world))
    if used and max(used) > used[0] + (4 << 20):
        raise rig.Failed(f"{len(used)} kills grew the state directory from {used[0]} to {max(used)} bytes")
    if slowest > START_MAX_S:
        raise rig.Failed(f"the slowest start took {slowest:.2f} s")
    world.redis_start()
    return f"{kill.finish(world, repeat)} slowest_start={slowest:.2f}s disk={max(used, default=0) >> 10}KiB"


if __name__ == "__main__":
    rig.run({"a12": disk_full, "a14": sync_fails, "a21": two_daemons, "a22": state_removed, "a23": unclean_starts})
