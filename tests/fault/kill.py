#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""kill -9 of the daemon, of Redis and of both, at any moment: every finding once, in order, no gaps.

  kill.py NAME BUILD [--repeat KILLS] [--seed N]
"""
import os
import subprocess
import time

import rig

POINTS = ("block-written", "block-synced", "segment-created", "segment-sealed", "segment-unlinked", "compact-renamed",
          "snapshot-written", "snapshot-renamed", "snapshot-dir-synced", "confirm-written", "marked", "sent", "acked")


def begin(world, **writer):
    if writer.get("rotate") == 0:
        world.configure(joined=True)
    world.redis_start()
    took = world.daemon_start()
    world.writer_start(**{"rotate": 2, "rate": 20000, **writer})
    return took


def finish(world, runs, seconds=40):
    world.writer_finish()
    if world.daemon.poll() is not None:
        world.daemon_start()
    verdict = world.verify(seconds=seconds)
    return f"runs={runs} lines={world.model().lines} {verdict}"


def random_kills(world, args):
    """A quarter of them while the daemon starts or replays, the others 30 to 250 ms later."""
    repeat = args.repeat or 25
    start_s = begin(world)
    for _ in range(repeat):
        early = world.random.random() < 0.25
        time.sleep(world.random.uniform(0, 2 * start_s) if early else start_s + world.random.uniform(0.03, 0.25))
        world.daemon_kill()
        world.daemon_start(wait=0)
    return finish(world, repeat, 40 + repeat / 5)


def kill_redis(world, args):
    repeat = args.repeat or 6
    begin(world)
    for _ in range(repeat):
        time.sleep(world.random.uniform(0.1, 1))
        world.redis_kill()
        time.sleep(world.random.uniform(0, 0.5))
        world.redis_start()
    return finish(world, repeat, 60)


def kill_both(world, args):
    repeat = args.repeat or 8
    begin(world)
    for _ in range(repeat):
        time.sleep(world.random.uniform(0.05, 0.7))
        kills = [world.redis_kill, world.daemon_kill]
        world.random.shuffle(kills)
        kills[0]()
        time.sleep(world.random.uniform(0, 0.05))
        kills[1]()
        starts = [world.redis_start, lambda: world.daemon_start(wait=0)]
        world.random.shuffle(starts)
        for start in starts:
            start()
    return finish(world, repeat, 60)


def has_points(world):
    with open(world.oddline, "rb") as program:
        return b"ODDLINE_CRASH\0" in program.read()


def one_point(world, point, count, seconds):
    """True when it was reached: the daemon killed itself there."""
    world.daemon_start(wait=0, env={"ODDLINE_CRASH": f"{point}:{count}"})
    ended = rig.until(seconds, lambda: world.daemon.poll() is not None, 0.01)
    if ended and world.daemon.returncode != -9:
        raise rig.Failed(f"{point}:{count}: the daemon ended with {world.daemon.returncode}")
    if not ended:
        world.daemon_kill()
    return bool(ended)


def crash_points(world, args):
    """Each point twice, the second time a little later; one world goes through all of them."""
    if not has_points(world):
        raise rig.Skipped("built without crash points (cmake -DODDLINE_CRASH_POINTS=ON)")
    world.configure(series="lines, records, bytes, errors, warnings, level_info")
    begin(world, speed=60)  # so many findings that the journal needs new segments all the time
    world.daemon_kill()
    reached, missed = 0, []
    for point in POINTS:
        for repeat in range(args.repeat or 2):
            count = 1 if repeat == 0 else world.random.randint(2, 4)
            patient = 8 if point in ("segment-unlinked", "compact-renamed") else 2.5  # what waits for two snapshots
            if one_point(world, point, count, args.seconds or patient):
                reached += 1
            else:
                missed.append(f"{point}:{count}")
    text = finish(world, reached)
    return text + (f"; not reached: {', '.join(missed)}" if missed else "")


def quiet_windows(world, args):
    """Windows that the quiet clock closed are in a block and in no snapshot yet: the replay closes them, and nothing does twice."""
    if not has_points(world):
        raise rig.Skipped("built without crash points (cmake -DODDLINE_CRASH_POINTS=ON)")
    world.redis_start()
    reached = 0
    for count in range(2, 2 + (args.repeat or 3)):  # the first is that of the start, one of the next that of the quiet windows
        world.daemon_start()
        world.write(120)
        time.sleep(2.5)
        world.daemon_kill()
        reached += one_point(world, "snapshot-written", count, 9)
    world.daemon_start()
    time.sleep(8)  # what was not closed in the replay is closed now, for the second time
    world.tick()
    return f"runs={reached} lines={world.model().lines} {world.verify()}"


def syscalls(world, args):
    """strace kills the daemon at its Nth call that writes, counted in each thread."""
    rig.need_ptrace()
    repeat = args.repeat or 12
    begin(world)
    world.daemon_kill()
    reached = 0
    for i in range(repeat):
        calls = ("fdatasync", "pwrite64,pwritev", "rename,renameat,renameat2", "fsync", "unlink,unlinkat", "fallocate")[i % 6]
        when = world.random.randint(1, (12, 12, 3, 3, 2, 1)[i % 6])
        trace = ["strace", "-D", "-f", "-qq", "--seccomp-bpf", "-o", "/dev/null", "-e", f"trace={calls}",
                 "-e", f"inject={calls}:signal=KILL:when={when}"]
        world.daemon_start(wait=0, wrap=trace)
        reached += bool(rig.until(args.seconds or 2.5, lambda: world.daemon.poll() is not None, 0.01))
        world.daemon_kill()
    return finish(world, reached)


if __name__ == "__main__":
    rig.run({"a1": random_kills, "a2": crash_points, "a3": syscalls, "quiet": quiet_windows, "c1": kill_redis, "c2": kill_both})
