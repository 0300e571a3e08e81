#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The promise: what goes wrong around act stays where it went wrong: one action's trouble is no other's, a refusal of the server is said once and
outlived, an answer that got lost makes no second dead letter, a receiver that hangs starves no other, and nothing secret is shown.

    act_faults.py BUILD [TEST...]
"""
import json
import os
import socket
import sys
import threading
import time

from act_rig import Hook, expect, main, until

PREFIX = "oddline:{0}:"


def one_actions_trouble_is_no_others(rig):
    rig.redis.set(PREFIX + "act:hour:bad", "somebody's own")
    config = rig.configure({"name": "bad", "run": ["true"]}, {"name": "good", "run": ["true"]})
    child = rig.act(config)
    for _ in range(3):
        rig.publish()
    until(5, lambda: len(rig.trail(action="good", outcome="done")) == 3, "the other action is held up")
    expect(not rig.trail(action="bad"), "it acted without its limit")
    time.sleep(1)
    expect(rig.said().count("action bad: redis: one of the keys holds something else") == 1, "not said, or too often")
    rig.redis.delete(PREFIX + "act:hour:bad")
    until(5, lambda: len(rig.trail(action="bad", outcome="done")) == 3, "it does not go on")
    expect("action bad: redis takes it again" in rig.said(), "the end is not said")
    rig.stop(child)
    expect("answers again" not in rig.said(), "the connection was given up")
    rig.redis.set(PREFIX + "act:hour:bad", "somebody's own")
    rig.publish()
    rig.once(config, code=78)  # to be mended by a person, so --once says so at once


def a_server_that_refuses_for_now_is_outlived(rig):
    """min-replicas-to-write: every script is refused, nothing else is."""
    config = rig.configure({"name": "a", "run": ["true"]}, consumer="me")
    rig.publish()
    rig.redis.xgroup_create(PREFIX + "page", "oddline-act:a", "0")
    rig.redis.xreadgroup("oddline-act:a", "me", {PREFIX + "page": ">"})  # it is ours, of an earlier run
    rig.redis.config_set("min-replicas-to-write", "1")
    child = rig.act(config)
    until(5, lambda: "too few replicas" in rig.said(), "not said")
    time.sleep(1)
    expect(rig.said().count("too few replicas") == 1, "said too often")
    ticks = sum(int(x) for x in open(f"/proc/{child.pid}/stat").read().split(")")[1].split()[11:13])
    expect(ticks < 30, f"it span: {ticks} ticks of CPU")
    rig.redis.config_set("min-replicas-to-write", "0")
    until(8, lambda: len(rig.trail(outcome="done")) == 1, "what was ours before is forgotten")
    rig.stop(child)
    rig.redis.config_set("min-replicas-to-write", "1")
    rig.once(config, code=69)


class Forgetful(threading.Thread):
    """Stands before Redis; the first answer to a command with `word` in it is not passed on, and the connection ends."""

    def __init__(self, rig, word):
        super().__init__(daemon=True)
        self.rig, self.word, self.lost, self.path = rig, word, 0, rig.path("proxy.sock")
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen()

    def run(self):
        while True:
            client, _ = self.listener.accept()
            server = socket.socket(socket.AF_UNIX)
            server.connect(self.rig.socket)
            threading.Thread(target=self.serve, args=(client, server), daemon=True).start()

    def serve(self, client, server):
        def back():
            try:
                while data := server.recv(65536):
                    client.sendall(data)
            except OSError:
                pass  # act has left, or was left
        asked = b""
        threading.Thread(target=back, daemon=True).start()
        while data := client.recv(65536):
            asked = (asked + data)[-65536:]
            if not self.lost and self.word in asked:
                self.lost += 1
                client.shutdown(socket.SHUT_RDWR)  # before it is asked: what is answered goes nowhere
                server.sendall(data)
                time.sleep(0.3)
                break
            server.sendall(data)
        client.close()
        server.close()


def forgetful(rig, word, action):
    proxy = Forgetful(rig, word)
    proxy.start()
    with open(rig.configure({"name": "a", "retries": 0, **action})) as file:
        config = json.load(file)
    config["sinks"]["redis"]["url"] = "unix://" + proxy.path
    with open(rig.path("proxy.yaml"), "w") as out:
        json.dump(config, out)
    rig.publish()
    child = rig.act(rig.path("proxy.yaml"))
    until(8, lambda: proxy.lost == 1 and rig.pending("a") == 0 and "answers again" in rig.said(), "it does not come to an end")
    time.sleep(0.5)
    rig.stop(child)


def a_lost_answer_makes_no_second_dead_letter(rig):
    forgetful(rig, b"\r\ndead\r\n", {"run": ["false"]})
    expect(len(rig.dead()) == 1, f"{len(rig.dead())} dead letters of one finding")


def a_lost_answer_loses_no_act_at_most_once(rig):
    """It is noted as begun, and who noted it knows that he has not."""
    out = rig.path("out")
    forgetful(rig, b"\r\nmost\r\n", {"run": rig.script("run", f"cat >>{out}\n"), "mode": "at-most-once"})
    expect(os.path.exists(out) and len(open(out).readlines()) == 1 and not rig.dead(), f"it was given up: {rig.dead()}")


def a_receiver_that_hangs_starves_no_other(rig):
    """300 alerts are five bodies; each would wait for the one that hangs, and there is time for two."""
    hook, hanging = Hook(), socket.socket()
    hanging.bind(("127.0.0.1", 0))
    hanging.listen(512)
    for _ in range(300):
        rig.publish()
    rig.once(rig.configure({"name": "am", "alertmanager": hook.url, "at_once": 16}))
    hook.posts.clear()
    child = rig.act(rig.configure({"name": "am", "alertmanager": ["http://127.0.0.1:%d" % hanging.getsockname()[1], hook.url],
                                   "timeout": "400ms", "resend": "1s"}))
    until(6, lambda: len({a["labels"]["fingerprint"] for p in hook.posts for a in p[2]}) == 300,
          lambda: f"only {len({a['labels']['fingerprint'] for p in hook.posts for a in p[2]})} of 300 alerts are sent again")
    rig.stop(child)


def what_is_new_does_not_overtake_what_is_sent_again(rig):
    """The end of a trouble is being told again when the trouble comes back: behind its new beginning that end would end it."""
    hook, same = Hook(), f"{1:016x}"
    config = rig.configure({"name": "am", "alertmanager": hook.url, "resend": "1m"})
    rig.publish()
    rig.publish(status="resolved", id="00000000000000e1-1", fingerprint=same)
    rig.once(config)
    hook.posts.clear()
    hook.delay = 1.5  # a post counts when it is answered
    child = rig.act(config)
    time.sleep(0.5)
    rig.publish(fingerprint=same)
    other = f"{rig.publish():016x}"
    until(8, lambda: len({a["labels"]["fingerprint"] for p in hook.posts for a in p[2]}) == 2 and len(hook.posts) >= 3, "not all are sent")
    rig.stop(child)
    told = [(a["labels"]["fingerprint"], a["endsAt"]) for p in hook.posts for a in p[2]]
    ends = [end for fingerprint, end in told if fingerprint == same]
    expect(ends == sorted(ends) and ends[0] < ends[-1], f"the old end came last: {ends}")
    expect(told[-1][0] == same, f"another trouble waited, too: {[fingerprint == other for fingerprint, _ in told]}")


def more_than_is_remembered_is_said(rig):
    hook, until_s = Hook(), int(time.time()) + 86400
    known = {f"id-{i}": f'e 1 F {until_s}\n{{"alertname":"{i}"}}\n"annotations":{{}},"startsAt":"2016-12-19T17:14:38.000Z"' for i in range(4096)}
    rig.redis.hset(PREFIX + "act:firing:am", mapping=known)
    for _ in range(3):
        rig.publish()
    config = rig.configure({"name": "am", "alertmanager": hook.url})
    rig.once(config)
    alerts = [alert for post in hook.posts for alert in post[2]]
    own = [alert for alert in alerts if alert["labels"].get("host") == "web1"]
    expect(len(own) == 3 and own[0]["endsAt"] > own[0]["startsAt"], own)
    expect(rig.said().count("4096 findings are remembered already") == 1, "not said, or too often")
    expect(rig.redis.hlen(PREFIX + "act:firing:am") == 4096, "no bound")
    rig.redis.hdel(PREFIX + "act:firing:am", "id-0")
    rig.publish()
    rig.once(config)
    expect(rig.said().count("are remembered already") == 1 and rig.redis.hexists(PREFIX + "act:firing:am", "00000000000000e1-4"), "no room")


def a_secret_path_of_a_url_is_not_shown(rig):
    hook = Hook()
    hook.answers = [503, 404]
    rig.publish()
    rig.once(rig.configure({"name": "chat", "post": hook.url + "/services/T0/s3cret?token=s3cret", "retries": 1}))
    rig.publish()
    rig.once(rig.configure({"name": "chat", "post": "http://127.0.0.1:1/s3cret", "retries": 0}))
    expect(len(rig.dead()) == 2 and hook.posts[0][0].startswith("/services"), rig.dead())
    shown = rig.said() + json.dumps(rig.trail()) + json.dumps(rig.dead())
    expect("s3cret" not in shown, "a secret is shown")
    expect(hook.url in shown and "http://127.0.0.1:1:" in shown, "nobody can tell which server it was")


def a_trial_that_was_killed_hides_nothing_from_the_next(rig):
    rig.publish()
    config = rig.configure({"name": "a", "run": ["true"]})
    child = rig.act(config, "--dry-run")
    until(5, lambda: len(rig.trail(outcome="dry-run")) == 1, "not tried")
    child.kill()
    child.wait()
    rig.once(config, "--dry-run")
    expect(len(rig.trail(outcome="dry-run")) == 2, "the second trial saw nothing")
    groups = [group["name"] for group in rig.redis.xinfo_groups(PREFIX + "page")]
    expect(groups == [], f"groups of a trial are left: {groups}")


def without_standard_descriptors_nothing_that_is_said_goes_astray(rig):
    """The connection to Redis would be number 2, where the log goes."""
    rig.publish()
    config = rig.configure({"name": "a", "run": rig.script("run", "echo said; exit 3\n"), "retries": 0})
    for closed in ("2>&-", "<&- >&- 2>&-"):
        child = rig.spawn(["sh", "-c", f'exec "$0" "$@" {closed}', rig.oddline, "act", "--once", "-c", config])
        expect(child.wait(20) == 0, f"{closed}: it ended with {child.returncode}")
        line = rig.trail()[-1]
        expect(line["outcome"] == "dead" and line["detail"] == "said\n" and len(rig.trail()) == len(rig.dead()), rig.trail())
        rig.publish()


TESTS = [one_actions_trouble_is_no_others,
         a_server_that_refuses_for_now_is_outlived,
         a_lost_answer_makes_no_second_dead_letter,
         a_lost_answer_loses_no_act_at_most_once,
         a_receiver_that_hangs_starves_no_other,
         what_is_new_does_not_overtake_what_is_sent_again,
         more_than_is_remembered_is_said,
         a_secret_path_of_a_url_is_not_shown,
         a_trial_that_was_killed_hides_nothing_from_the_next,
         without_standard_descriptors_nothing_that_is_said_goes_astray]
if __name__ == "__main__":
    sys.exit(main(TESTS, 100))
