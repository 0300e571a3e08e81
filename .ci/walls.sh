#!/bin/sh
# SPDX-License-Identifier: MIT
# Who may include whom. Each line: a room, a colon, the rooms whose headers it may name besides its own. Anything else is
# a hole in a wall. The link graph in core/CMakeLists.txt says the same to the linker.
set -eu
cd "$(dirname "$0")/.."

rules='
plugins/include:
plugins/host:    oddline base ring
core/base:
core/ring:       oddline base
core/tail:       base
core/record:     oddline base ring
core/window:     oddline base ring
core/lane:       oddline base ring tail record window
core/gate:       base window
core/trace:      base
core/report:     base
core/judge:      oddline base ring host trace
core/deliver:    base judge
core/act:        base deliver judge
core/config:     oddline base ring tail record window lane judge deliver act host
core/app:        oddline base ring tail record window lane judge deliver act host config
core/command:    oddline base ring tail record window lane gate trace report judge deliver act host config app
detectors:       oddline kit
detectors/kit:   oddline
samples:         oddline
'
# Headers of the system and of libraries that live in a folder of their own.
system='sys arpa netinet linux hiredis curl'

bad=$(printf '%s\n' "$rules" | while IFS=: read -r room may; do
    [ -n "$room" ] || continue
    [ -d "$room" ] || { echo "$room: no such room"; continue; }
    self=${room##*/}
    depth=9
    [ "$room" != detectors ] || depth=1
    find "$room" -maxdepth $depth -name '*.[ch]' | sort | while read -r file; do
        sed -n 's/^ *# *include *[<"]\([a-z_0-9]*\)\/.*[">].*/\1/p' "$file" | while read -r other; do
            case " $self $may $system " in
            *" $other "*) ;;
            *) echo "$file: $room may not include $other/" ;;
            esac
        done
    done
done)
# deliver and act know what a finding is, and nothing else of the judge.
bad=$bad$(grep -ln 'include "judge/' core/deliver/*.[ch] core/act/*.[ch] | xargs grep -Hn 'include "judge/' | grep -v 'judge/finding.h' || :)
# Only judge and app call the host.
[ -z "$bad" ] || { printf '%s\n' "$bad" >&2; exit 1; }
