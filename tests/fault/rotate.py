#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Files that are rotated, cut off, replaced and archived, with the whole program and the chain.

  rotate.py NAME BUILD [--repeat N] [--seed N]

Before something is cut off that nobody else holds, the rig waits until it was read (copytruncate, quiesced).
"""
import os
import subprocess
import time

import rig


def begin(world, seen=False, **configuration):
    """seen: the daemon knows the log before it is rotated; a generation that came and went unseen is nobody's."""
    if configuration:
        world.configure(**configuration)
    world.redis_start()
    world.daemon_start()
    if seen:
        world.write(1)
        world.wait_read()


def finish(world, runs, gaps=0, path=None):
    world.tick(path)
    verdict = world.verify(gaps)
    return f"runs={runs} lines={world.model().lines} {verdict}"


def rename_on(log, keep=300):
    for i in range(keep, 0, -1):
        older = log if i == 1 else f"{log}.{i - 1}"
        if os.path.exists(older):
            os.rename(older, f"{log}.{i}")


def rotations(world, args):
    """B1: 50 renames; the application writes on into the renamed file for a while."""
    repeat = args.repeat or 50
    begin(world, seen=True)
    for _ in range(repeat):
        world.write(world.random.randint(1, 60))
        rename_on(world.log)
        if world.random.random() < 0.7:
            time.sleep(world.random.uniform(0, 0.1))
            world.write(world.random.randint(1, 40), f"{world.log}.1")
        world.write(world.random.randint(0, 20))
        time.sleep(world.random.uniform(0, 0.05))
    return finish(world, repeat)


def rotated_while_down(world, args):
    """B2: five deep while the daemon is down, after a kill and after an end in order. The log's first generation is known
    before: a file that is killed away in the 200 ms until its first commit and then rotated was never seen."""
    repeat = args.repeat or 4
    begin(world, seen=True)
    for i in range(repeat):
        world.write(world.random.randint(50, 500))
        time.sleep(world.random.uniform(0, 0.4))
        if i % 2:
            world.daemon_term()
        else:
            world.daemon_kill()
        for _ in range(5):
            world.write(world.random.randint(1, 200))
            rename_on(world.log)
        world.write(world.random.randint(1, 100))
        world.daemon_start()
    return finish(world, repeat)


def real_logrotate(world, args):
    """B3: logrotate itself: create, and copytruncate once what was written is read."""
    rig.need("logrotate")
    repeat = args.repeat or 20
    begin(world, seen=True)
    rules = {"create": "create", "compress": "create\n compress\n delaycompress", "truncate": "copytruncate",
             "dateext": "create\n dateext\n dateformat -%Y%m%d-%s"}
    for i in range(repeat):
        rule = sorted(rules)[i % len(rules)]
        config = f"{world.dir}/logrotate.conf"
        with open(config, "w") as out:
            out.write(f"{world.log} {{\n rotate 50\n {rules[rule].replace('%s', '%s' + str(i))}\n}}\n")
        os.chmod(config, 0o644)
        world.write(world.random.randint(1, 200))
        if rule in ("truncate", "compress"):
            world.wait_read()
        subprocess.run(["logrotate", "-f", "-s", f"{world.dir}/logrotate.state", config], check=True)
    return finish(world, repeat)


def truncated_over_restart(world, args):
    """B5: copied and cut off while the daemon is down; only what came after is new."""
    repeat = args.repeat or 4
    begin(world, joined=True)
    for i in range(repeat):
        world.write(300)
        world.wait_read()
        if i % 2:
            world.daemon_term()
        else:
            world.daemon_kill()
        subprocess.run(["cp", world.log, f"{world.log}.copy"], check=True)
        os.truncate(world.log, 0)
        world.write(world.random.choice([10, 700]))  # shorter and longer than before
        world.daemon_start()
        world.write(20)
    return finish(world, repeat)


def refill(world, repeat, size):
    """Cut off and filled again in one stroke, so that no look at the file can fall in between."""
    begin(world, joined=True)
    world.write(200)
    for _ in range(repeat):
        world.wait_read()
        was = os.path.getsize(world.log)
        lines = b""
        while len(lines) < size(was):
            lines += world.lines.one()
        out = os.open(world.log, os.O_WRONLY | os.O_TRUNC)
        os.write(out, lines)
        os.close(out)
        time.sleep(world.random.uniform(0, 0.5))
    return finish(world, repeat)


def same_size(world, args):
    """B6: all lines have the same length, so the refilled file ends exactly where the old one did."""
    return refill(world, args.repeat or 5, lambda was: was)


def larger(world, args):
    """B7"""
    return refill(world, args.repeat or 5, lambda was: was + world.random.randint(60, 20000))


