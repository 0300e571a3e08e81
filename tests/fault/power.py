#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Power cuts. What was never synced may be gone; nothing that anybody saw may be.

  power.py a4 BUILD       a real one: ext4 on a loop device, shut down without flushing its journal (root, loop devices)
  power.py power BUILD    on paper: shim_power.c remembers what was synced, the state directory becomes that (anywhere)
        [--repeat CUTS] [--seed N]

The daemon is stopped before the cut: a process that outlives its own power loss could still speak.
"""
import fcntl
import os
import shutil
import signal
import struct
import subprocess
import time

import kill
import rig

EXT4_IOC_SHUTDOWN = 0x8004587D
NO_LOG_FLUSH = 2
SECTOR = 512


def freeze(world):
    """None of its threads runs any more: state T, not only a signal sent."""
    world.daemon.send_signal(signal.SIGSTOP)

    def all_stopped():
        tasks = f"/proc/{world.daemon.pid}/task"
        states = [open(f"{tasks}/{task}/stat").read().rsplit(")", 1)[1].split()[0] for task in os.listdir(tasks)]
        return set(states) <= {"T"}

    if not rig.until(20, all_stopped, 0.01):
        raise rig.Failed("the daemon cannot be stopped")


def cuts(world, repeat, start, cut):
    world.redis_start()
    start()
    world.writer_start(rate=20000, rotate=2)
    for _ in range(repeat):
        time.sleep(world.random.uniform(0.2, 1.5))
        if world.daemon.poll() is not None:
            raise rig.Failed(f"after a cut the daemon ended with {world.daemon.returncode}")
        cut()
        start()
    text = kill.finish(world, repeat, 40)
    if world.said_ever("FORK") or world.said_ever("old copy of the state directory"):
        raise rig.Failed("Redis knew more than the disk")
    return text


# ---- a real file system -------------------------------------------------------

def mount(world, image, at):
    done = subprocess.run(["mount", "-o", "loop", image, at], capture_output=True, text=True)
    if done.returncode:
        raise rig.Skipped(f"no loop mount here: {done.stderr.strip()}")


def power_cut(world, args):
    rig.need_root()
    rig.need("mkfs.ext4", "mount", "umount")
    image, at = f"{world.dir}/disk", f"{world.dir}/mnt"
    with open(image, "wb") as out:
        out.truncate(192 << 20)
    os.mkdir(at)
    subprocess.run(["mkfs.ext4", "-q", "-F", image], check=True)
    mount(world, image, at)
    world.at_end.append(lambda: subprocess.run(["umount", "-l", at], capture_output=True))
    world.state = f"{at}/state"
    world.configure()

    def cut():
        freeze(world)
        disk = os.open(at, os.O_RDONLY)
        fcntl.ioctl(disk, EXT4_IOC_SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
        os.close(disk)
        world.daemon_kill()
        if not rig.until(10, lambda: subprocess.run(["umount", at], capture_output=True).returncode == 0):
            raise rig.Failed("the file system stays busy")
        mount(world, image, at)

    return cuts(world, args.repeat or 4, world.daemon_start, cut)


# ---- on paper -----------------------------------------------------------------

def key_of(path):
    """As shim_power.c names it. Python knows no birth time, so stat(1) says it."""
    inode, birth = subprocess.run(["stat", "-c", "%i %.9W", path], capture_output=True, text=True, check=True).stdout.split()
    return f"{inode}-{birth.replace('.', '')}"


def listing(shadow, real, key, keep_names):
    """(kind, key, name) of a directory after the cut: as of its last sync, or as it was."""
    try:
        with open(f"{shadow}/dir.{key}") as text:
            synced = [tuple(line.rstrip("\n").split(" ", 2)) for line in text]
    except FileNotFoundError:
        synced = []
    if not keep_names or not os.path.isdir(real):
        return synced
    return [("d" if os.path.isdir(f"{real}/{name}") else "f", key_of(f"{real}/{name}"), name) for name in os.listdir(real)]


def after_cut(world, synced, current):
    """Bytes of a file: what was synced; of what came later nothing, all, or some sectors."""
    old = open(synced, "rb").read() if os.path.exists(synced) else b""
    new = open(current, "rb").read() if current else old
    chance = world.random.random()
    if chance < 0.5 or old == new:
        return old
    if chance < 0.6:
        return new
    size = max(len(old), len(new))
    mixed = bytearray()
    for at in range(0, size, SECTOR):
        part = (new if world.random.random() < 0.5 else old)[at:at + SECTOR]
        mixed += part.ljust(min(SECTOR, size - at), b"\0")
    return bytes(mixed)


def rebuild(world, shadow, real, key, to, keep_names):
    os.mkdir(to, 0o750)
    now = {key_of(f"{real}/{name}"): f"{real}/{name}" for name in os.listdir(real)} if os.path.isdir(real) else {}
    for kind, own, name in listing(shadow, real, key, keep_names):
        if kind == "d":
            rebuild(world, shadow, f"{real}/{name}", own, f"{to}/{name}", keep_names)
            continue
        with open(f"{to}/{name}", "wb", opener=lambda p, f: os.open(p, f, 0o600)) as out:
            out.write(after_cut(world, f"{shadow}/ino.{own}", now.get(own)))


def paper_cut(world, args):
    shim = f"{world.tools}/shim_power.so"
    if not os.path.exists(shim):
        raise rig.Skipped("shim_power.so is not built (a sanitizer build)")
    base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else world.dir
    shadow = f"{base}/oddline-shadow.{os.getpid()}"
    world.at_end.append(lambda: shutil.rmtree(shadow, ignore_errors=True))

    def start():
        shutil.rmtree(shadow, ignore_errors=True)
        os.mkdir(shadow)
        if os.path.isdir(world.state):  # the disk holds all of it
            subprocess.run([f"{world.tools}/sync_all", world.state], check=True,
                           env={**os.environ, "LD_PRELOAD": shim, "FAULT_POWER_OF": world.state, "FAULT_POWER_TO": shadow})
        world.daemon_start(env={"LD_PRELOAD": shim, "FAULT_POWER_OF": world.state, "FAULT_POWER_TO": shadow})

    def cut():
        freeze(world)
        image = f"{world.dir}/image"
        rebuild(world, shadow, world.state, key_of(world.state), image, world.random.random() < 0.3)
        world.daemon_kill()
        shutil.rmtree(world.state)
        os.rename(image, world.state)

    os.mkdir(world.state, 0o750)  # its own name is the administrator's
    return cuts(world, args.repeat or 6, start, cut)


if __name__ == "__main__":
    rig.run({"a4": power_cut, "power": paper_cut})
