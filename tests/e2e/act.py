#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The promise: `oddline act` does what the configuration says with each finding, within its bounds, and says so.

    act.py BUILD [TEST...]
"""
import json
import os
import sys
import time

from act_rig import TREE, Hook, expect, main, until

EVIL = "a'b\"c $(touch PWNED) `touch PWNED` ; touch PWNED # \n\r\t\x07\x1b]0;owned\x07 \u202e \\n %s %n {id} ${HOME} é\U0001f600"


def a_command_gets_the_finding_and_is_acknowledged(rig):
    out = rig.path("out")
    run = rig.script("run", f'cat >>{out}; echo "$ODDLINE_ID $ODDLINE_ROUTE $ODDLINE_STATUS $1" >>{out}.env; echo said\n')
    config = rig.configure({"name": "keep", "run": [run, "$(id) {id}"], "when": {"route": ["page"], "stream": "check*"}})
    rig.publish()
    rig.publish(stream="other")
    rig.publish(route="log")
    rig.once(config)
    got = [json.loads(line) for line in open(out)]
    expect([f["n"] for f in got] == [1], f"acted on {[f['n'] for f in got]}")
    expect(open(out + ".env").read() == "00000000000000e1-1 page firing $(id) {id}\n", open(out + ".env").read())
    expect(rig.pending("keep") == 0, "not acknowledged")
    line, = rig.trail()
    expect(line["outcome"] == "done" and line["exit"] == 0 and line["n"] == 1 and line["detail"] == "said\n", line)
    rig.once(config)
    expect(len(open(out).readlines()) == 1, "done again")


def evil_text_reaches_stdin_intact_and_executes_nothing(rig):
    out = rig.path("out")
    run = rig.script("run", f'cd {rig.dir}; cat >>{out}; env | grep ^ODDLINE_ >>{out}.env\n')
    config = rig.configure({"name": "evil", "run": [run]})
    rig.publish(summary=EVIL, stream=EVIL, series=EVIL, evidence=[{"path": EVIL, "text": EVIL}], labels={EVIL: EVIL})
    rig.once(config)
    got, = [json.loads(line) for line in open(out)]
    expect(got["summary"] == EVIL and got["evidence"][0]["text"] == EVIL, "the text changed")
    expect(not os.path.exists(rig.path("PWNED")) and not os.path.exists("PWNED"), "it was executed")
    stream, = [line for line in open(out + ".env") if line.startswith("ODDLINE_STREAM=")]
    expect(all(c.isalnum() and c.isascii() or c in "._:@/+=,-_\n" for c in stream), f"unsafe: {stream}")
    # what a command says about it does not reach a terminal as it is either
    rig.publish(summary=EVIL)
    rig.once(rig.configure({"name": "loud", "run": ["/usr/bin/printf", "\\033]0;owned\\007\\nforged: line"]}))
    expect("\x1b" not in rig.said() and "\nforged" not in rig.said(), "control bytes in the log")


def what_fails_is_tried_again_and_then_a_dead_letter(rig):
    count = rig.path("count")
    run = rig.script("run", f"echo x >>{count}; echo no such ticket >&2; exit 3\n")
    rig.publish()
    rig.once(rig.configure({"name": "bad", "run": [run], "retries": 1}))
    expect(len(open(count).readlines()) == 2, "attempts")
    letter, = rig.dead()
    expect(letter["action"] == "bad" and letter["outcome"] == "dead" and letter["attempts"] == "2", letter)
    expect(json.loads(letter["data"])["n"] == 1, "the finding is not in the letter")
    expect([line["outcome"] for line in rig.trail()] == ["failed", "dead"] and rig.trail()[1]["exit"] == 3, rig.trail())
    expect(rig.pending("bad") == 0, "not acknowledged")
    # its cooldown is no reason to leave the next one alone
    rig.publish(fingerprint=f"{1:016x}")
    rig.once(rig.configure({"name": "bad", "run": ["true"]}))
    expect(len(rig.trail(outcome="done")) == 1, "the next one was skipped")


def what_is_no_finding_is_a_dead_letter(rig):
    rig.redis.xadd("oddline:{0}:page", {"some": "thing"})
    rig.redis.xadd("oddline:{0}:page", {"host": "a", "n": "-1", "data": "{"})
    rig.publish()
    rig.once(rig.configure({"name": "any", "run": ["true"]}))
    expect([letter["why"] for letter in rig.dead()] == ["not a finding"] * 2, rig.dead())
    expect(len(rig.trail(outcome="done")) == 1, "the finding behind them")


def a_time_out_ends_the_whole_group(rig):
    pids = rig.path("pids")
    run = rig.script("run", f"trap '' TERM\n(trap '' TERM; echo $$; sleep 300 & echo $!; wait) >>{pids} &\necho $$ >>{pids}\n"
                            "cat >/dev/null\nsleep 300 & wait; wait; sleep 300\n")
    rig.publish()
    begun = time.monotonic()
    rig.once(rig.configure({"name": "slow", "run": [run], "timeout": "500ms", "retries": 0}))
    expect(time.monotonic() - begun < 6, "it took too long")
    for pid in {int(line) for line in open(pids)}:
        until(2, lambda p=pid: not os.path.exists(f"/proc/{p}") or " Z" in open(f"/proc/{p}/stat").read(), f"{pid} still lives")
    letter, = rig.dead()
    expect(letter["why"] == "no end within the time-out", letter)


def a_chatterbox_is_bounded(rig):
    rig.publish()
    begun = time.monotonic()
    rig.once(rig.configure({"name": "loud", "run": ["sh", "-c", "head -c 200000000 /dev/zero | tr '\\0' x"]}))
    line, = rig.trail()
    expect(line["outcome"] == "done" and len(line["detail"]) <= 500, f"{line['outcome']}, {len(line['detail'])} bytes kept")
    expect(os.path.getsize(rig.log) < 20000 and time.monotonic() - begun < 15, "not bounded")


def cooldown_holds_across_starts_and_peers(rig):
    one = rig.configure({"name": "cool", "run": ["true"], "cooldown": "10m"}, consumer="one")
    two = rig.configure({"name": "cool", "run": ["true"], "cooldown": "10m"}, name="two.yaml", consumer="two")
    for _ in range(3):
        rig.publish(fingerprint="00000000000000aa")
    rig.once(one)
    expect(len(rig.trail(outcome="done")) == 1 and len(rig.trail(outcome="cooldown")) == 2, rig.trail())
    rig.publish(fingerprint="00000000000000aa", host="web2")
    rig.publish(fingerprint="00000000000000aa", status="resolved")
    rig.publish(fingerprint="00000000000000bb")
    rig.once(two)
    expect(len(rig.trail(outcome="done", status="firing")) == 2, "another fingerprint is another matter")
    expect(len(rig.trail(outcome="done", status="resolved")) == 1, "the resolve has a cooldown of its own")
    expect(len(rig.trail(outcome="cooldown")) == 3, "the second peer forgot")


def what_is_over_the_hour_waits_and_is_not_lost(rig):
    config = rig.configure({"name": "few", "run": ["true"], "per_hour": 5}, {"name": "all", "run": ["true"], "per_hour": 0})
    for _ in range(60):
        rig.publish()
    rig.once(config)
    expect(len(rig.trail(outcome="done", action="few")) == 5, "the limit")
    expect(len(rig.trail(outcome="done", action="all")) == 60, "another action is held up")
    rig.once(config)
    expect(len(rig.trail(outcome="done", action="few")) == 5, "a start forgets")
    old = rig.redis.zrange("oddline:{0}:act:hour:few", 0, -1)
    rig.redis.zadd("oddline:{0}:act:hour:few", {who: 1 for who in old})  # an hour goes by
    rig.once(config)
    done = [line["n"] for line in rig.trail(outcome="done", action="few")]
    expect(sorted(done) == list(range(1, 11)), f"the next ones: {done}")


def at_once_is_a_limit(rig):
    run = rig.script("run", f"echo + >>{rig.path('n')}; sleep 0.3; echo - >>{rig.path('n')}\n")
    for _ in range(8):
        rig.publish()
    begun = time.monotonic()
    rig.once(rig.configure({"name": "two", "run": [run], "at_once": 2}))
    most = now = 0
    for sign in open(rig.path("n")).read().split():
        now += 1 if sign == "+" else -1
        most = max(most, now)
    expect(most == 2, f"{most} at once")
    expect(time.monotonic() - begun < 4, "one after the other")


def a_dry_run_uses_nothing_up(rig):
    config = rig.configure({"name": "dry", "run": ["touch", rig.path("done")]})
    rig.publish()
    rig.once(config, "--dry-run")
    expect(not os.path.exists(rig.path("done")) and [line["outcome"] for line in rig.trail()] == ["dry-run"], rig.trail())
    rig.once(config, "--dry-run")
    expect(len(rig.trail(outcome="dry-run")) == 2, "the dry run was used up")
    rig.once(config)
    expect(os.path.exists(rig.path("done")), "the finding was used up")
    expect(not [g for g in rig.redis.xinfo_groups("oddline:{0}:page") if "dry-run" in g["name"]], "a group is left")


def trimmed_duplicate_and_missing_are_noticed(rig):
    config = rig.configure({"name": "see", "run": ["true"], "cooldown": "0s"}, consumer="me")
    rig.publish()
    rig.once(config)
    rig.publish()
    rig.redis.xreadgroup("oddline-act:see", "me", {"oddline:{0}:page": ">"})
    rig.redis.xdel("oddline:{0}:page", rig.redis.xrevrange("oddline:{0}:page", count=1)[0][0])
    rig.once(config)
    expect(len(rig.trail(outcome="trimmed")) == 1 and rig.pending("see") == 0, "a trimmed one")
    rig.n = 0
    rig.publish(host="web1")  # n 1 again, as after a failover
    rig.once(config)
    expect(len(rig.trail(outcome="duplicate", n=1)) == 1, "a duplicate")
    rig.n = 10
    rig.publish(), rig.publish()
    rig.n, rig.prev["page"] = 13, 13
    rig.publish()
    rig.once(config)
    expect("findings are missing in oddline:{0}:page: what came before n 14 is n 13, and the last one seen was 12" in rig.said(),
           "a hole")


def a_dead_peers_work_is_taken_over(rig):
    one = rig.configure({"name": "peer", "run": ["sleep", "60"]}, consumer="one", claim_after="1s")
    two = rig.configure({"name": "peer", "run": ["true"]}, name="two.yaml", consumer="two", claim_after="1s")
    rig.publish()
    first = rig.act(one)
    until(5, lambda: rig.pending("peer") == 1, "not taken")
    second = rig.act(two)
    time.sleep(2.5)
    expect(not rig.trail(outcome="done"), "taken from a peer that is alive")
    first.kill()
    until(8, lambda: rig.trail(outcome="done"), "not taken over")
    rig.stop(second)


def an_end_waits_for_what_runs(rig):
    config = rig.configure({"name": "wait", "run": ["sleep", "1"]})
    rig.publish()
    child = rig.act(config)
    until(5, lambda: rig.pending("wait") == 1, "not taken")
    time.sleep(0.2)
    rig.stop(child)
    expect(len(rig.trail(outcome="done")) == 1 and rig.pending("wait") == 0, "it was not waited for")
    rig.publish()
    child = rig.act(rig.configure({"name": "wait", "run": ["sleep", "60"]}))
    until(5, lambda: rig.pending("wait") == 1, "not taken")
    begun = time.monotonic()
    rig.stop(child)
    expect(4 < time.monotonic() - begun < 7, "five seconds at most")
    expect(rig.pending("wait") == 1, "what was killed is not done")


def redis_may_go_and_come(rig):
    child = rig.act(rig.configure({"name": "back", "run": ["sleep", "0.5"]}))
    rig.publish()
    until(5, lambda: rig.pending("back") == 1, "not taken")
    rig.redis_kill()
    time.sleep(1)
    rig.redis_start()
    until(5, lambda: rig.pending("back") == 0, "what ended meanwhile is not noted")
    rig.publish()
    until(5, lambda: len(rig.trail(outcome="done")) == 2, "it does not go on")
    rig.redis.delete("oddline:{0}:page")  # and its group with it
    time.sleep(0.7)
    rig.publish()
    until(8, lambda: len(rig.trail(outcome="done")) == 3, "a deleted stream")
    expect(rig.said().count("trying again") <= 3, "it says so too often")
    rig.stop(child)


def posts_are_posted(rig):
    hook = Hook()
    with open(rig.path("headers"), "w") as out:
        out.write("Authorization: Bearer s3cret\n")
    config = rig.configure({"name": "hook", "post": hook.url + "/in", "header_file": rig.path("headers"), "retries": 1})
    hook.answers = [503]
    rig.publish(summary=EVIL)
    rig.once(config)
    expect(len(hook.posts) == 2 and hook.posts[1][2]["summary"] == EVIL, "the body")
    path, headers, _ = hook.posts[1]
    expect(path == "/in" and headers["Authorization"] == "Bearer s3cret", headers)
    expect(headers["Idempotency-Key"] == "web1-00000000000000e1-1", headers)
    expect([line["http"] for line in rig.trail()] == [503, 200], rig.trail())
    hook.answers = [404]
    rig.publish()
    rig.once(config)
    expect(len(hook.posts) == 3 and len(rig.dead()) == 1, "404 is not tried again")
    expect("s3cret" not in rig.said() + json.dumps(rig.trail()), "a secret is shown")
    hook.delay = 30
    rig.publish()
    begun = time.monotonic()
    rig.once(rig.configure({"name": "hook", "post": hook.url, "timeout": "500ms", "retries": 0}))
    expect(time.monotonic() - begun < 5 and len(rig.dead()) == 2, "no time-out")


def a_bad_configuration_is_one_sentence(rig):
    for action, sentence in (
            ({"name": "a b", "run": ["true"]}, "letters, digits"),
            ({"name": "a"}, "one of run, post and alertmanager"),
            ({"name": "a", "run": ["true"], "post": "http://h"}, "one of run, post and alertmanager"),
            ({"name": "a", "run": ["true"], "when": {"status": ["fired"]}}, "is none of: firing resolved"),
            ({"name": "a", "post": "ftp://h/"}, "is no URL"),
            ({"name": "a", "post": "http://u:p@h/"}, "a password does not belong in a URL"),
            ({"name": "a", "alertmanager": "http://h", "mode": "at-most-once"}, "takes an alert twice as one"),
            ({"name": "a", "alertmanager": "http://h", "when": {"status": ["firing"]}}, "needs firing and resolved")):
        rig.once(rig.configure(action), code=78)
        expect(sentence in rig.said().splitlines()[-1], f"{action}: {rig.said().splitlines()[-1]}")
    rig.once(rig.configure({"name": "a", "run": ["true"]}, {"name": "a", "run": ["true"]}), code=78)
    rig.once(rig.configure({"name": "a", "run": ["true"]}, audit="/nonexistent/audit"), code=69)


def each_shard_has_an_act_of_its_own(rig):
    with open(rig.configure({"name": "s", "run": ["true"]})) as file:
        config = json.load(file)
    config["sinks"]["redis"]["shards"] = 3
    with open(rig.path("shards.yaml"), "w") as out:
        json.dump(config, out)
    rig.publish()
    rig.redis.rename("oddline:{0}:page", "oddline:{2}:page")
    for wrong in ([], ["--shard", "3"], ["--shard", "-1"], ["--shard", "x"]):
        rig.once(rig.path("shards.yaml"), *wrong, code=78)
        expect("--shard 0 to 2" in rig.said().splitlines()[-1], rig.said())
    rig.once(rig.path("shards.yaml"), "--shard", "1")
    expect(not rig.trail(), "of another shard")
    rig.once(rig.path("shards.yaml"), "--shard", "2")
    expect(len(rig.trail(outcome="done")) == 1, "of its own")


def the_user_of_the_docs_is_enough(rig):
    docs = open(f"{TREE}/docs/act.md").read()
    words = docs[docs.index("ACL SETUSER oddline-act"):].split("\n\n")[0].split()
    rig.redis.execute_command(*[">s3cret" if word == ">PASSWORD" else word for word in words])
    with open(rig.path("password"), "w") as out:
        out.write("s3cret\n")
    hook = Hook()
    with open(rig.configure({"name": "run", "run": ["true"], "cooldown": "1m"}, {"name": "bad", "run": ["false"], "retries": 0},
                            {"name": "am", "alertmanager": hook.url, "resend": "1s"})) as file:
        config = json.load(file)
    config["sinks"]["redis"].update(user="oddline-act", password_file=rig.path("password"))
    with open(rig.path("acl.yaml"), "w") as out:
        json.dump(config, out)
    for n in (1, 2, 9):
        rig.publish(prev=n)
    rig.once(rig.path("acl.yaml"), "--dry-run")
    child = rig.act(rig.path("acl.yaml"))
    until(8, lambda: len(rig.trail(outcome="done")) == 6 and len(rig.dead()) == 3, lambda: f"{rig.trail()}")
    rig.publish(status="resolved", id="00000000000000e1-1")
    until(5, lambda: len(rig.trail(outcome="done", action="am")) == 4, "the resolve")
    rig.stop(child)
    expect("permission" not in rig.said(), "a permission is missing")


def the_samples_do_what_they_say(rig):
    replicas = rig.path("replicas")
    with open(replicas, "w") as out:
        out.write("3")
    get, put = rig.script("get", f"cat {replicas}\n"), rig.script("put", f'[ "$2" = checkout ] && echo "$1" >{replicas}\n')
    os.mkdir(rig.path("queue"))
    config = rig.configure(
        {"name": "scale-up", "run": [f"{TREE}/samples/actions/scale-up.sh", "--max", "5"], "when": {"status": ["firing"]},
         "mode": "at-most-once", "at_once": 1},
        {"name": "ticket", "run": [f"{TREE}/samples/actions/ticket.py", rig.path("queue")], "cooldown": "0s"})
    env = {"SCALE_GET": get, "SCALE_SET": put}
    for _ in range(4):
        rig.publish(evidence=[{"path": "x", "text": EVIL}])
    rig.publish(stream="--all", fingerprint="00000000000000ff")
    rig.publish(id="00000000000000e1-1", fingerprint=f"{1:016x}", revision=1, status="resolved")
    rig.once(config, env=env)
    expect(open(replicas).read() == "5\n", f"replicas {open(replicas).read()}")
    letter, = rig.dead()
    expect(letter["action"] == "scale-up" and "-5" in letter["id"], letter)
    rig.publish()
    rig.once(rig.configure({"name": "typo", "run": [f"{TREE}/samples/actions/scale-up.sh", "--max", "5x"], "retries": 0}), env=env)
    expect(open(replicas).read() == "5\n" and "'5x' is no number" in rig.said(), f"replicas {open(replicas).read()}: without a limit")
    tickets = {name: json.load(open(f"{rig.path('queue')}/{name}")) for name in os.listdir(rig.path("queue"))}
    expect(len(tickets) == 5, sorted(tickets))
    expect(tickets["00000000000000e1-1.json"]["state"] == "closed" and tickets["00000000000000e1-2.json"]["state"] == "open", tickets)


TESTS = [a_command_gets_the_finding_and_is_acknowledged,
         evil_text_reaches_stdin_intact_and_executes_nothing,
         what_fails_is_tried_again_and_then_a_dead_letter,
         what_is_no_finding_is_a_dead_letter,
         a_time_out_ends_the_whole_group,
         a_chatterbox_is_bounded,
         cooldown_holds_across_starts_and_peers,
         what_is_over_the_hour_waits_and_is_not_lost,
         at_once_is_a_limit,
         a_dry_run_uses_nothing_up,
         trimmed_duplicate_and_missing_are_noticed,
         a_dead_peers_work_is_taken_over,
         an_end_waits_for_what_runs,
         redis_may_go_and_come,
         posts_are_posted,
         a_bad_configuration_is_one_sentence,
         each_shard_has_an_act_of_its_own,
         the_user_of_the_docs_is_enough,
         the_samples_do_what_they_say]
if __name__ == "__main__":
    sys.exit(main(TESTS, 100))
