#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A sweep as plain shell, to read and to change: one cell after the other, those that others need first.
#   scripts/sweep_local.sh GRID.json DIR        `xlt sweep GRID.json --output DIR` does the same, several at a time, and goes round what fails
# A cell that is done is not done again; start it on several machines that share DIR, and they share the work.
set -uo pipefail
[ $# = 2 ] || { sed -n '4p' "$0" >&2; exit 2; }
XLT=${XLT:-./xlt} failed=0
plan=$("$XLT" sweep "$1" --dry-run) || exit
for id in $(python3 -c 'import json, sys; print(*(cell["id"] for cell in json.load(sys.stdin)["cells"]))' <<<"$plan"); do
  "$XLT" sweep "$1" --output "$2" --cell "$id"
  code=$?
  [ $code = 130 ] && exit 130
  [ $code = 0 ] || failed=$((failed + 1))
done
"$XLT" sweep "$1" --output "$2" --collect
[ $failed = 0 ] || { echo "sweep_local.sh: $failed cells failed; the same command tries them again" >&2; exit 4; }
