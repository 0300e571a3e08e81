#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""B40: random sequences of what happens to a log and to its reader, against the chain. A sequence that fails is shrunk.

  random_walk.py b40 BUILD [--repeat SEQUENCES] [--seconds S] [--seed N]
  random_walk.py again BUILD --seed N           the one sequence of that seed, shrunk when it fails

An action that would destroy what nobody has read waits until it was read. Rotated files are kept. Bytes that a replay needs and that
are gone are a gap by design, so between such an action and the next kill there is an end in order, which takes a snapshot.
"""
import os
import random
import time

import rig

SHRINK_MAX_S = 60


def make(seed):
    """A list of (action, amount)."""
    dice, kinds = random.Random(seed), "write write write write partial partial rotate rotate truncate recreate pause kill kill kill stop redis".split()
    return [(dice.choice(kinds), dice.random()) for _ in range(dice.randint(8, 30))]


class Walk:
    """What the application and the administrator do; `rest` is what is still owed of a half-written line, and where."""

    def __init__(self, world):
        self.world, self.rest, self.down, self.fragile = world, b"", False, False
        world.write(1)

    def append(self, data, path=None):
        with open(path or self.world.log, "ab") as out:
            out.write(data)

    def complete(self, path=None):
        self.append(self.rest, path)
        self.rest = b""

    def up(self):
        if self.down:
            self.world.daemon_start()
            self.down = False

    def quiesce(self):
        self.complete()
        self.up()
        self.world.wait_read()
        self.fragile = True

    def write(self, amount):
        self.complete()
        self.world.write(int(400 * amount * amount) + 1)

    def partial(self, amount):
        self.complete()
        line = self.world.lines.one()
        at = int(amount * len(line)) or 1
        self.append(line[:at])
        self.rest = line[at:]

    def rotate(self, amount):
        """Whoever has a line half written writes the rest into the file that it has open."""
        log = self.world.log
        for i in range(200, 0, -1):
            older = log if i == 1 else f"{log}.{i - 1}"
            if os.path.exists(older):
                os.rename(older, f"{log}.{i}")
        if amount < 0.5:
            time.sleep(amount / 5)
        self.complete(f"{log}.1")
        self.append(b"")  # the new file

    def truncate(self, amount):
        self.quiesce()
        os.truncate(self.world.log, 0)
        if amount < 0.5:
            time.sleep(amount / 5)

    def recreate(self, amount):
        self.quiesce()
        os.unlink(self.world.log)
        self.world.write(int(100 * amount))

    def pause(self, amount):
        time.sleep(amount * 0.8)

    def kill(self, amount):
        self.up()
        time.sleep(amount / 4)
        if self.fragile:
            self.world.daemon_term()
        else:
            self.world.daemon_kill()
        self.down, self.fragile = True, False
        if amount < 0.6:  # else it stays down while other things happen
            self.up()

    def stop(self, amount):
        self.up()
        self.world.daemon_term()
        self.down, self.fragile = True, False
        if amount < 0.6:
            self.up()

    def redis(self, amount):
        self.world.redis_kill()
        time.sleep(amount / 2)
        self.world.redis_start()


def perform(args, actions):
    """None, or why it failed; and how many lines there were."""
    try:
        with rig.World("b40", args.build, args.seed) as world:
            world.redis_start()
            walk = Walk(world)
            world.daemon_start()
            for action, amount in actions:
                getattr(walk, action)(amount)
            walk.complete()
            walk.up()
            world.tick()
            world.verify()
            return None, world.model().lines
    except rig.Failed as why:
        return str(why), 0


def shrink(args, actions):
    """Delta debugging: leave out halves, quarters, ..., single actions, as long as it still fails and there is time."""
    end, size = time.monotonic() + SHRINK_MAX_S, len(actions) // 2
    while size and time.monotonic() < end:
        at = 0
        while at < len(actions) and time.monotonic() < end:
            fewer = actions[:at] + actions[at + size:]
            if fewer and perform(args, fewer)[0]:
                actions = fewer
            else:
                at += size
        size //= 2
    return actions


def one(args, seed):
    actions = make(seed)
    why, lines = perform(args, actions)
    if why:
        fewer = shrink(args, actions)
        steps = ", ".join(f"{action}({amount:.2f})" for action, amount in fewer)
        raise rig.Failed(f"sequence {seed}: {why}\n  shrunk from {len(actions)} to {len(fewer)} actions: {steps}")
    return lines


def walks(world, args):
    repeat, lines, begun = args.repeat or 8, 0, time.monotonic()
    for i in range(repeat):
        if args.seconds and time.monotonic() - begun > args.seconds:
            repeat = i
            break
        lines += one(args, args.seed + i)
    return f"runs={repeat} lines={lines} lost=0 doubled=0 wrong=0 gaps=0"


def again(world, args):
    return f"runs=1 lines={one(args, args.seed)} lost=0 doubled=0 wrong=0 gaps=0"


if __name__ == "__main__":
    rig.run({"b40": walks, "again": again})
