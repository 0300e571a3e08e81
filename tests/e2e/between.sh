#!/bin/sh
# SPDX-License-Identifier: MIT
# Promise: what changes between two runs loses nothing and repeats nothing. A file that another stream follows now is read on there,
# and is no gap; one that is gone is a gap of its unread bytes, once; with a new epoch the daemon goes on where it stood, with what
# it knew; a stream that was changed begins anew, says so, and reads on where it was.
. "$(dirname "$0")/lib.sh"

write() { (cd "$tmp" && python3 "$tree/tests/e2e/write_log.py" "$@"); }
stream() { # NAME PATH
    cat <<YAML
  - name: $1
    paths: $2
    start: begin
    window: 1s
    warmup: 1
    storm_per_hour: 100
    detectors:
      - {use: pattern, on: [errors], set: {warmup: 12}}
YAML
}
config() { # STREAMS
    printf 'state_dir: %s/state\nsinks: {jsonl: {path: %s/findings.jsonl}}\nstreams:\n%s\n' "$tmp" "$tmp" "$1" >"$tmp/oddline.yaml"
}
kill_it() {
    kill -KILL "$daemon_pid"
    wait "$daemon_pid" 2>/dev/null || :
    daemon_pid=
}
counts() { # EXPRESSION over c, the conservation, and s, the status
    "$oddline" status --json --state-dir "$tmp/state" | python3 -c '
import json, os, sys
s = json.load(sys.stdin)
c = s["conservation"]
size = lambda name: os.path.getsize(f"{sys.argv[1]}/{name}")
assert c["balanced"] and eval(sys.argv[2]), (sys.argv[2], c, s["lines"])' "$tmp" "$1"
}

# A file goes from one stream to another, while its last line is half written.
one=$(stream one "$tmp/a.log") two=$(stream two "$tmp/[a].log") # the first that names a file has it
config "$one
$two"
write calm 2 a.log
printf '2026-01-01 00:00:00.000 INFO [app] half' >>"$tmp/a.log"
daemon_start "$tmp/oddline.yaml"
sleep 1
kill_it
config "$two
$one"
echo ' and whole' >>"$tmp/a.log"
daemon_start "$tmp/oddline.yaml"
sleep 1
daemon_stop
counts 'c["moved"] == size("a.log") and not c["gap"] and not c["lost"] and not c["gaps"]' || fail "a file that went to another stream is not read on"

# One goes away, a new one takes its name.
printf '2026-01-01 00:00:00.000 INFO [app] half' >>"$tmp/a.log"
daemon_start "$tmp/oddline.yaml"
sleep 1
kill_it
unread=39
mv "$tmp/a.log" "$tmp/gone"
cat "$tmp/gone" >"$tmp/other"
rm "$tmp/gone"
echo '2026-01-01 00:00:01.000 INFO [app] new' >"$tmp/a.log"
daemon_start "$tmp/oddline.yaml"
sleep 1
daemon_stop
counts "c['lost'] == $unread and c['gaps'] == 1" || fail "what nobody could read is not one gap of its size"

# A new epoch forgets what was published, not what was read and learnt.
write calm 14 a.log
daemon_start "$tmp/oddline.yaml"
sleep 1
daemon_stop
before=$("$oddline" status --json --state-dir "$tmp/state" | python3 -c 'import json, sys; print(json.load(sys.stdin)["conservation"]["moved"])')
daemon_start "$tmp/oddline.yaml" --new-epoch
grep -q 'not of this journal' "$tmp/daemon.log" && fail "a new epoch throws the snapshot away"
write calm 3 a.log
write burst 40 a.log >/dev/null
found() { grep -q '"route":"page"' "$tmp/findings.jsonl" 2>/dev/null; }
until_true 8 found || fail "after a new epoch the detector, which needs 12 windows to learn, knows nothing"
daemon_stop
counts "c['moved'] > $before and s['lines'] < 120" || fail "after a new epoch lines are read again"

# The series has another meaning now, though there is still one: what the windows counted of the old one is nothing to it.
: >"$tmp/daemon.log"
before=$("$oddline" status --json --state-dir "$tmp/state" | python3 -c 'import json, sys; print(json.load(sys.stdin)["conservation"]["moved"])')
config "$(stream two "$tmp/[a].log" | sed 's/on: \[errors\]/on: [warnings]/')"
echo "$(date -u '+%Y-%m-%d %H:%M:%S').000 INFO [app] after the change" >>"$tmp/a.log"
daemon_start "$tmp/oddline.yaml"
sleep 1
daemon_stop
grep -q 'stream two: its configuration changed: it begins anew' "$tmp/daemon.log" || fail "a changed stream goes on as if it were the same"
counts "c['moved'] == $before + 52 and s['lines'] == 1" || fail "a changed stream does not read on where it was"
echo "between: ok"
