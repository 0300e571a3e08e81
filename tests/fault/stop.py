#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Ends in order, and calls that fail or do half of what was asked.

  stop.py a24 BUILD    SIGTERM while Redis hangs: an end within 5 s, exact after the next start
  stop.py a16 BUILD    reads and writes that do half, or are interrupted (shim_fail.c)
  stop.py a17 BUILD    the Nth allocation fails, or it and all later ones: an end with a sentence, or nothing; exact after
  stop.py each BUILD   the same of a start with state, one world each, so that nothing hides behind the next: --repeat of them
        [--repeat N] [--seed N]
"""
import os
import signal
import time

import kill
import rig

STOP_MAX_S = 5.0


def stop_while_redis_hangs(world, args):
    repeat = args.repeat or 2
    kill.begin(world)
    slowest = 0.0
    for _ in range(repeat):
        time.sleep(world.random.uniform(0.3, 1))
        world.redis.send_signal(signal.SIGSTOP)
        time.sleep(world.random.uniform(0.1, 1))
        slowest = max(slowest, world.daemon_term(within=15, code=None))
        world.redis.send_signal(signal.SIGCONT)
        world.daemon_start(wait=0)
    if slowest > STOP_MAX_S + 0.5:
        raise rig.Failed(f"SIGTERM took {slowest:.1f} s while Redis hung")
    return f"{kill.finish(world, repeat)} slowest_stop={slowest:.1f}s"


def shim(world, **wishes):
    path = f"{world.tools}/shim_fail.so"
    if not os.path.exists(path):
        raise rig.Skipped("shim_fail.so is not built (a sanitizer build)")
    return {"LD_PRELOAD": path, **{f"FAULT_{key.upper()}": str(value) for key, value in wishes.items()}}


def short_calls(world, args):
    env = shim(world, short=1)
    world.redis_start()
    world.daemon_start(env=env)
    world.writer_start(rate=20000, rotate=2)
    repeat = args.repeat or 4
    for _ in range(repeat):
        time.sleep(world.random.uniform(0.5, 1.5))
        if world.daemon.poll() is not None:
            raise rig.Failed(f"short reads and writes ended the daemon with {world.daemon.returncode}")
        world.daemon_kill()
        world.daemon_start(env=env)
    time.sleep(1)
    return kill.finish(world, repeat)


def count_allocations(world):
    """Of a short life with some lines, from the start to an end in order."""
    world.daemon_start(env=shim(world, malloc=0, count=f"{world.dir}/count"))
    time.sleep(0.7)
    world.daemon_term()
    with open(f"{world.dir}/count") as text:
        return int(text.read())


def one_allocation(world, wish):
    """How it ended: `ran`, `said` (an end with a sentence), `gave up` (its own check). A crash is none of these."""
    world.daemon_start(wait=0, env=shim(world, malloc=wish))
    rig.until(0.7, lambda: world.daemon.poll() is not None, 0.02)
    if world.daemon.poll() is None:
        world.daemon.terminate()
        if not rig.until(10, lambda: world.daemon.poll() is not None):
            raise rig.Failed(f"FAULT_MALLOC={wish}: the daemon does not end")
    code = world.daemon.returncode
    if code not in (-signal.SIGABRT,) and code < 0:
        raise rig.Failed(f"FAULT_MALLOC={wish}: the daemon ended with signal {-code}")
    return "gave up" if code < 0 else "said" if code else "ran"


def no_memory(world, args):
    repeat = args.repeat or 24
    world.redis_start()
    world.writer_start(rate=2000, rotate=2)
    total = count_allocations(world)
    counts = {"ran": 0, "said": 0, "gave up": 0}
    for i in range(repeat):
        n = world.random.randint(1, total) if i % 2 else int(total ** world.random.random())
        counts[one_allocation(world, f"{n}{'+' if i % 3 == 2 else ''}")] += 1
    world.daemon_start()
    text = kill.finish(world, repeat)
    return f"{text} allocations={total} " + " ".join(f"{how.replace(' ', '_')}={n}" for how, n in counts.items())


def one_restart(world, wish, killed):
    """Lines and state before it, lines after it: whatever it did, the start after it makes good."""
    world.redis_start()
    world.daemon_start()
    world.write(300)
    time.sleep(0.35)
    if killed:
        world.daemon_kill()
    else:
        world.daemon_term()
    world.write(300)
    how = one_allocation(world, wish)
    world.write(100)
    world.daemon_start()
    world.tick()
    world.verify(seconds=8)
    return how


def each_allocation(world, args):
    """Spread over all there are; in turn one alone and from there on, after a kill and after an end in order."""
    repeat = args.repeat or 20
    total = count_allocations(world) + 60  # a start with state makes some more
    counts = {"ran": 0, "said": 0, "gave up": 0}
    for i in range(repeat):
        n = 1 + i * total // repeat
        with rig.World(f"each{n}", args.build, args.seed + i) as one:
            counts[one_restart(one, f"{n}{'+' if i % 3 == 2 else ''}", i % 2)] += 1
    return f"runs={repeat} lost=0 doubled=0 " + " ".join(f"{how.replace(' ', '_')}={n}" for how, n in counts.items())


if __name__ == "__main__":
    rig.run({"a16": short_calls, "a17": no_memory, "a24": stop_while_redis_hangs, "each": each_allocation})
