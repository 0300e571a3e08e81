#!/bin/sh
# SPDX-License-Identifier: MIT
# Is what was built as hard as the flags promise?
#   hardening.sh BINARY
set -eu
binary=${1:?usage: hardening.sh BINARY}
bad=
want() { # WHAT COMMAND...
    what=$1
    shift
    "$@" >/dev/null 2>&1 || bad="$bad $what;"
}
want "not position independent" sh -c 'LC_ALL=C readelf -hW "$1" | grep -q "DYN"' sh "$binary"
want "no full RELRO" sh -c 'LC_ALL=C readelf -lW "$1" | grep -q GNU_RELRO && LC_ALL=C readelf -dW "$1" | grep -Eq "BIND_NOW|FLAGS.*NOW"' sh "$binary"
want "stack is executable" sh -c 'LC_ALL=C readelf -lW "$1" | grep GNU_STACK | grep -qv E\ ' sh "$binary"
want "no stack protector" sh -c 'LC_ALL=C readelf -sW "$1" | grep -q __stack_chk_fail' sh "$binary"
want "not fortified" sh -c 'LC_ALL=C readelf -sW "$1" | grep -q "_chk@"' sh "$binary"
want "has an rpath" sh -c '! LC_ALL=C readelf -dW "$1" | grep -Eq "RPATH|RUNPATH"' sh "$binary"
[ -z "$bad" ] || { echo "$binary:$bad" >&2; exit 1; }
