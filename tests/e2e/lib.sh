# SPDX-License-Identifier: MIT
# lib.sh - sourced by the end-to-end tests: a temporary directory, a redis-server on a private socket, and their end.
#   . tests/e2e/lib.sh BUILD_DIR
set -eu
build=${1:?usage: TEST.sh BUILD_DIR}
build=$(cd "$build" && pwd)
tree=$(cd "$(dirname "$0")/../.." && pwd)
oddline=$build/oddline
tmp=$(mktemp -d "${TMPDIR:-/tmp}/oddline-e2e.XXXXXX")
redis_pid=
daemon_pid=

end() {
    for pid in $daemon_pid $redis_pid; do
        kill -KILL "$pid" 2>/dev/null || :
        wait "$pid" 2>/dev/null || :
    done
    rm -rf "$tmp"
}
trap end EXIT
trap 'exit 1' INT TERM

fail() {
    echo "$(basename "$0"): $*" >&2
    [ ! -s "$tmp/daemon.log" ] || tail -n 20 "$tmp/daemon.log" >&2
    exit 1
}

# until SECONDS COMMAND...: ask again ten times a second until it holds; false when the time is over
until_true() {
    tries=$(($1 * 10))
    shift
    while [ "$tries" -gt 0 ]; do
        if "$@"; then return 0; fi
        tries=$((tries - 1))
        sleep 0.1
    done
    return 1
}

redis() { redis-cli -s "$tmp/redis.sock" "$@"; }
redis_up() { [ "$(redis PING 2>/dev/null)" = PONG ]; }
redis_start() {
    redis-server --port 0 --unixsocket "$tmp/redis.sock" --dir "$tmp" --save '' --appendonly yes >"$tmp/redis.log" 2>&1 &
    redis_pid=$!
    until_true 10 redis_up || fail "redis-server does not start"
}
redis_stop() {
    kill -TERM "$redis_pid"
    wait "$redis_pid" 2>/dev/null || :
    redis_pid=
}

daemon_runs() { [ "$(grep -c 'running: ' "$tmp/daemon.log")" -ge "$1" ]; }
daemon_start() { # CONFIG [OPTION...]
    touch "$tmp/daemon.log"
    starts=$(grep -c 'running: ' "$tmp/daemon.log" || :)
    "$oddline" run -c "$@" >"$tmp/daemon.out" 2>>"$tmp/daemon.log" &
    daemon_pid=$!
    until_true 10 daemon_runs $((starts + 1)) || fail "the daemon does not start"
}
daemon_stop() {
    kill -TERM "$daemon_pid"
    code=0
    wait "$daemon_pid" || code=$?
    daemon_pid=
    [ "$code" -eq 0 ] || fail "the daemon ended with $code"
}