def stale_writer(world, args):
    """B8: who wrote without O_APPEND goes on at its old offset: a hole of zeros stands before the line."""
    repeat = args.repeat or 4
    begin(world)
    world.write(0)
    out = os.open(world.log, os.O_WRONLY)
    for _ in range(repeat):
        os.write(out, world.lines.take(200))
        os.write(out, world.lines.tick(rig.LATENESS_MS + 2000))
        if not world.settled():
            raise rig.Failed(f"what was written is not read; {world.verdict()}")
        os.truncate(world.log, 0)
        time.sleep(world.random.uniform(0, 0.3))
    os.write(out, world.lines.take(50) + world.lines.tick(rig.LATENESS_MS + 2000))
    os.close(out)
    verdict = world.verify(gaps=repeat)  # that bytes were skipped may be said
    return f"runs={repeat} lines={world.model().lines} {verdict}"


def truncated_often(world, args):
    """B9"""
    repeat = args.repeat or 25
    begin(world, joined=True)
    for _ in range(repeat):
        world.write(world.random.randint(1, 120))
        world.wait_read()
        os.truncate(world.log, 0)
        time.sleep(world.random.choice([0, 0, 0.05]))
    world.write(20)
    return finish(world, repeat)


def recreated(world, args):
    """B10, B11: deleted and made again with a new inode or the same, while it is read and while the daemon is down."""
    repeat = args.repeat or 6
    begin(world, joined=True)
    for i in range(repeat):
        world.write(world.random.randint(1, 300))
        world.wait_read()
        if i % 2:
            world.daemon_term()  # after a kill, what was not in a snapshot would be gone with the file, and said
        os.unlink(world.log)
        world.write(world.random.choice([5, 600]))
        if i % 2:
            world.daemon_start()
    return finish(world, repeat)


def partial_line(world, args):
    """B24: half a line, a restart, the other half: one line. A look in between must not take it for whole."""
    repeat = args.repeat or 4
    begin(world, joined=True)
    for i in range(repeat):
        world.write(30)
        line = world.lines.one()
        at = world.random.randint(1, len(line) - 1)
        with open(world.log, "ab") as out:
            out.write(line[:at])
        time.sleep(world.random.uniform(0.1, 0.6))
        if i % 2:
            world.daemon_term()
        else:
            world.daemon_kill()
        world.daemon_start()
        time.sleep(world.random.uniform(0, 0.3))
        with open(world.log, "ab") as out:
            out.write(line[at:])
    return finish(world, repeat)


def no_newline(world, args):
    """B25: the rotated file does not end in a newline: its last line counts, once."""
    repeat = args.repeat or 2
    begin(world, seen=True)
    for i in range(repeat):
        world.write(30)
        with open(world.log, "ab") as out:
            out.write(world.lines.one()[:-1])
        rename_on(world.log)
        world.write(30)
        if i % 2:
            time.sleep(world.random.uniform(0, 0.5))
            world.daemon_kill()
            world.daemon_start()

    def all_counted():  # somebody may still write to a rotated file, so its end is waited for
        world.tick()
        time.sleep(1)
        return world.verdict(ordered=False).ok()

    rig.until(100, all_counted)
    verdict = world.verify(ordered=False)
    return f"runs={repeat} lines={world.model().lines} {verdict}"


def compress(path):
    rig.need("zstd")
    subprocess.run(["zstd", "-q", "--rm", path], check=True)


def killed_in_archive(world, args):
    """B38: an archive of some size, the daemon killed again and again while it reads it."""
    repeat = args.repeat or 6
    world.configure(paths=f"{world.dir}/logs/*", joined=True)
    archive = f"{world.dir}/logs/old.log"
    world.write(150000, archive)
    world.tick(archive)
    compress(archive)
    world.redis_start()
    for _ in range(repeat):
        took = world.daemon_start()
        time.sleep(world.random.uniform(0, 0.15 + took))
        world.daemon_kill()
    world.daemon_start()
    verdict = world.verify()
    return f"runs={repeat} lines={world.model().lines} {verdict}"


def archived_half_read(world, args):
    """B39: app.log, app.log.1, app.log.1.zst while it is half read."""
    repeat = args.repeat or 3
    begin(world, paths=f"{world.dir}/logs/app.log*")
    for i in range(repeat):
        world.write(20000)
        time.sleep(world.random.uniform(0, 0.15))
        world.daemon_kill()
        os.rename(world.log, f"{world.log}.{repeat - i}")
        compress(f"{world.log}.{repeat - i}")
        world.write(100)
        world.daemon_start()
        world.wait_read()
    return finish(world, repeat)


if __name__ == "__main__":
    rig.run({"b1": rotations, "b2": rotated_while_down, "b3": real_logrotate, "b5": truncated_over_restart, "b6": same_size,
             "b7": larger, "b8": stale_writer, "b9": truncated_often, "b10": recreated, "b24": partial_line,
             "b25": no_newline, "b38": killed_in_archive, "b39": archived_half_read})
