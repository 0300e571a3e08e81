#!/bin/sh
# SPDX-License-Identifier: MIT
# Promise: `oddline templates` lists what a log is made of, the commonest first; --assign answers line by line, blank lines
# and archives too; ids are the same in every run; a source without templates is named once.
. "$(dirname "$0")/lib.sh"
cd "$tmp"

line() { printf '2024-05-01 10:%02d:%02d,000 INFO [worker-%d] app.Class: %s\n' $(($1 / 60)) $(($1 % 60)) "$1" "$2"; }
i=0
while [ "$i" -lt 300 ]; do
    line "$i" "Got task $i from 10.0.0.$((i % 250))"
    [ $((i % 3)) -ne 0 ] || line "$i" "Cache is warm"
    [ "$i" -ne 150 ] || printf '\nno stamp here\n'
    i=$((i + 1))
done >app.log

"$oddline" templates app.log >list 2>said || fail "ended with $?: $(cat said)"
head -n 1 list | grep -q '^ *300  [0-9a-f]\{16\}  Got task <\*> from <\*>$' || fail "first: $(head -n 1 list)"
sed -n 2p list | grep -q '^ *100  [0-9a-f]\{16\}  Cache is warm$' || fail "second: $(sed -n 2p list)"
grep -q '400 records, 2 templates' said || fail "said: $(cat said)"

"$oddline" templates --assign app.log >lines 2>said || fail "--assign ended with $?: $(cat said)"
[ "$(wc -l <lines)" -eq "$(wc -l <app.log)" ] || fail "$(wc -l <lines) lines for $(wc -l <app.log)"
id=$(awk 'NR == 1 { print $2 }' list)
[ "$(grep -c "^$id	Got task <\*> from <\*>\$" lines)" -eq 300 ] || fail "not every line of the template has its id"
at=$(grep -n '^$' app.log | cut -d: -f1)
sed -n "${at}p" lines | grep -q '^0000000000000000	$' || fail "blank line: $(sed -n "${at}p" lines)"
sed -n "$((at + 1))p" lines | grep -q '	no stamp here$' || fail "the lines are out of step"

tac app.log >reversed.log
"$oddline" templates reversed.log 2>/dev/null | grep -q "$id" || fail "the id depends on the order"
if command -v zstd >/dev/null; then
    zstd -q app.log
    "$oddline" templates --assign app.log.zst 2>/dev/null | cmp - lines || fail "an archive gives something else"
fi
"$oddline" templates - <app.log 2>/dev/null | cmp - list || fail "stdin gives something else"

awk 'BEGIN { srand(3); for (i = 0; i < 10000; i++) { s = ""
    for (k = int(rand() * 6) + 1; k > 0; k--) { for (j = 0; j < 7; j++) s = s sprintf("%c", 97 + int(rand() * 26)); s = s "; " }
    print s } }' >blob.log
"$oddline" templates blob.log >list 2>said || fail "ended with $?"
[ "$(grep -c 'has no templates' said)" -eq 1 ] && [ ! -s list ] || fail "blobs: $(cat said)"

expect() { # CODE ARGUMENT...
    code=$1 got=0
    shift
    "$oddline" templates "$@" >out 2>said </dev/null || got=$?
    [ "$got" -eq "$code" ] || fail "templates $* ended with $got, not $code: $(cat said)"
}
expect 64
expect 64 --assign -
expect 64 --assign app.log blob.log
expect 66 nowhere.log
: >empty.log
expect 0 empty.log
