#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""E5, E6, E10: lines and file names that would steer a terminal or forge a record reach nobody as they are.

  hostile.py e5 BUILD [--seed N]
"""
import json
import re
import subprocess
import time

import rig

ATTACKS = [b"\x1b[2J\x1b[31mred", b"\x1b]0;title\x07", b"\x1b]52;c;ZXZpbA==\x07", b"\x9b2J", "\u009b31m".encode(), b"\x90q\x9c", b"bell\x07",
           b"back\x08\x08", b"null\0byte", b"cr\rover", b"vt\x0bff\x0c", b"del\x7f", "\u202eevil\u202c".encode(),
           "\u2066x\u2069\u200e\u200f\u061c".encode(), "\u2028ls\u2029ps".encode(), "\u0085nel".encode(), b"\xc0\xaf\xff\xfe\xed\xa0\x80",
           b'","route":"page","x":"', b"\\u001b[2J", b"%n%s%x {} ${jndi:x}", b"*1\r\n$8\r\nFLUSHALL", b"=cmd|' /C calc'!A0"]
FORBIDDEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069]")
RECORD = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (error|warning|notice|debug): |^ *[#=/A-Za-z]")


def check_bytes(what, data):
    try:
        text = data.decode()
    except UnicodeDecodeError as why:
        raise rig.Failed(f"{what} is no UTF-8: {why}")
    found = FORBIDDEN.search(text)
    if found:
        at = found.start()
        raise rig.Failed(f"{what} holds {found.group()!a}: {text[max(0, at - 60):at + 40]!a}")
    return text


def write_lines(world, path):
    """Calm windows first, then errors with every attack in them, then a line that closes the windows."""
    stamp = int(time.time() - 86400) // 60 * 60

    def line(second, ms, level, text):
        when = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(stamp + second))
        return f"{when}.{ms:03d}Z {level} worker-1 ".encode() + text + b"\n"

    with open(path, "ab") as out:
        for i in range(140):
            out.write(line(i // 10, i % 10 * 100, "INFO", b"payment done"))
        for i in range(110):
            out.write(line(14, i * 9, "ERROR", b"payment failed " + ATTACKS[i % len(ATTACKS)]))
        out.write(line(60, 0, "INFO", b"payment done"))


def hostile(world, args):
    pattern = "      - {use: pattern, on: [errors], set: {warmup: 10}}"
    name = b"app \x1b[31m\xff\n\xe2\x80\xae.log"
    folder = f"{world.dir}/logs".encode()
    world.configure(paths=f"{world.dir}/logs/*.log", detectors=[pattern, f"      - {{use: {world.tools}/chain.so, on: [lines], on_lag: wait}}"])
    world.redis_start()
    world.daemon_start()
    write_lines(world, folder + b"/" + name)

    def paged():
        try:
            with open(world.jsonl) as lines:
                return any('"series":"errors"' in line for line in lines)
        except FileNotFoundError:
            return False

    if not rig.until(20, paged):
        raise rig.Failed("the burst of errors is not found: nothing to look at")
    time.sleep(0.5)
    world.daemon_term()
    with open(world.jsonl, "rb") as lines:
        text = check_bytes("the file of findings", lines.read())
    findings = [json.loads(line) for line in text.splitlines()]
    if not any("payment failed" in e["text"] for f in findings for e in f["evidence"]):
        raise rig.Failed("no finding shows a line: nothing to look at")
    for options in (), ("--json",):
        shown = subprocess.run([world.oddline, "findings", "--state-dir", world.state, "--color", "never", *options], capture_output=True)
        text = check_bytes(f"oddline findings {' '.join(options)}", shown.stdout + shown.stderr)
        if "payment failed" not in text:
            raise rig.Failed(f"oddline findings {' '.join(options)} does not show the lines")
        for line in text.splitlines() if options else ():
            json.loads(line)
    check_bytes("oddline status", subprocess.run([world.oddline, "status", "-c", world.config], capture_output=True).stdout)
    with open(world.said, "rb") as said:
        for line in check_bytes("the daemon's own log", said.read()).splitlines():
            if not RECORD.match(line):
                raise rig.Failed(f"a line of the daemon's log is no record: {line!a}")
    for route in "page", "ticket", "log":
        for _, fields in world.ask("XRANGE", f"oddline:{{0}}:{route}", "-", "+"):
            check_bytes("an entry in Redis", b"\n".join(fields))
    return f"runs=1 attacks={len(ATTACKS)} findings={len(findings)} lost=0 doubled=0"


if __name__ == "__main__":
    rig.run({"e5": hostile})
