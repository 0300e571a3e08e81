#!/bin/sh
# SPDX-License-Identifier: MIT
# A remediation for `oddline act`: one more instance of the service that a finding is about, up to a limit.
#
#   actions:
#     - name: scale-up
#       when: {route: [page], kind: [spike], status: [firing], labels: {scale: 'yes'}}
#       run: [/usr/local/lib/oddline/scale-up.sh, --max, '8']
#       mode: at-most-once        # better none than two
#       at_once: 1
#       per_hour: 4
#       cooldown: 15m
#
# The finding is on stdin as JSON; ODDLINE_* holds words of it that a shell cannot misread. What it prints goes to act's log, its exit
# code to the audit. SCALE_GET and SCALE_SET are commands: the count of a service, and its new one; these are Kubernetes'.
set -eu
max=4
[ "${1:-}" != --max ] || max=${2:-}
case $max in '' | *[!0-9]*)
    echo "scale-up: --max: '$max' is no number" >&2
    exit 1
    ;;
esac
service=$ODDLINE_STREAM
get=${SCALE_GET:-"kubectl get deployment -o jsonpath={.spec.replicas}"}
set=${SCALE_SET:-"kubectl scale deployment --replicas"}

[ "$ODDLINE_STATUS" = firing ] || exit 0 # what is over needs no more instances
case $service in
'' | -* | *[!a-z0-9-]*)
    echo "scale-up: '$service' is no name of a service" >&2
    exit 1
    ;;
esac
# shellcheck disable=SC2086 # words are wanted
now=$($get "$service")
case $now in '' | *[!0-9]*)
    echo "scale-up: $service: no count of instances: '$now'" >&2
    exit 1
    ;;
esac
if [ "$now" -ge "$max" ]; then
    echo "scale-up: $service: $now instances already, $max at most"
    exit 0
fi
# shellcheck disable=SC2086
$set "$((now + 1))" "$service"
echo "scale-up: $service: $now -> $((now + 1)) for $ODDLINE_ID"
