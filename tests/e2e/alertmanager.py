#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The promise: a real Alertmanager knows what fires, as long as it fires and no longer; groups it, silences it, tells of its end.

    alertmanager.py BUILD [TEST...]
"""
import json
import os
import socket
import sys
import time
import urllib.request

from act_rig import Hook, expect, main, until

RESEND = 1.0  # seconds; an alert holds for four of them


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Alertmanager:
    def __init__(self, rig, name="am"):
        self.rig, self.dir, self.hook = rig, rig.path(name), Hook()
        os.mkdir(self.dir)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        with open(f"{self.dir}/am.yml", "w") as out:
            json.dump({"route": {"receiver": "hook", "group_by": ["fingerprint"], "group_wait": "200ms", "group_interval": "500ms",
                                 "repeat_interval": "1h"},
                       "receivers": [{"name": "hook", "webhook_configs": [{"url": self.hook.url, "send_resolved": True}]}]}, out)
        self.start()

    def start(self):
        with open(f"{self.dir}/log", "a") as out:
            self.process = self.rig.spawn(
                ["prometheus-alertmanager", f"--config.file={self.dir}/am.yml", f"--storage.path={self.dir}/data",
                 f"--web.listen-address=127.0.0.1:{self.port}", "--cluster.listen-address="], stdout=out, stderr=out)
        until(15, self.ready, "Alertmanager does not start")

    def stop(self):
        self.process.terminate()  # killed, it would forget whom it told
        self.process.wait()

    def ready(self):
        try:
            return urllib.request.urlopen(self.url + "/-/ready", timeout=2).status == 200
        except OSError:
            return False

    def alerts(self, **labels):
        found = json.load(urllib.request.urlopen(self.url + "/api/v2/alerts", timeout=5))
        return [a for a in found if all(a["labels"].get(k) == v for k, v in labels.items())]

    def post(self, path, body):
        request = urllib.request.Request(self.url + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
        return json.load(urllib.request.urlopen(request, timeout=5))

    def told(self, status, **labels):
        """Notifications of that status that hold an alert with these labels."""
        return [post for _, _, post in self.hook.posts if post["status"] == status and any(
            a["status"] == status and all(a["labels"].get(k) == v for k, v in labels.items()) for a in post["alerts"])]


def action(*managers, **more):
    return {"name": "am", "alertmanager": [m.url for m in managers], "resend": "%gs" % RESEND, "timeout": "2s", **more}


def seconds(text):
    return time.mktime(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")) - time.timezone


def it_fires_in_a_group_of_its_own_and_resolves(rig):
    am = Alertmanager(rig)
    child = rig.act(rig.configure(action(am)))
    rig.publish(fingerprint="00000000000000aa", host="web1", summary="evil $(x) \"'\x07 text",
                labels={"team": "payments", "service.tier": "gold", "severity": "mine"})
    rig.publish(fingerprint="00000000000000aa", host="web2")
    rig.publish(fingerprint="00000000000000bb", route="ticket")
    until(10, lambda: len(am.alerts()) == 3 and am.told("firing", fingerprint="00000000000000bb"), "it does not arrive")
    alert, = am.alerts(host="web1", severity="page")
    labels = {"alertname": "checkout spike", "severity": "page", "stream": "checkout", "kind": "spike", "host": "web1",
              "fingerprint": "00000000000000aa", "team": "payments", "service_tier": "gold", "service_name": "shop"}
    expect(alert["labels"] == labels, f"labels {alert['labels']}")
    expect(alert["annotations"]["summary"] == "evil $(x) \"'\x07 text" and alert["annotations"]["evidence"] == "boom"
           and alert["annotations"]["reasons"] == "far above; new template"
           and alert["annotations"]["runbook_url"] == "https://runbooks.example/checkout", alert["annotations"])
    expect(alert["startsAt"] == "2016-12-19T17:14:38.000Z", alert["startsAt"])
    until(5, lambda: any(len(post["alerts"]) == 2 for post in am.told("firing", fingerprint="00000000000000aa")),
          "the two hosts of one fingerprint are not one notification")
    expect(all(len({a["labels"]["fingerprint"] for a in post["alerts"]}) == 1 for _, _, post in am.hook.posts), "groups are mixed")
    rig.publish(fingerprint="00000000000000bb", route="ticket", status="resolved", id="00000000000000e1-3", revision=1)
    until(10, lambda: am.told("resolved", fingerprint="00000000000000bb"), "the end is not told")
    time.sleep(2 * RESEND)
    expect(not am.alerts(fingerprint="00000000000000bb"), "it was lit again")
    expect(len(am.told("firing", fingerprint="00000000000000bb")) == 1, "told more than once")
    rig.stop(child)


def it_holds_while_it_fires_and_a_silence_keeps_it_quiet(rig):
    am = Alertmanager(rig)
    now = time.time()
    am.post("/api/v2/silences", {
        "matchers": [{"name": "team", "value": "payments", "isRegex": False, "isEqual": True}], "createdBy": "test", "comment": "test",
        "startsAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now - 60)),
        "endsAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now + 600))})
    child = rig.act(rig.configure(action(am)))
    rig.publish(fingerprint="00000000000000aa")
    rig.publish(fingerprint="00000000000000cc", labels={"team": "other"})
    until(10, lambda: am.told("firing", fingerprint="00000000000000cc"), "not told")
    first = am.alerts(fingerprint="00000000000000aa")[0]
    expect(first["status"]["state"] == "suppressed" and first["status"]["silencedBy"], first["status"])
    expect(0 < seconds(first["endsAt"]) - time.time() <= 4 * RESEND + 1, f"endsAt {first['endsAt']}")
    time.sleep(5 * RESEND)  # longer than it would hold by itself
    later, = am.alerts(fingerprint="00000000000000aa")
    expect(seconds(later["endsAt"]) > seconds(first["endsAt"]) + 2, "endsAt does not move on")
    expect(not am.told("resolved") and len(am.told("firing", fingerprint="00000000000000cc")) == 1, "told of an end, or twice")
    expect(not am.told("firing", fingerprint="00000000000000aa"), "the silence was not kept")
    rig.stop(child)
    until(8, lambda: not am.alerts(fingerprint="00000000000000cc"), "without act it ends by itself")


def restarts_of_both_sides_change_nothing(rig):
    am = Alertmanager(rig)
    config = rig.configure(action(am))
    child = rig.act(config)
    rig.publish()
    until(10, lambda: am.told("firing"), "not told")
    child.kill()
    child.wait()
    am.stop()
    am.start()
    expect(not am.alerts(), "an Alertmanager that started knows no alert")
    child = rig.act(config)
    until(8, lambda: am.alerts(), "what fires was forgotten")
    am.stop()
    time.sleep(2 * RESEND)
    am.start()
    until(8, lambda: am.alerts(), "what fires was not sent again")
    rig.redis_kill()  # and without Redis, from memory
    time.sleep(6 * RESEND)
    expect(am.alerts(), "Redis away ends an alert")
    rig.redis_start()
    rig.publish(status="resolved", id="00000000000000e1-1", fingerprint=f"{1:016x}", revision=1)
    until(15, lambda: not am.alerts() and am.told("resolved"), "the end is not told")
    expect(len(am.told("firing")) == 1, f"told {len(am.told('firing'))} times")
    rig.stop(child)


def the_end_is_that_of_the_alert_that_was_sent(rig):
    am = Alertmanager(rig)
    config = rig.configure(action(am, when={"min_score": 5}, resend="1m"))  # it does not end by itself within the test
    rig.publish()
    rig.publish(score=2.0)
    rig.once(config)
    expect(len(am.alerts()) == 1, "min_score")
    # labels changed meanwhile, and the score of the end is below the condition
    rig.publish(status="resolved", id="00000000000000e1-1", fingerprint=f"{1:016x}", labels={"team": "new"}, score=1.0)
    rig.publish(status="resolved", id="00000000000000e1-2", fingerprint=f"{2:016x}", score=1.0)
    rig.once(config)
    until(5, lambda: not am.alerts() and am.told("resolved"), "the alert lives on under its old labels")
    # a firing that comes late does not light it again
    rig.publish(id="00000000000000e1-1", fingerprint=f"{1:016x}", n=1)
    rig.once(config)
    expect(not am.alerts() and len(rig.trail(outcome="stale")) == 1, "lit again")


def a_peer_that_was_late_does_not_keep_it_alight(rig):
    am = Alertmanager(rig)
    config = rig.configure(action(am, resend="1m"))
    rig.publish()
    rig.once(config)
    late = [{k: a[k] for k in ("labels", "annotations", "startsAt", "endsAt")} for a in am.alerts()]
    rig.publish(status="resolved", id="00000000000000e1-1", fingerprint=f"{1:016x}")
    rig.once(config)
    until(3, lambda: not am.alerts(), "it does not end")
    body = json.dumps(late).encode()
    urllib.request.urlopen(urllib.request.Request(am.url + "/api/v2/alerts", body, {"Content-Type": "application/json"}), timeout=5)
    until(3, am.alerts, "the late one did not arrive")
    rig.once(config)
    until(3, lambda: not am.alerts(), "the end is not told again")
    rig.publish(fingerprint=f"{1:016x}")  # the same trouble again
    child = rig.act(config)
    until(5, am.alerts, "it does not fire again")
    rig.stop(child)
    rig.once(config)
    expect(am.alerts(), "the old end ends the new one")


def of_several_one_is_enough(rig):
    one, two = Alertmanager(rig, "one"), Alertmanager(rig, "two")
    config = rig.configure(action(one, two, retries=0))
    rig.publish()
    rig.once(config)
    expect(one.alerts() and two.alerts(), "both get it")
    one.stop()
    rig.publish()
    rig.once(config)
    expect(len(two.alerts()) == 2 and len(rig.trail(outcome="done")) == 2, "one is enough")
    two.stop()
    rig.publish()
    rig.once(config)
    expect(len(rig.dead()) == 1, "none took it")
    two.start()
    child = rig.act(config)
    until(8, lambda: len(two.alerts()) == 3, "a dead letter that fires is sent again all the same")
    rig.stop(child)


TESTS = [it_fires_in_a_group_of_its_own_and_resolves, it_holds_while_it_fires_and_a_silence_keeps_it_quiet,
         restarts_of_both_sides_change_nothing, the_end_is_that_of_the_alert_that_was_sent,
         a_peer_that_was_late_does_not_keep_it_alight, of_several_one_is_enough]
if __name__ == "__main__":
    sys.exit(main(TESTS, 110))
