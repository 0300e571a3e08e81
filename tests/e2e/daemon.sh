#!/bin/sh
# SPDX-License-Identifier: MIT
# Promise: a burst of errors in a growing file is an entry of the page stream within one window and a second; consumers print
# it; Redis may be away at the start, and may go away and come back: later findings arrive, each once.
. "$(dirname "$0")/lib.sh"

stream() {
    cat <<YAML
  - name: $1
    paths: $tmp/$1.log
    window: 1s
    warmup: 10
    detectors:
      - {use: pattern, on: [errors], set: {warmup: 10}}
YAML
}
cat >"$tmp/oddline.yaml" <<YAML
state_dir: $tmp/state
streams:
$(stream one; stream two; stream three)
sinks:
  redis: {url: 'unix://$tmp/redis.sock'}
  jsonl: {path: $tmp/findings.jsonl}
YAML
touch "$tmp/one.log" "$tmp/two.log" "$tmp/three.log"
write() { (cd "$tmp" && python3 "$tree/tests/e2e/write_log.py" "$@"); }
has_pages() { [ "$(redis XLEN 'oddline:{0}:page' 2>/dev/null || echo 0)" -ge "$1" ] 2>/dev/null; }
has_lines() { [ "$(wc -l <"$tmp/findings.jsonl")" -ge "$1" ]; }

daemon_start "$tmp/oddline.yaml" # Redis is not there yet
write calm 13 one.log two.log three.log
redis_start
write burst 40 one.log >/dev/null
until_true 35 has_pages 1 || fail "no page for the first burst, made while Redis was not found yet"
redis XRANGE 'oddline:{0}:page' - + | grep -q '"series":"errors"' || fail "the entry is not about errors"

write calm 2 one.log two.log three.log
begun=$(write burst 60 two.log)
page_of_two() { redis --raw XRANGE 'oddline:{0}:page' - + | awk '/^[0-9]+-[0-9]+$/ {id = $0} $0 == "two" {print id; exit}'; }
has_page_of_two() { [ -n "$(page_of_two)" ]; }
until_true 10 has_page_of_two || fail "no page for the second burst"
python3 - "$begun" "$(page_of_two)" <<'PY' || fail "the page came too late"
import sys
late = int(sys.argv[2].split("-")[0]) / 1000 - float(sys.argv[1])
print(f"burst to entry: {late:.3f} s with windows of 1 s")
sys.exit(not 0 < late <= 2.0)  # one window and a second
PY

/usr/bin/python3 "$tree/samples/consumers/consume.py" --url "unix://$tmp/redis.sock" --once >"$tmp/consumed" || fail "consume.py failed"
grep -q 'errors' "$tmp/consumed" || fail "consume.py prints nothing about errors"

redis_stop
write burst 80 three.log >/dev/null
write calm 8 one.log two.log three.log
until_true 10 has_lines 6 || fail "the file does not go on while Redis is away" # three fired, three resolved
redis_start
until_true 35 has_pages 6 || fail "findings made while Redis was away do not arrive"
daemon_stop

made=$(wc -l <"$tmp/findings.jsonl")
sent=$(for route in page ticket log; do redis --raw XRANGE "oddline:{0}:$route" - + | grep -A1 '^n$' | grep -E '^[0-9]+$'; done | sort -n | tr '\n' ' ')
[ "$sent" = "$(seq -s ' ' 1 "$made") " ] || fail "in Redis are n = $sent, made were $made findings"
"$oddline" findings --state-dir "$tmp/state" --json | cmp - "$tmp/findings.jsonl" || fail "oddline findings shows something else"

# It goes on where it stopped: a line written meanwhile is read, and nothing is read again.
echo "2026-01-01 00:00:00.000 INFO [app] while away" >>"$tmp/one.log"
daemon_start "$tmp/oddline.yaml"
sleep 2
daemon_stop
"$oddline" status --json --state-dir "$tmp/state" | python3 -c '
import json, os, sys
status = json.load(sys.stdin)
size = sum(os.path.getsize(f"{sys.argv[1]}/{name}.log") for name in ("one", "two", "three"))
bytes = status["conservation"]
assert status["lines"] == 1, status["lines"]
assert bytes["balanced"] and bytes["moved"] == size and not bytes["gaps"], (bytes, size)
' "$tmp" || fail "what was read is not what is there"
[ "$(wc -l <"$tmp/findings.jsonl")" -eq "$made" ] || fail "something was found twice"
echo "daemon: ok"
