#!/bin/sh
# SPDX-License-Identifier: MIT
# Follow one route of findings in Redis with redis-cli alone, one line each.
#
#     samples/consumers/tail.sh -s /run/redis/redis.sock -r page
#     samples/consumers/tail.sh -u redis://127.0.0.1:6379/0 -f 0 -n 10 -j
set -eu

usage() {
    echo "usage: tail.sh [-u URL | -s SOCKET] [-p PREFIX] [-S SHARD] [-r page|ticket|log] [-f ID] [-n COUNT] [-j]" >&2
    echo "  -f ID     begin behind this entry; 0: from the beginning; default: only what is new" >&2
    echo "  -n COUNT  stop after so many findings" >&2
    echo "  -j        print the finding as JSON" >&2
    exit 64
}

prefix=oddline shard=0 route=page count=0 from='' json='' url='' socket=''
while getopts u:s:p:S:r:f:n:j option; do
    case $option in
    u) url=$OPTARG ;;
    s) socket=$OPTARG ;;
    p) prefix=$OPTARG ;;
    S) shard=$OPTARG ;;
    r) route=$OPTARG ;;
    f) from=$OPTARG ;;
    n) count=$OPTARG ;;
    j) json=yes ;;
    *) usage ;;
    esac
done
case $route in page | ticket | log) ;; *) usage ;; esac
case $count in '' | *[!0-9]*) usage ;; esac
key="$prefix:{$shard}:$route"

# A password comes from REDISCLI_AUTH, which redis-cli reads itself.
cli() {
    if [ -n "$socket" ]; then
        redis-cli --raw -s "$socket" "$@"
    elif [ -n "$url" ]; then
        redis-cli --raw -u "$url" "$@"
    else
        redis-cli --raw "$@"
    fi
}

# JSON has no raw control bytes below 0x20; what is left could still be obeyed by a terminal.
defuse() {
    LC_ALL=C sed 's/\xc2[\x80-\x9f]/?/g; s/[\x01-\x08\x0b-\x1f\x7f]/?/g'
}

# The reply of XREAD, raw: the key, then for each entry its id, and for each field a line with its name and one with its
# value; no value of ours holds a newline. Prints `ID TEXT`.
entries() {
    awk -v json="$json" '
        NR == 1 { next }
        expect == 0 { id = $0; expect = 1; next }
        expect == 1 { name = $0; expect = 2; next }
        {
            value[name] = $0
            expect = 1
            if (name != "data") next
            expect = 0
            if (json != "") { print id " " $0; next }
            summary = $0
            sub(/.*"summary":"/, "", summary)
            sub(/","reasons":.*/, "", summary)
            news = value["status"] # the same id again, still firing: there is more to say of it
            if (news == "firing" && $0 ~ /"status":"firing","revision":[1-9]/) news = "revised"
            printf "%s %-6s %-8s %s  %s/%s  %s\n", id, toupper(value["route"]), news, value["ts"], \
                value["host"], value["stream"], summary
        }'
}

if [ -z "$from" ]; then
    from=$(cli XREVRANGE "$key" + - COUNT 1 | head -n 1)
    from=${from:-0}
fi

left=$count
while [ "$count" -eq 0 ] || [ "$left" -gt 0 ]; do
    batch=20
    if [ "$count" -gt 0 ] && [ "$left" -lt "$batch" ]; then
        batch=$left
    fi
    reply=$(cli XREAD COUNT "$batch" BLOCK 5000 STREAMS "$key" "$from") || {
        echo "tail.sh: redis does not answer; trying again" >&2
        sleep 2
        continue
    }
    case $reply in
    '') continue ;;
    "$key"*) ;;
    *)
        echo "tail.sh: $reply" >&2
        exit 69
        ;;
    esac
    lines=$(printf '%s\n' "$reply" | entries)
    printf '%s\n' "$lines" | cut -d ' ' -f 2- | defuse
    from=$(printf '%s\n' "$lines" | tail -n 1 | cut -d ' ' -f 1)
    left=$((left - $(printf '%s\n' "$lines" | wc -l)))
done
