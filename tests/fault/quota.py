#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The outbox at its bound.

  quota.py c27 BUILD [--repeat N] [--seed N]

Redis is away and more is found than the outbox takes: reading stops, which the log says once and status and metrics show at any
time; the disk keeps its bound; a SIGTERM or a kill -9 in that state changes nothing. Then Redis comes: everything, once, in order.
"""
import json
import os
import subprocess
import time

import kill
import rig

QUOTA = 1 << 20
FULL = "outbox: full"
STOP_MAX_S = 5.0


def status(world):
    shown = subprocess.run([world.oddline, "status", "-c", world.config, "--json"], capture_output=True, text=True)
    return json.loads(shown.stdout or "{}")


def need_shown(world):
    """Status is fresh though the lane waits, and says why nothing moves; so does the metric."""
    if not rig.until(10, lambda: status(world).get("backpressure") is True, 0.2):
        raise rig.Failed(f"the outbox is full and the status does not show it: {status(world)}")
    shown = subprocess.run([world.oddline, "metrics", "-c", world.config], capture_output=True, text=True).stdout
    if "\noddline_backpressure 1\n" not in shown:
        raise rig.Failed("the outbox is full and no metric says so")


def need_still(world):
    """Nothing is read any more, though the writer goes on and the status is written anew."""
    rig.until(30, lambda: status(world)["ring_in_flight"] > 0, 0.5)
    time.sleep(2.5)
    before = status(world)
    if not rig.until(8, lambda: status(world)["updated_at"] != before["updated_at"], 0.2):
        raise rig.Failed("the status is not written while reading waits")
    after = status(world)
    if after["conservation"] != before["conservation"] or after["journal"]["findings"] != before["journal"]["findings"]:
        raise rig.Failed(f"the outbox is full and blocks are written: {before['conservation']} {after['conservation']}")


def need_bound(world):
    size = sum(os.path.getsize(f"{at}/{name}") for at, _, names in os.walk(f"{world.state}/journal") for name in names)
    if size > 40 << 20:  # segments are preallocated, and one is spare
        raise rig.Failed(f"with a quota of {QUOTA} bytes the journal has {size}")


def fill(world):
    if not rig.until(40, lambda: world.said_since(FULL), 0.1):
        raise rig.Failed("the outbox never gets full")
    need_shown(world)
    need_still(world)
    need_bound(world)
    with open(world.said, errors="replace") as said:
        said.seek(world.said_from)
        if said.read().count(FULL) != 1:
            raise rig.Failed("a full outbox is not said exactly once")


def quota(world, args):
    repeat = args.repeat or 3
    world.configure(joined=True, series="lines, records, bytes, errors, warnings, level_info")
    with open(world.config, "a") as out:
        out.write(f"outbox: {QUOTA}\n")
    world.daemon_start()
    world.writer_start(rate=5000, rotate=0, speed=60)
    slowest = 0.0
    for turn in range(repeat):
        fill(world)
        if turn % 2 == 0:
            slowest = max(slowest, world.daemon_term(within=15))
        else:
            world.daemon_kill()
        world.daemon_start()
    if slowest > STOP_MAX_S + 0.5:
        raise rig.Failed(f"SIGTERM took {slowest:.1f} s while the outbox was full")
    world.redis_start()
    return f"{kill.finish(world, repeat, 90)} slowest_stop={slowest:.1f}s"


if __name__ == "__main__":
    rig.run({"c27": quota})
