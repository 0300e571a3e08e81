#!/bin/sh
# SPDX-License-Identifier: MIT
# Promise: rules send findings where they say, with their labels and filled-in annotations, in a scan, in the daemon and over a kill;
# `check` names what can page without a runbook and what nothing will fill; `routes test` says the same as what was done; `audit` adds up
# what came of it.
. "$(dirname "$0")/lib.sh"

cat >"$tmp/oddline.yaml" <<YAML
state_dir: $tmp/state
resource: {service.name: shop, host.name: web1}
routes:
  - name: calm
    when: {series: warnings}
    route: log
  - name: errors of app
    when: {stream: 'a*', series: [errors], labels: {team: pay*}, score: '>= 3'}
    route: ticket
    labels: {urgency: low}
    annotations:
      dashboard_url: 'https://g.example/d?s={stream}&team={team}&from={starts_ms}&to={ends_ms}'
      note: '{service.name} on {host.name}: {kind} {{x}'
streams:
  - name: app
    paths: $tmp/app.log
    window: 1s
    warmup: 1
    resolve_after: 2
    storm_per_hour: 100
    labels: {team: 'payments & co'}
    annotations: {runbook_url: 'https://runbooks.example/{stream}'}
    detectors:
      - {use: pattern, on: [errors], set: {warmup: 8}}
  - {name: other, paths: $tmp/other.log}
sinks: {jsonl: {path: $tmp/findings.jsonl}}
YAML
config=$tmp/oddline.yaml
touch "$tmp/app.log" "$tmp/other.log"
write() { (cd "$tmp" && python3 "$tree/tests/e2e/write_log.py" "$@"); }
expect() { # CODE TEXT COMMAND...
    want=$1 text=$2
    shift 2
    code=0
    "$@" >"$tmp/said" 2>&1 || code=$?
    [ "$code" -eq "$want" ] || fail "$*: ended with $code: $(cat "$tmp/said")"
    grep -qF -- "$text" "$tmp/said" || fail "$*: does not say '$text': $(cat "$tmp/said")"
}
changed() { # SED: the configuration with a mistake
    sed "$1" "$config" >"$tmp/wrong.yaml"
    ! cmp -s "$config" "$tmp/wrong.yaml" || fail "sed $1 changes nothing"
    echo "$tmp/wrong.yaml"
}

# ---- check
expect 0 "oddline.yaml:25: stream 'other' can page without an annotation runbook_url" "$oddline" check "$config"
! grep -q "stream 'app' can page" "$tmp/said" || fail "a stream with a runbook is named"
expect 0 "rule 'calm' can page (stream 'other') without an annotation runbook_url" "$oddline" check "$(changed '0,/route: log/s//route: page/')"
expect 0 "rule 'errors of app' is about no stream" "$oddline" check "$(changed "s/stream: 'a\*'/stream: 'b*'/")"
expect 78 "wrong.yaml:4: rule 'calm': it changes nothing" "$oddline" check "$(changed '0,/    route: log/{/    route: log/d}')"
expect 78 "wrong.yaml:7: rule 'errors of app': annotation dashboard_url: nothing is called '{teem}'; did you mean 'team'?" "$oddline" check "$(changed 's/{team}/{teem}/')"
expect 78 "stream 'app': annotation runbook_url: nothing is called '{straem}'; did you mean 'stream'?" "$oddline" check "$(changed 's,example/{stream},example/{straem},')"
many=$(seq 1 22 | sed 's/.*/l&: x/' | paste -sd ,)
expect 78 "stream 'app': at most 21 labels" "$oddline" check "$(changed "s/labels: {team: 'payments & co'}/labels: {$many}/")"
expect 78 "annotation note: nothing is called '{key}'" "$oddline" check "$(changed 's/{kind}/{key}/')"
expect 78 "score '~3': write one of" "$oddline" check "$(changed "s/>= 3/~3/")"
expect 78 "no kind is called 'spyke'; did you mean 'spike'?" "$oddline" check "$(changed 's/series: warnings/kind: spyke/')"
expect 78 "time: 'noon' are no hours" "$oddline" check "$(changed 's/series: warnings/time: noon/')"
expect 78 "unknown key 'serie' in when; did you mean 'series'?" "$oddline" check "$(changed 's/series: warnings/serie: warnings/')"
expect 78 "it is there twice (first in line 4)" "$oddline" check "$(changed 's/name: errors of app/name: calm/')"

# ---- routes test
test_it() { "$oddline" routes test -c "$config" "$@"; }
expect 0 "ticket  app errors spike  by rule 'errors of app'" test_it --stream app --series errors --score 9
grep -q 'team=payments%20%26%20co' "$tmp/said" || fail "nothing is encoded: $(cat "$tmp/said")"
expect 0 "page    app errors spike  by its score of 9: page" test_it --stream app --series errors --score 9 --label team=other
expect 0 "nowhere app errors" test_it --stream app --series errors --score 2
expect 0 '"route":"log"' test_it --stream other --series warnings --json
expect 64 "did you mean 'app'" test_it --stream ap
cat >"$tmp/gap.jsonl" <<'JSON'
{"id":"00f3a1c59be20d44-9","status":"resolved","starts_at":"2026-03-02T03:00:00.000Z","stream":"app","series":"","kind":"gap","detector":"core","route":"ticket"}
JSON
printf '%s\n' 'routes:' "  - {name: nights, when: {kind: gap, time: '02:00-04:00'}, route: log}" 'streams:' "  - {name: app, paths: $tmp/app.log}" >"$tmp/nights.yaml"
expect 0 "log     app gap  by rule 'nights'" "$oddline" routes test -c "$tmp/nights.yaml" "$tmp/gap.jsonl" # which has no window
expect 64 "name one with --stream" test_it --series errors

