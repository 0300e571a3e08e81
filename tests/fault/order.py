#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The order of system calls, from a trace of strace: needs no root, and sees what no kill and no file system shows.

  order.py order BUILD [--repeat BURSTS]

  - a finding is sent only when its bytes in the journal were synced, and its file's name in the directory too
  - a file is renamed only when its bytes were synced
  - what a renamed file replaces is removed only when the new name is durable
"""
import os
import re
import time

import rig

WRITES = "pwrite64", "pwritev", "write", "writev"
SENDS = "sendto", "sendmsg", "write", "writev"
CALLS = ",".join({*WRITES, *SENDS, "openat", "fdatasync", "fsync", "renameat", "renameat2", "rename", "unlink", "unlinkat"})
CALL = re.compile(r"^\d+ +(\w+)\((.*)\) += (-?\d+)(?:<([^>]*)>)?")
FIRST = re.compile(r"^\d+<([^>]*)>")
NUMBER = re.compile(r'\\"n\\":(\d+)')


class Order:
    def __init__(self, state):
        self.state, self.breaches = state, []
        self.waiting = {}       # path: numbers of findings written to it and not synced
        self.dirty = set()      # paths with bytes that were not synced
        self.durable = {}       # number: the path where it was first
        self.unnamed = {}       # path: its name is not durable in its directory
        self.sent = self.syncs = self.renames = 0

    def breach(self, text):
        if len(self.breaches) < 8:
            self.breaches.append(text)

    def see(self, call, words, result_path):
        at = FIRST.match(words)
        path = at.group(1) if at else ""
        names = [self.full(path, name) for name in re.findall(r'"([^"]*)"', words)] if call.startswith(("rename", "unlink")) else []
        ours = path.startswith(self.state)
        if call == "openat" and "O_CREAT" in words and (result_path or "").startswith(f"{self.state}/journal/"):
            self.unnamed[result_path] = "created"
        elif call in WRITES and ours:
            self.dirty.add(path)
            self.waiting.setdefault(path, set()).update(NUMBER.findall(words))
        elif call in ("fdatasync", "fsync") and ours:
            self.sync(path)
        elif call.startswith("rename") and names[-1].startswith(self.state) and "status" not in names[-1]:
            self.rename(names[0], names[-1])
        elif call.startswith("unlink") and names and names[0].startswith(self.state):
            self.unlink(names[0])
        elif call in SENDS and not ours and "EVAL" in words and '\\"beat\\"' not in words:  # a beat has an n too, and sends none
            self.send(words)

    def full(self, at, name):
        return name if name.startswith("/") else os.path.join(at, name)

    def sync(self, path):
        self.syncs += 1
        self.dirty.discard(path)
        for number in self.waiting.pop(path, ()):
            self.durable.setdefault(number, path)
        for named in [named for named in self.unnamed if os.path.dirname(named) == path]:
            del self.unnamed[named]

    def rename(self, old, new):
        self.renames += 1
        if old in self.dirty:
            self.breach(f"{new} is renamed before its bytes are synced")
        self.unnamed.pop(old, None)
        self.unnamed[new] = "renamed"

    def unlink(self, path):
        for named, how in self.unnamed.items():
            if how == "renamed" and os.path.dirname(named) == os.path.dirname(path):
                self.breach(f"{path} is removed while the name {named} is not durable")
        self.unnamed.pop(path, None)

    def send(self, words):
        for number in NUMBER.findall(words):
            self.sent += 1
            if number not in self.durable:
                self.breach(f"finding {number} is sent before it was synced")
            elif self.unnamed.get(self.durable[number]) == "created":
                self.breach(f"finding {number} is sent and the name of {self.durable[number]} is not durable")

    def end(self):
        for named, how in self.unnamed.items():
            if how == "renamed" and ("snapshot" in named or "/journal" in named):
                self.breach(f"the name {named} was never made durable")


def read_trace(path, order):
    """A write counts from its begin, a sync from its end; calls that were interrupted in the trace are put together."""
    begun = {}
    with open(path, errors="replace") as trace:
        for line in trace:
            thread, _, words = line.partition(" ")
            words = words.strip()
            if words.endswith("<unfinished ...>"):
                begun[thread] = words[:-len("<unfinished ...>")]
                call, _, rest = begun[thread].partition("(")
                if call in WRITES or call in SENDS:
                    order.see(call, rest, None)
                    begun[thread] = None
                continue
            if words.startswith("<... "):
                first = begun.pop(thread, None)
                if first is None:
                    continue
                words = first + words.partition("resumed>")[2]
            match = CALL.match(f"{thread} {words}")
            if match and int(match.group(3)) >= 0:
                order.see(match.group(1), match.group(2), match.group(4))


def call_order(world, args):
    rig.need_ptrace()
    world.redis_start()
    trace = f"{world.dir}/trace"
    world.daemon_start(wait=30, wrap=["strace", "-D", "-f", "-qq", "-y", "-s", "100000", "-o", trace, "-e", f"trace={CALLS}"])
    for _ in range(args.repeat or 10):
        world.write(40)
        world.wait_read()
        time.sleep(0.3)
    world.verify()
    order = Order(world.state)
    rig.until(5, lambda: "+++ exited" in open(trace, errors="replace").read()[-200:])
    read_trace(trace, order)
    order.end()
    if not order.sent:
        raise rig.Failed("the trace shows no finding that was sent: the scenario sees nothing")
    if order.breaches:
        raise rig.Failed("\n  ".join(["the order of system calls is wrong", *order.breaches]))
    return f"runs=1 findings={order.sent} syncs={order.syncs} renames={order.renames} lost=0 doubled=0"


if __name__ == "__main__":
    rig.run({"order": call_order})
