#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The promise: act may be killed anywhere. At least once: every finding is acted on. At most once: none twice. None is lost unsaid.

    act_kill.py BUILD points|timing [TEST...]      points: a build with ODDLINE_CRASH_POINTS
"""
import random
import sys
import time

import act_rig
from act_rig import expect, until

HOW = "timing"
POINTS = ["act-taken", "act-begun", "act-started", "act-ended", "act-acked"]
COUNT = 40


def acted(rig):
    """How often each n was acted on: the command writes its line before it does anything else that counts."""
    counts = {}
    try:
        for line in open(rig.path("acted")):
            counts[int(line)] = counts.get(int(line), 0) + 1
    except FileNotFoundError:
        pass
    return counts


def killed_run(rig, mode, kills):
    """Start act again and again; each time something kills it. Then once in peace."""
    run = rig.script("run", f"echo $ODDLINE_N >>{rig.path('acted')}\ncat >/dev/null\nsleep 0.05\n")
    config = rig.configure({"name": "a", "run": [run], "mode": mode, "per_hour": 0, "cooldown": "0s", "at_once": 3}, consumer="me")
    for _ in range(COUNT):
        rig.publish()
    deaths = 0
    for kill in kills:
        env = {"ODDLINE_CRASH": kill} if isinstance(kill, str) else {}
        child = rig.act(config, "--once", env=env)
        if not isinstance(kill, str):
            time.sleep(kill)
            child.kill()
        deaths += child.wait(20) == -9
    rig.once(config)
    expect(deaths >= len(kills) // 2, f"killed {deaths} times only")
    expect(rig.pending("a") == 0, "something is left")
    return deaths


def kills():
    if HOW == "points":
        return [f"{point}:{at}" for point in POINTS for at in (1, 2, 5)]
    choice = random.Random(7)
    return [choice.uniform(0.01, 0.06) for _ in range(15)]


def at_least_once_loses_nothing(rig):
    deaths = killed_run(rig, "at-least-once", kills())
    counts = acted(rig)
    missing = [n for n in range(1, COUNT + 1) if n not in counts]
    expect(not missing, f"never acted on: {missing}")
    expect(sum(counts.values()) <= COUNT + 3 * deaths, f"repeated {sum(counts.values()) - COUNT} times in {deaths} deaths")


def at_most_once_repeats_nothing(rig):
    killed_run(rig, "at-most-once", kills())
    counts = acted(rig)
    twice = [n for n, count in counts.items() if count > 1]
    expect(not twice, f"acted on twice: {twice}")
    done = {line["n"] for line in rig.trail(outcome="done")} | {line["n"] for line in rig.trail(outcome="duplicate")}
    maybe = {int(letter["n"]) for letter in rig.dead() if letter["outcome"] == "maybe-done"}
    unsaid = [n for n in range(1, COUNT + 1) if n not in done | maybe]
    expect(not unsaid, f"neither done nor said to be maybe done: {unsaid}")
    expect(len(maybe) == len([letter for letter in rig.dead()]), "a dead letter twice")


def a_failing_one_is_a_dead_letter_once(rig):
    config = rig.configure({"name": "a", "run": ["false"], "retries": 0, "per_hour": 0, "cooldown": "0s"}, consumer="me")
    for _ in range(10):
        rig.publish()
    for kill in kills():
        child = rig.act(config, "--once", env={"ODDLINE_CRASH": kill} if isinstance(kill, str) else {})
        if not isinstance(kill, str):
            time.sleep(kill)
            child.kill()
        child.wait(20)
    rig.once(config)
    letters = sorted(int(letter["n"]) for letter in rig.dead())
    expect(letters == list(range(1, 11)), f"dead letters of {letters}")


def redis_and_act_die_by_turns(rig):
    run = rig.script("run", f"echo $ODDLINE_N >>{rig.path('acted')}\n")
    config = rig.configure({"name": "a", "run": [run], "per_hour": 0, "cooldown": "0s"}, consumer="me")
    choice = random.Random(11)
    child = rig.act(config)
    for turn in range(6):
        for _ in range(10):
            rig.publish()
        time.sleep(choice.uniform(0.02, 0.1))
        if turn % 2:
            child.kill()
            child.wait()
            child = rig.act(config)
        else:
            rig.redis_kill()
            rig.redis_start()
    until(15, lambda: len(acted(rig)) == 60 and rig.pending("a") == 0, lambda: f"{len(acted(rig))} of 60 acted on")
    rig.stop(child)


TESTS = [at_least_once_loses_nothing, at_most_once_repeats_nothing, a_failing_one_is_a_dead_letter_once, redis_and_act_die_by_turns]
if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[2] not in ("points", "timing"):
        sys.exit("usage: act_kill.py BUILD points|timing [TEST...]")
    HOW = sys.argv.pop(2)
    sys.exit(act_rig.main(TESTS, 100))
