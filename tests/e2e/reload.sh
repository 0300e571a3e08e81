#!/bin/sh
# SPDX-License-Identifier: MIT
# Promise: SIGHUP loses no line and disturbs no stream that did not change; a wrong configuration is named and the old one
# stays; streams and plugin files come, change and go; a shadow's findings are kept apart.
. "$(dirname "$0")/lib.sh"

write() { (cd "$tmp" && python3 "$tree/tests/e2e/write_log.py" "$@"); }
reloaded() { [ "$(grep -cE 'reloaded: |the old configuration stays' "$tmp/daemon.log")" -ge "$1" ]; }
reload() { # HOW-MANY-TH
    kill -HUP "$daemon_pid"
    until_true 10 reloaded "$1" || fail "reload $1 does not come to an end"
}
stream() { # NAME WARMUP [MORE]
    cat <<YAML
  - name: $1
    paths: $tmp/$1.log
    window: 1s
    warmup: 5
    storm_per_hour: 1000
    detectors:
      - {use: pattern, on: [errors], set: {warmup: $2}${3:-}}
YAML
}
config() { # STREAMS
    printf 'state_dir: %s/state\nsinks: {jsonl: {path: %s/findings.jsonl}}\nstreams:\n%s\n' "$tmp" "$tmp" "$1" >"$tmp/oddline.yaml"
}
touch "$tmp/keep.log" "$tmp/change.log" "$tmp/gone.log" "$tmp/late.log"
config "$(stream keep 8; stream change 8; stream gone 8)"
daemon_start "$tmp/oddline.yaml"
write calm 6 keep.log change.log gone.log late.log

echo 'streams: [{name: keep, paths: x, windw: 1s}]' >"$tmp/oddline.yaml"
reload 1
grep -q "unknown key 'windw'.*the old configuration stays" "$tmp/daemon.log" || fail "the wrong configuration is not named"

# `keep` as it was, `change` with another parameter and a shadow, `gone` no more, `late` new.
config "$(stream keep 8; stream change 9 ', shadow: true'; stream late 3)"
reload 2
grep -q 'reloaded: 1 streams kept, 1 changed, 1 added, 1 removed' "$tmp/daemon.log" || fail "the second reload is not as expected"
write calm 5 keep.log change.log gone.log late.log
write burst 40 keep.log change.log gone.log late.log >/dev/null
found() { grep '"status":"firing"' "$tmp/findings.jsonl" 2>/dev/null | grep -q "\"stream\":\"$1\""; }
until_true 8 found keep || fail "keep finds nothing: it had only 5 s to learn after the reload, so its detector began anew"
until_true 8 found late || fail "the new stream finds nothing"
until_true 8 found change || fail "the changed stream finds nothing, though its detector was offered the old state"
if found gone; then fail "a stream that is gone finds something"; fi
grep '"stream":"change"' "$tmp/findings.jsonl" | grep -v '"route":"log"' | grep -q . && fail "a shadow pages"
grep '"stream":"change"' "$tmp/findings.jsonl" | grep -q '"shadow":"true"' || fail "a shadow's finding is not labelled"

# Many reloads under load: every line is read once. The daemon says at its end how many there were.
write calm 6 keep.log change.log late.log &
writer=$!
for i in $(seq 3 102); do
    if [ $((i % 2)) -eq 0 ]; then config "$(stream keep 8; stream change 9; stream late 3)"; else config "$(stream keep 8; stream change 7; stream late 3)"; fi
    reload "$i"
done
wait "$writer"
sleep 1
daemon_stop
lines=$(sed -n 's/.*stopped: \([0-9]*\) lines.*/\1/p' "$tmp/daemon.log")
written=$(cat "$tmp/keep.log" "$tmp/change.log" "$tmp/late.log" | wc -l)
# `gone` was read while it was there, 60 lines; `late` was not read before it was added, 60 lines.
[ "$lines" -eq "$written" ] || fail "$lines lines were read, $written should have been"
echo "reload: ok ($lines lines)"
