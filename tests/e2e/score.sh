#!/bin/sh
# SPDX-License-Identifier: MIT
# Promise: without a word of configuration `oddline score` finds a noon at night once, ranks a single spike below it, leaves the daily
# peak alone, and says the same twice.
. "$(dirname "$0")/lib.sh"
cd "$tmp"

# Three weeks of five minutes: low at night, high at noon, noise. Row 4056 on is a noon at two in the morning; row 5000 one spike.
awk 'BEGIN {
    pi = 3.14159265358979; seed = 7
    print "timestamp,value"
    for (i = 0; i < 6048; i++) {
        seed = (seed * 16807) % 2147483647
        value = 60 - 40 * cos(2 * pi * (i % 288) / 288) + 8 * (seed / 2147483647 - 0.5)
        if (i >= 4056 && i < 4076) value = 98
        if (i == 5000) value = value + 70
        printf "%d,%.6f\n", 1400025600 + 300 * i, value
    }
}' >series.csv
"$oddline" score series.csv >a.csv
"$oddline" score series.csv >b.csv
cmp a.csv b.csv || fail "two runs differ"
[ "$(wc -l <a.csv)" -eq 6049 ] || fail "not one row for each"
head -n 1 a.csv | grep -qx 'timestamp,value,anomaly_score' || fail "the header is $(head -n 1 a.csv)"

# rows at or above a score, counted from 0, after three days
rows() { awk -F, -v least="$1" 'NR > 866 && $3 >= least { printf "%d ", NR - 2 }' "${2:-a.csv}"; }
high=$(rows 0.5)
set -- $high
[ $# -eq 1 ] && [ "$1" -ge 4056 ] && [ "$1" -lt 4066 ] || fail "rows of 0.5 and more: $high"
case " $(rows 0.2) " in *" 5000 "*) ;; *) fail "the spike is not among $(rows 0.2)" ;; esac
for row in $(rows 0.2); do # nothing but the trouble, what follows from it, and the spike
    [ "$row" -eq 5000 ] || { [ "$row" -ge 4056 ] && [ "$row" -lt 4096 ]; } || fail "row $row is odd"
done
set -- $(rows 0.2)
[ $# -le 10 ] || fail "too many odd rows: $*"

# A named detector says what it thinks, without an alarm stage: every window of the trouble is odd.
"$oddline" score --detector season series.csv >c.csv
set -- $(rows 0.3 c.csv)
[ $# -ge 10 ] || fail "season alone: $*"
