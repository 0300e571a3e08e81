#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A long time and many files: exact, and nothing grows.

  soak.py e18 BUILD [--seconds S]     5000 lines/s, rotated every 5 s; kills every 10 s in the first half; memory and
                                      descriptors are watched in the second
  soak.py many BUILD [--seconds S]    10,000 files with 10 lines a second each; --repeat N sets another number of files
"""
import json
import os
import resource
import time

import kill
import rig

NOISE_KB = 4 << 10     # what a page cache of an allocator may do
SLOPE_KB_PER_S = 1.71  # 1 MiB in 10 minutes
RSS_MAX_KB = 256 << 10


def memory_kb(pids):
    """(memory of their own, that and what is shared): the ring is in both the daemon and its workers, and counts once."""
    own, shared = 0, 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/status") as status:
                kb = {line.split()[0]: int(line.split()[1]) for line in status if line.startswith("Rss")}
        except OSError:
            continue  # it ended
        own += kb.get("RssAnon:", 0)
        shared = max(shared, kb.get("RssShmem:", 0))
    return own, own + shared


def sample(world):
    return time.monotonic(), memory_kb(world.daemon_pids())[0], len(os.listdir(f"/proc/{world.daemon.pid}/fd"))


def slope(samples):
    """KiB a second, by least squares."""
    n = len(samples)
    t_mean, y_mean = sum(s[0] for s in samples) / n, sum(s[1] for s in samples) / n
    return sum((t - t_mean) * (y - y_mean) for t, y, _ in samples) / sum((t - t_mean) ** 2 for t, _, _ in samples)


def watch(world, seconds):
    end, samples = time.monotonic() + seconds, []
    while time.monotonic() < end:
        time.sleep(1)
        if world.daemon.poll() is not None:
            raise rig.Failed(f"the daemon ended with {world.daemon.returncode}")
        samples.append(sample(world))
    samples = samples[len(samples) // 3:]  # what fills up once is no leak
    per_s, took = slope(samples), samples[-1][0] - samples[0][0]
    if per_s * took > NOISE_KB + SLOPE_KB_PER_S * took:
        raise rig.Failed(f"memory grew by {per_s * took:.0f} KiB in {took:.0f} s")
    fds = [s[2] for s in samples]
    if max(fds) - min(fds) > 12:  # rotated files are held for a while
        raise rig.Failed(f"descriptors: {min(fds)} to {max(fds)}")
    return f"rss={samples[-1][1] >> 10}MiB slope={per_s * 600 / 1024:+.2f}MiB/10min fds={min(fds)}..{max(fds)}"


def soak(world, args):
    seconds, kills = args.seconds or 60, 0
    kill.begin(world, rate=5000, rotate=5)
    end = time.monotonic() + seconds / 2
    while time.monotonic() < end:
        time.sleep(min(10, seconds / 8))
        world.daemon_kill()
        world.daemon_start()
        kills += 1
    said = watch(world, seconds / 2)
    return f"{kill.finish(world, kills)} {said}"


def many_files(world, args):
    files, seconds = args.repeat or 10000, int(args.seconds or 20)
    if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < files + 64:
        raise rig.Skipped(f"{files} descriptors are needed by the writer")
    world.configure(paths=f"{world.dir}/logs/*.log")
    world.redis_start()
    world.daemon_start()
    model = f"{world.dir}/many"
    world.writer = world.spawn([f"{world.tools}/write_many", f"{world.dir}/logs", str(files), "10", str(seconds), model])
    most = 0
    while world.writer.poll() is None:
        time.sleep(0.5)
        most = max(most, memory_kb(world.daemon_pids())[1])
    if world.writer.returncode:
        raise rig.Failed("the writer failed")
    with open(model) as text:
        count, total = map(int, text.read().split())
    begun = time.monotonic()

    def newest():
        entries = world.ask("XREVRANGE", "oddline:{0}:log", "+", "-", "COUNT", 1)
        fields = entries[0][1] if entries else []
        f = json.loads(fields[fields.index(b"data") + 1]) if fields else {}
        return f.get("expected"), f.get("upper")

    if not rig.until(60, lambda: newest() == (count, total), 0.25):
        raise rig.Failed(f"lines counted and their sum: {newest()}, written were {(count, total)}")
    lag = time.monotonic() - begun
    most = max(most, memory_kb(world.daemon_pids())[1])
    world.daemon_term()
    if world.conserved():
        raise rig.Failed(world.conserved())
    if most > RSS_MAX_KB:
        raise rig.Failed(f"memory: {most >> 10} MiB")
    return f"runs=1 files={files} lines={count} lost=0 doubled=0 rss_max={most >> 10}MiB settled_after={lag:.1f}s"


if __name__ == "__main__":
    rig.run({"e18": soak, "many": many_files})
