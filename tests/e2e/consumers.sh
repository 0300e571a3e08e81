#!/bin/sh
# SPDX-License-Identifier: MIT
# The promise: the consumers that we ship read what the daemon writes: each finding once, holes noticed, nothing obeyed.
#     consumers.sh SOURCE_DIR PUBLISH_BINARY
set -eu
source=$1 publish=$2
dir=$(mktemp -d "${TMPDIR:-/tmp}/oddline-consumers-XXXXXX")
server=''
cleanup() {
    if [ -n "$server" ]; then
        kill -9 "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 1' INT TERM HUP

fail() {
    echo "consumers.sh: $*" >&2
    for file in out err; do
        sed "s/^/    $file: /" "$dir/$file" >&2 || true
    done
    exit 1
}
same() { # what, expected, got
    [ "$2" = "$3" ] || fail "$1: expected '$2', got '$3'"
}
lines() {
    wc -l <"$dir/out" | tr -d ' '
}
: >"$dir/out"
: >"$dir/err"

redis-server --port 0 --unixsocket "$dir/s" --dir "$dir" --save '' --appendonly no --logfile log &
server=$!
tries=0
until redis-cli -s "$dir/s" PING 2>/dev/null | grep -q PONG; do
    tries=$((tries + 1))
    [ $tries -lt 100 ] || fail "redis-server does not start"
    sleep 0.1
done
url="unix://$dir/s?db=0"
key='oddline:{0}:page'

consume() {
    timeout 30 /usr/bin/python3 "$source/samples/consumers/consume.py" --url "$url" "$@" >"$dir/out" 2>"$dir/err" ||
        fail "consume.py $*: exit $?"
}
tail_route() {
    timeout 30 sh "$source/samples/consumers/tail.sh" -s "$dir/s" "$@" >"$dir/out" 2>"$dir/err" || fail "tail.sh $*: exit $?"
}

# ---- consume.py -----------------------------------------------------------
"$publish" "$dir/outbox" "$url" 10
consume --once
same "findings of all routes" 10 "$(lines)"
grep -q '^PAGE   firing   2016-12-19T17:14:38.000Z  web1/kafka1  errors at 137 per minute' "$dir/out" ||
    fail "a line looks different"
same "said beside" 0 "$(wc -l <"$dir/err" | tr -d ' ')"
consume --once
same "acknowledged ones come again" 0 "$(lines)"
same "pending" 0 "$(redis-cli -s "$dir/s" XPENDING "$key" samples | head -n 1)"

consume --once --group other --route page --route log
same "another group, two routes" 7 "$(lines)"

# a consumer that stops early leaves the rest for the next
consume --group counted --route page --count 3
same "stops after three" 3 "$(lines)"
consume --once --group counted --route page
same "the fourth" 1 "$(lines)"

# taken and trimmed before it was acknowledged: said, acknowledged, no crash
redis-cli -s "$dir/s" XGROUP CREATE "$key" nil 0 >"$dir/out"
redis-cli -s "$dir/s" XREADGROUP GROUP nil me COUNT 1 STREAMS "$key" '>' >"$dir/out"
taken=$(sed -n 2p "$dir/out")
redis-cli -s "$dir/s" XDEL "$key" "$taken" >"$dir/out"
consume --once --group nil --consumer me --route page
same "what is left" 3 "$(lines)"
grep -q '^gone: ' "$dir/err" || fail "a trimmed entry is not said"
same "pending after it" 0 "$(redis-cli -s "$dir/s" XPENDING "$key" nil | head -n 1)"

# left by another that died: taken over
redis-cli -s "$dir/s" XGROUP CREATE "$key" dead 0 >"$dir/out"
redis-cli -s "$dir/s" XREADGROUP GROUP dead gone COUNT 2 STREAMS "$key" '>' >"$dir/out"
consume --once --group dead --consumer me --route page --claim-after 0 --count 3
same "taken over and new" 3 "$(lines)"

# taken by one that died, and handed on when later ones were handled already: not taken for a duplicate
redis-cli -s "$dir/s" XGROUP CREATE "$key" late 0 >"$dir/out"
redis-cli -s "$dir/s" XREADGROUP GROUP late gone COUNT 2 STREAMS "$key" '>' >"$dir/out"
consume --group late --consumer me --route page --claim-after 1 --count 3
same "new ones, and then what was left" 3 "$(lines)"
same "pending after a late one" 0 "$(redis-cli -s "$dir/s" XPENDING "$key" late | head -n 1)"
redis-cli -s "$dir/s" XGROUP CREATE "$key" nodelate 0 >"$dir/out"
redis-cli -s "$dir/s" XREADGROUP GROUP nodelate gone COUNT 2 STREAMS "$key" '>' >"$dir/out"
NODE_PATH=/usr/share/nodejs timeout 8 node "$source/samples/consumers/consume.mjs" --url "$url" --group nodelate --consumer me --route page \
    --claim-after 1 >"$dir/out" 2>"$dir/err" &
node=$!
tries=0
until [ "$(lines)" -ge 3 ] || [ $tries -ge 60 ]; do
    tries=$((tries + 1))
    sleep 0.1
done
kill $node
wait $node || :
same "node: new ones, and then what was left" 3 "$(lines)"

# a hole: an entry in the middle is deleted before it was read
redis-cli -s "$dir/s" XDEL "$key" "$(redis-cli -s "$dir/s" --raw XRANGE "$key" - + COUNT 2 | grep -E '^[0-9]+-[0-9]+$' | sed -n 2p)" \
    >"$dir/out"
consume --once --group holes --route page
grep -q '^hole: web1 page: ' "$dir/err" || fail "a hole is not noticed"
same "the others" 2 "$(lines)"

# the same finding twice, as after a failover: dropped
fields=$(redis-cli -s "$dir/s" --raw XREVRANGE "$key" + - COUNT 1 | tail -n +2 | sed "s/'/'\\\\''/g; s/.*/'&'/" | tr '\n' ' ')
eval "redis-cli -s '$dir/s' XADD '$key' '*' $fields" >"$dir/out"
consume --once --group twice --route page
same "the copy is dropped" 2 "$(lines)"
grep -q '^duplicate: web1 n ' "$dir/err" || fail "a duplicate is not said"

# ---- tail.sh --------------------------------------------------------------
tail_route -r ticket -f 0 -n 3
same "tail from the beginning" 3 "$(lines)"
grep -q '^TICKET firing   2016-12-19T17:15:00.000Z  web1/kafka1  errors at 137 per minute' "$dir/out" ||
    fail "a line of tail.sh looks different"
tail_route -r ticket -f 0 -n 1 -j
/usr/bin/python3 -c 'import json, sys; assert json.load(open(sys.argv[1]))["n"] == 2' "$dir/out" || fail "no JSON"

# only what is new, and waiting for it
timeout 30 sh "$source/samples/consumers/tail.sh" -s "$dir/s" -r log -n 2 >"$dir/out" 2>"$dir/err" &
tail=$!
sleep 1
"$publish" "$dir/outbox" "$url" 6
wait $tail || fail "tail.sh does not end"
same "new ones" 2 "$(lines)"

# a hostile line commands no terminal
redis-cli -s "$dir/s" XADD 'oddline:{0}:log' '*' route log status firing ts x host "$(printf 'a\033]0;owned\007\302\233')" \
    stream x data '{"summary":"x","reasons":[]}' >"$dir/out"
last=$(redis-cli -s "$dir/s" --raw XREVRANGE 'oddline:{0}:log' + - COUNT 2 | grep -E '^[0-9]+-[0-9]+$' | tail -n 1)
tail_route -r log -f "$last" -n 1
same "a hostile host name" 1 "$(lines)"
if LC_ALL=C grep -q "$(printf '[\001-\010\013-\037\177]')" "$dir/out"; then
    fail "control bytes come through"
fi
# ---- consume.mjs ----------------------------------------------------------
node_consume() {
    NODE_PATH=/usr/share/nodejs timeout 30 node "$source/samples/consumers/consume.mjs" --url "$url" "$@" \
        >"$dir/out" 2>"$dir/err" || fail "consume.mjs $*: exit $?"
}
redis-cli -s "$dir/s" DEL 'oddline:{0}:log' >"$dir/out" # the one that is no finding
"$publish" "$dir/outbox" "$url" 3
node_consume --once --group node --route page --route ticket
count=$(($(redis-cli -s "$dir/s" XLEN "$key") + $(redis-cli -s "$dir/s" XLEN 'oddline:{0}:ticket')))
same "node: but for the copy" $((count - 1)) "$(lines)"
grep -q '^PAGE   firing   2016-12-19T17:14:38.000Z  web1/kafka1  errors at 137 per minute' "$dir/out" ||
    fail "node: a line looks different"
grep -q '^duplicate: web1 n ' "$dir/err" || fail "node: a duplicate is not said"
grep -q '^hole: web1 page: ' "$dir/err" || fail "node: a hole is not noticed"
same "node: pending" 0 "$(redis-cli -s "$dir/s" XPENDING "$key" node | head -n 1)"
node_consume --once --group node
same "node: again" 0 "$(grep -cv '^LOG' "$dir/out" || :)"
redis-cli -s "$dir/s" XGROUP CREATE "$key" nodenil 0 >"$dir/out"
redis-cli -s "$dir/s" XREADGROUP GROUP nodenil me COUNT 1 STREAMS "$key" '>' >"$dir/out"
redis-cli -s "$dir/s" XREADGROUP GROUP nodenil dead COUNT 1 STREAMS "$key" '>' >"$dir/out"
redis-cli -s "$dir/s" XDEL "$key" "$(redis-cli -s "$dir/s" --raw XRANGE "$key" - + COUNT 1 | head -n 1)" >"$dir/out"
left=$(redis-cli -s "$dir/s" XLEN "$key")
node_consume --once --group nodenil --consumer me --route page --claim-after 0
same "node: what is left, and what the dead one had" $((left - 1)) "$(lines)"
grep -q '^gone: ' "$dir/err" || fail "node: a trimmed entry is not said"
same "node: pending after it" 0 "$(redis-cli -s "$dir/s" XPENDING "$key" nodenil | head -n 1)"

# ---- firing, revised, resolved: in each of them ---------------------------
entry() { # N STATUS REVISION
    redis-cli -s "$dir/s" XADD 'rev:{0}:page' '*' v 1 id e-1 epoch e n "$1" prev $(($1 - 1)) ts 2016-12-19T17:15:00.000Z host web1 \
        stream shop detector ewma route page severity_number 17 status "$2" score 7.3 fingerprint 00000000000000aa data \
        "{\"v\":1,\"id\":\"e-1\",\"epoch\":\"e\",\"n\":$1,\"fingerprint\":\"00000000000000aa\",\"status\":\"$2\",\"revision\":$3,\
\"starts_at\":\"2016-12-19T17:14:38.000Z\",\"summary\":\"errors\",\"reasons\":[]}" >"$dir/added"
}
entry 1 firing 0
entry 2 firing 1
entry 3 resolved 2
words() {
    awk '{ printf "%s ", $2 }' "$dir/out"
}
consume --once --prefix rev --group a
same "python" "firing revised resolved " "$(words)"
node_consume --once --prefix rev --group b
same "node" "firing revised resolved " "$(words)"
tail_route -p rev -r page -f 0 -n 3
same "shell" "firing revised resolved " "$(words)"
echo "consumers.sh: all well"
