#!/bin/sh
# SPDX-License-Identifier: MIT
# Promise: a finding names the deployment before it, whoever told of it, a person or the log itself; says when the same came before,
# and which post-mortem it has; and says it again after kill -9. What is no mark in the file stops nothing.
. "$(dirname "$0")/lib.sh"

python3 "$tree/tests/e2e/marks.py" scan "$oddline" "$tmp" || fail "a scan"

cat >"$tmp/oddline.yaml" <<YAML
state_dir: $tmp/state
streams:
  - name: app
    paths: $tmp/app.log
    window: 1s
    warmup: 1
    resolve_after: 2
    storm_per_hour: 100
    deploys: [{match: 'deployed (?<version>v\S+)'}]
    detectors:
      - {use: pattern, on: [errors], set: {warmup: 8}}
sinks: {jsonl: {path: $tmp/findings.jsonl}}
YAML
touch "$tmp/app.log"
write() { (cd "$tmp" && python3 "$tree/tests/e2e/write_log.py" "$@"); }
mark() { "$oddline" mark "$@" -c "$tmp/oddline.yaml"; }
kill_it() {
    kill -KILL "$daemon_pid"
    wait "$daemon_pid" 2>/dev/null || :
    daemon_pid=
}
found() { # STATUS TEXT TIMES: so many findings of that status have this in them
    [ "$(grep "\"status\":\"$1\"" "$tmp/findings.jsonl" 2>/dev/null | grep -cF "$2" || :)" -ge "$3" ]
}

daemon_start "$tmp/oddline.yaml"
[ "$(mark list)" = "no marks" ] || fail "marks from nowhere"
write calm 10 app.log
! mark deploy --service app --version "$(printf 'v\033[2J')" 2>/dev/null || fail "a version may clear the screen"
! mark deploy --service app --version v1 --url 'javascript:alert(1)' 2>/dev/null || fail "any URL will do"
until_true 5 ls "$tmp"/state/snapshot* >/dev/null 2>&1 || fail "no snapshot"
mkdir "$tmp/early"
cp "$tmp"/state/snapshot* "$tmp/early"
mark deploy --service ap --version v9 2>"$tmp/said"
grep -q "nothing here is called 'ap'; did you mean 'app'" "$tmp/said" || fail "a misspelt service: $(cat "$tmp/said")"
mark deploy --service app --version v1.2.3 --url https://ci.example/7 --author ann
[ "$(stat -c %a "$tmp/state/marks.jsonl")" = 640 ] || fail "anybody may read the marks"
until_true 5 grep -q 'marks: 2 of deployments' "$tmp/daemon.log" || fail "the daemon did not notice"

# ---- a deployment that somebody marked, and the end of the daemon as soon as it was said
write burst 40 app.log >/dev/null
write calm 2 app.log
until_true 8 found firing '"deploy":{"version":"v1.2.3","service":"app","seconds_before":' 1 || fail "the deployment is not named"
kill_it
found firing '"url":"https://ci.example/7"},"seen_before":null' 1 || fail "its URL is not named, or a past is invented"
mv "$tmp/state/marks.jsonl" "$tmp/marks.jsonl" # from now on only the journal knows ...
rm "$tmp"/state/snapshot*
cp "$tmp"/early/* "$tmp/state" # ... for no snapshot is as young as the marks: all of it is done again
daemon_start "$tmp/oddline.yaml"
grep 'restored: ' "$tmp/daemon.log" | tail -n 1 | grep -Eq 'then [1-9][0-9]* blocks' || fail "nothing was done again"
write calm 5 app.log
until_true 8 found resolved '"deploy":{"version":"v1.2.3","service":"app"' 1 || fail "the deployment is forgotten after kill -9"
cat "$tmp/marks.jsonl" >>"$tmp/state/marks.jsonl"

# ---- a post-mortem, and the same again; a torn line stands before it
id=$(sed -n '1s/.*"id":"\([^"]*\)".*/\1/p' "$tmp/findings.jsonl")
fingerprint=$(sed -n '1s/.*"fingerprint":"\([^"]*\)".*/\1/p' "$tmp/findings.jsonl")
printf 'what is this\n{"v":1,"time":"2026-' >>"$tmp/state/marks.jsonl"
! mark postmortem "${id%-*}-999" https://pm.example/1 2>"$tmp/said" || fail "a finding that never was has a post-mortem"
grep -q 'there is no finding' "$tmp/said" || fail "what is wrong with it: $(cat "$tmp/said")"
mark postmortem "$id" https://pm.example/1 2>"$tmp/said"
[ ! -s "$tmp/said" ] || fail "a finding that is in the journal is doubted: $(cat "$tmp/said")"
grep -q "\"id\":\"$id\",\"fingerprint\":\"$fingerprint\"}\$" "$tmp/state/marks.jsonl" || fail "it is not said of which fingerprint it is"
until_true 5 grep -q 'marks.jsonl: 2 lines in it are no mark' "$tmp/daemon.log" || fail "torn lines are not named"
until_true 5 grep -q 'marks: 2 of deployments and 1 of findings' "$tmp/daemon.log" || fail "the post-mortem was not noticed"
kill_it
daemon_start "$tmp/oddline.yaml"
write calm 3 app.log
write burst 60 app.log >/dev/null
write calm 2 app.log
until_true 8 found firing "\"seen_before\":{\"id\":\"$id\"" 1 || fail "the same again is not called so"
found firing '"count":1,"postmortem":"https://pm.example/1","marked_false":null}' 1 || fail "its post-mortem is not named"
kill_it

# ---- the log itself tells of one
daemon_start "$tmp/oddline.yaml"
write calm 4 app.log
(cd "$tmp" && python3 "$tree/tests/e2e/marks.py" say "deployed v1.2.4" app.log)
write calm 1 app.log
write burst 400 app.log >/dev/null
write calm 2 app.log
until_true 8 found firing '"deploy":{"version":"v1.2.4","service":"app"' 1 || fail "what the log told of is not named"
kill_it
daemon_start "$tmp/oddline.yaml"
write calm 5 app.log
until_true 8 found resolved '"deploy":{"version":"v1.2.4","service":"app"' 1 || fail "what the log told of is forgotten"
daemon_stop
python3 "$tree/tests/e2e/marks.py" check "$tmp/findings.jsonl" "$tree/docs/finding.schema.json" || fail "the findings"
! grep -q 'came out differently' "$tmp/daemon.log" || fail "a replay found something else"
"$oddline" findings -c "$tmp/oddline.yaml" >"$tmp/shown"
grep -Eq '(with|s after) deploy v1.2.3' "$tmp/shown" || fail "the console does not name the deployment"
grep -q 'seen before: 1 time, last .* for .*, post-mortem https://pm.example/1' "$tmp/shown" || fail "the console does not say that it was seen before"
[ "$(mark list --json | wc -l)" = 3 ] || fail "the list"
mark list --since 1h 2>/dev/null | grep -q "postmortem  $id  https://pm.example/1" || fail "the list for people"
echo "marks: ok"