# ---- the daemon, killed while it is open
fired() { grep "\"status\":\"$1\"" "$tmp/findings.jsonl" 2>/dev/null | grep -c '"rule":"errors of app"' || :; }
is() { [ "$(fired "$1")" -ge "$2" ]; }
daemon_start "$config"
write calm 10 app.log
write burst 40 app.log >/dev/null
until_true 8 is firing 1 || fail "no rule decided"
sleep 0.4 # the block that holds it
kill -KILL "$daemon_pid"
wait "$daemon_pid" 2>/dev/null || :
daemon_start "$config"
write calm 6 app.log
until_true 8 is resolved 1 || fail "what a rule decided is not over after a restart: $(cat "$tmp/findings.jsonl")"
write burst 400 app.log >/dev/null
write calm 6 app.log
until_true 8 is resolved 2 || fail "no second one"
daemon_stop
! grep -q 'came out differently' "$tmp/daemon.log" || fail "a replay found something else"
python3 - "$tmp/findings.jsonl" <<'PY'
import json, re, sys
found = [json.loads(line) for line in open(sys.argv[1])]
ruled = [f for f in found if f["labels"].get("rule") == "errors of app"]
assert {f["status"] for f in ruled} == {"firing", "resolved"}, ruled
for f in ruled:
    assert f["route"] == "ticket" and f["explain"]["route"] == "page", f
    assert f["labels"] == {"rule": "errors of app", "urgency": "low", "team": "payments & co"}, f["labels"]
    a = f["annotations"]
    assert a["runbook_url"] == "https://runbooks.example/app", a
    assert a["note"] == "shop on web1: %s {x}" % f["kind"], a
    end = r"now" if f["status"] == "firing" else r"\d{13}"
    assert re.fullmatch(r"https://g\.example/d\?s=app&team=payments%20%26%20co&from=\d{13}&to=" + end, a["dashboard_url"]), a
assert not [f for f in found if f["route"] == "page" and f["series"] == "errors"], found
PY

# ---- what was done, asked again; and a scan
expect 0 "which was a ticket" test_it "$tmp/findings.jsonl"
! grep -q '^page' "$tmp/said" || fail "routes test says otherwise: $(cat "$tmp/said")"
test_it --json "$tmp/findings.jsonl" >"$tmp/asked.jsonl"
python3 - "$tmp/findings.jsonl" "$tmp/asked.jsonl" <<'PY'
import json, sys
found, asked = ([json.loads(line) for line in open(path)] for path in sys.argv[1:])
assert len(found) == len(asked)
for f, a in zip(found, asked):
    assert (f["id"], f["route"], f["labels"], f["annotations"]) == (a["id"], a["route"], a["labels"], a["annotations"]), (f, a)
PY
"$oddline" scan -c "$config" --json "$tmp/app.log" 2>/dev/null | grep '"rule":"errors of app"' | grep -q '"route":"ticket"' || fail "a scan knows no rules"
sed 's/route: ticket/route: page/' "$config" >"$tmp/page.yaml"
"$oddline" scan -c "$tmp/page.yaml" --json "$tmp/app.log" 2>/dev/null >"$tmp/pages.jsonl"
grep -q '"route":"page"' "$tmp/pages.jsonl" || fail "a rule pages nobody"

# ---- audit
expect 0 "nobody was paged" "$oddline" audit -c "$config"
expect 0 "read: $tmp/findings.jsonl and the journal" "$oddline" audit -c "$config"
expect 0 "read: the journal" "$oddline" audit --state-dir "$tmp/state"
expect 0 '"short":false' "$oddline" audit -c "$config" --json
sed -i 1d "$tmp/findings.jsonl" # it was cut: the journal still has all, and what is in both is one
expect 0 '"short":false' "$oddline" audit -c "$config" --json
mv "$tmp/state/journal" "$tmp/state/journal.away"
expect 0 "nothing is kept, asked was since" "$oddline" audit -c "$config"
mv "$tmp/state/journal.away" "$tmp/state/journal"
expect 0 "of the pages 0 are marked false" "$oddline" audit "$tmp/pages.jsonl"
id=$(python3 -c 'import json,sys; print([f for f in map(json.loads, open(sys.argv[1])) if f["route"] == "page"][0]["id"])' "$tmp/pages.jsonl")
printf '{"v":1,"time":"2026-03-02T10:00:00Z","kind":"false","id":"%s","author":"ann"}\n' "$id" >"$tmp/state/marks.jsonl"
expect 0 '"false":1,' "$oddline" audit -c "$config" --json "$tmp/pages.jsonl"
expect 0 "what paged most" "$oddline" audit --marks "$tmp/state/marks.jsonl" "$tmp/pages.jsonl"
expect 64 "neither a duration" "$oddline" audit --since yesterday "$tmp/pages.jsonl"
expect 66 "no daemon has run" "$oddline" audit --state-dir "$tmp/nowhere"
expect 66 "nowhere.jsonl: cannot be read" "$oddline" audit "$tmp/nowhere.jsonl"
expect 66 "nowhere.jsonl: cannot be read" test_it "$tmp/nowhere.jsonl"
expect 66 "nowhere.jsonl: cannot be read" "$oddline" audit --marks "$tmp/nowhere.jsonl" "$tmp/pages.jsonl"
expect 64 "it takes no words" "$oddline" slo all
expect 78 "unknown key" "$oddline" mark list -c "$(changed 's/series: warnings/serie: warnings/')"
expect 78 "timezone" "$oddline" trace --timezone Nowhere/Else 0af7651916cd43dd "$tmp/app.log"
echo "routes: ok"
