#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A ticket for `oddline act`: writes one file a finding into a queue, and changes it when the finding is revised or resolved.

    actions:
      - name: ticket
        when: {route: [ticket, page]}
        run: [/usr/local/lib/oddline/ticket.py, /var/spool/tickets]
        cooldown: 0s              # each revision changes the same ticket

The finding is on stdin. Done twice it is the same as done once: the file is named by the finding's id, and replaced as a whole.
"""
import json
import os
import re
import sys


def ticket_of(finding):
    lines = [finding["summary"], ""]
    lines += ["* " + reason for reason in finding["reasons"]]
    lines += ["", "Evidence:"] + ["    " + json.dumps(e["text"])[1:-1] for e in finding["evidence"]]
    return {"id": finding["id"], "state": "closed" if finding["status"] == "resolved" else "open",
            "revision": finding["revision"], "title": "%s: %s" % (finding["stream"], finding["kind"]),
            "same_as": finding["fingerprint"], "opened": finding["starts_at"], "closed": finding["ends_at"],
            "text": "\n".join(lines), "links": finding["annotations"]}


def known_revision(path):
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)["revision"]
    except FileNotFoundError:
        return -1


def main():
    queue, finding = sys.argv[1], json.load(sys.stdin)
    if not re.fullmatch(r"[0-9a-f]{16}-[0-9]+", finding["id"]):
        sys.exit("ticket: no id of a finding")
    path = os.path.join(queue, finding["id"] + ".json")
    if known_revision(path) > finding["revision"]:
        return print("ticket: a newer revision is there already")
    with open(path + ".new", "w", encoding="utf-8") as file:
        json.dump(ticket_of(finding), file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    os.replace(path + ".new", path)
    return print("ticket: %s is %s" % (path, finding["status"]))


if __name__ == "__main__":
    main()
