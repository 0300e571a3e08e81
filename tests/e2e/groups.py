#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the log of a service with many routes, for groups.sh.

  groups.py steady|burst|rise FILE      two hours: nothing happens; errors of one route burst; all routes fail more often
  groups.py heirs FILE                  one loud route falls silent; when its slot is given to a quiet one that speaks on
  groups.py churn FILE                  routes come and go
  groups.py ids FILE COUNT              one line each with a value of its own
"""
import random
import sys
import time

BEGIN = 1772445600  # 2026-03-02T10:00:00Z
ROUTES, MINUTES, FROM, UNTIL = 20, 120, 90, 96


def stamp(t):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(t)) + ".%03dZ" % (int(t * 1000) % 1000)


def poisson(dice, mean):
    count, p, limit = 0, dice.random(), 2.718281828459045 ** -mean
    while p > limit:
        count, p = count + 1, p * dice.random()
    return count


def lines_of(story, minute, dice):
    for route in range(ROUTES):
        errors = 3.0
        if FROM <= minute < UNTIL:
            errors *= 6 if story == "burst" and route == 7 else 4 if story == "rise" else 1
        for level, mean in (("info", 12), ("error", errors)):
            for _ in range(poisson(dice, mean)):
                t = BEGIN + 60 * (minute + dice.random())
                yield t, f'{stamp(t)} level={level} route=/api/r{route:02} msg="request {level}"\n'


def write(story, path):
    dice = random.Random(5)
    with open(path, "w") as out:
        for minute in range(MINUTES):
            out.writelines(line for _, line in sorted(lines_of(story, minute, dice)))


def write_heirs(path):
    dice = random.Random(6)
    with open(path, "w") as out:
        for minute in range(400):
            route, count = ("/loud", 100) if minute < 100 else ("/quiet", 4) if minute >= 180 else (None, 5)
            for i in range(poisson(dice, count) + 1):
                where = f" route={route}" if route else ""
                out.write(f'{stamp(BEGIN + 60 * minute + i * 0.2)} level=info{where} msg="request served"\n')


def write_churn(path):
    dice = random.Random(9)
    with open(path, "w") as out:
        for minute in range(900):
            if minute == 0 or dice.random() < 0.02:
                routes = dice.sample(range(30), dice.randint(1, 6))
            count = dice.randint(0, 6) * (8 if dice.random() < 0.02 else 1)
            for second in sorted(60 * dice.random() for _ in range(count)):
                level = dice.choice(["info", "info", "error"])
                out.write(f'{stamp(BEGIN + 60 * minute + second)} level={level} route=/r{dice.choice(routes)} '
                          f'ms={dice.expovariate(0.05):.0f} msg="served a request"\n')


def write_ids(path, count):
    with open(path, "w") as out:
        for i in range(count):
            t = BEGIN + 7200 * i / count
            out.write(f"{stamp(t)} level=error route=id-{i * 2654435761 % 2**32:08x} msg=failed\n")


if sys.argv[1] == "ids":
    write_ids(sys.argv[2], int(sys.argv[3]))
elif sys.argv[1] == "churn":
    write_churn(sys.argv[2])
elif sys.argv[1] == "heirs":
    write_heirs(sys.argv[2])
else:
    write(sys.argv[1], sys.argv[2])
