#!/bin/sh
# SPDX-License-Identifier: MIT
# A rolling release of two local services that stops and goes back by itself.
#   sh samples/rollout/run.sh [VERSION...]      default: v2, which is fine, then v3-bad
#
# For each version: update one service, mark it, let the gate compare after with before, go on to the next; exit code 1 of the
# gate runs `rollback` through --on-fail. Ends with 0 when the last version is everywhere, with 1 when it was taken back.
# Needs python3. ODDLINE, BASELINE and WAIT may be set.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
oddline=${ODDLINE:-$here/../../build/oddline}
baseline=${BASELINE:-15s}
wait=${WAIT:-8s}
[ $# -gt 0 ] || set -- v2 v3-bad
work=$(mktemp -d "${TMPDIR:-/tmp}/oddline-rollout.XXXXXX")

stop() { # NAME
    [ ! -s "$work/$1.pid" ] || kill "$(cat "$work/$1.pid")" 2>/dev/null || :
    : >"$work/$1.pid"
}
end() {
    stop a
    stop b
    stop load
    rm -rf "$work"
}
trap end EXIT
trap 'exit 1' INT TERM

say() { printf '%s  %s\n' "$(date -u +%H:%M:%S)" "$*"; }

start() { # NAME VERSION: instead of what ran before, on the same port
    port=$(cat "$work/$1.port" 2>/dev/null || echo 0)
    stop "$1"
    python3 "$here/service.py" "$port" "$work/$1.log" "$2" >"$work/$1.new" 2>"$work/$1.err" &
    echo $! >"$work/$1.pid"
    for _ in $(seq 30); do
        if [ -s "$work/$1.new" ]; then break; fi
        sleep 0.1
    done
    mv "$work/$1.new" "$work/$1.port"
    echo "$2" >"$work/$1.version"
}

# What an operator writes for --on-fail: the verdict is on stdin, nothing of a log is in the command.
rollback="cat >'$work/verdict.json'; touch '$work/rollback'"

gate() { # NAME VERSION
    "$oddline" mark deploy --state-dir "$work" --service "shop-$1" --version "$2" >/dev/null
    "$oddline" gate --state-dir "$work" --service "shop-$1" --baseline "$baseline" --wait "$wait" \
        --on-fail "$rollback" "$work/$1.log"
}

go_back() { # VERSION
    for name in a b; do
        [ "$(cat "$work/$name.version")" = "$1" ] || start "$name" "$1"
    done
    say "rolled back: $1 runs on both"
}

start a v1
start b v1
python3 "$here/load.py" "$work/a.port" "$work/b.port" &
echo $! >"$work/load.pid"
say "v1 runs on both; $baseline of normal life"
sleep "${baseline%s}"

running=v1
for version; do
    for name in a b; do
        say "$version goes to $name"
        start "$name" "$version"
        code=0
        gate "$name" "$version" || code=$?
        if [ "$code" -ne 0 ]; then
            [ -e "$work/rollback" ] || say "halted: the gate said $code"
            go_back "$running"
            exit 1
        fi
    done
    running=$version
    say "$version runs on both"
done
