#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what building and running xlt needs, and builds build/release/xlt. Shared by quickstart.sh and test.sh.
#   scripts/setup.sh [--lid | --demo | --parity | --peers]     also Python packages: language identification's model (--lid), the
#   demonstration model too (--demo; where it cannot be had, setup says so and goes on), all of the parity tests (--parity), and the
#   other engines that xlt is timed beside (--peers)
# Environment: XLT_TARGET=xlt builds no tests; XLT_JOBS compile jobs at a time (2; each takes 1.2 GB); XLT_CUDA=OFF leaves out the
# kernels for GPUs, which else are compiled where nvcc is found.
# Debian 12 and Ubuntu 24.04. A second run redoes nothing that is up to date.
set -euo pipefail
cd "$(dirname "$0")/.."

TORCH_VERSION=2.11.0
JINJA_VERSION=0.3.36  # of llama-cpp-python, for the Jinja engine among its sources
JOBS=${XLT_JOBS:-2}
say() { printf '\033[1m[setup %4ds]\033[0m %s\n' "$SECONDS" "$*" >&2; }

PACKAGES=(g++ cmake ninja-build ccache pkg-config git ca-certificates python3 python3-venv
  nlohmann-json3-dev libcli11-dev libspdlog-dev libsentencepiece-dev sentencepiece libfasttext-dev libicu-dev libpcre2-dev
  libcurl4-openssl-dev libgtest-dev libgmock-dev node-d3)

case "$*" in
  '' | --lid | --demo | --parity | --peers) ;;
  -h | --help) sed -n '3,/^set /{/^#/s/^# \{0,1\}//p}' scripts/setup.sh; exit 0 ;;
  *)
  echo "setup.sh: unknown option $*; expected: [--lid | --demo | --parity | --peers]" >&2; exit 2 ;;
esac
PYTHON_TOOLS=${1:-}

install_packages() {
  local missing=()
  for package in "${PACKAGES[@]}"; do
    dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    if command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
      as_root=(sudo)
    elif command -v sudo >/dev/null && [ -t 0 ]; then
      as_root=(sudo)
    else
      echo "These packages are missing. Run this line as root, then start again:" >&2
      echo "  apt-get update && apt-get install -y --no-install-recommends ${missing[*]}" >&2
      exit 3
    fi
  fi
  say "installing Debian packages: ${missing[*]}"
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
}

# pip_install NAME PACKAGE…: once for each list of packages, remembered by a stamp file.
pip_install() {
  local name=$1 stamp; shift
  stamp=.venv/.installed-$name-$(printf '%s\n' "$@" | sha256sum | cut -c1-16)
  [ -e "$stamp" ] && return
  say "installing Python packages ($name): $*"
  .venv/bin/python -m pip install --disable-pip-version-check --quiet --progress-bar off "$@" >&2 && touch "$stamp"
}

python_with_venv() {  # the first interpreter that has a torch wheel
  for python in python3 /usr/bin/python3; do
    "$python" -c 'import sys, venv, ensurepip; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null && { echo "$python"; return; }
  done
  echo "no Python 3.10 … 3.14 with venv found; install python3-venv" >&2
  exit 3
}

install_packages
# A section of the requirements: pip_install_section NAME.
pip_install_section() {
  local requirements
  mapfile -t requirements < <(sed -n "/^# $1:/,/^# /{/^#/!p}" tests/parity/requirements.txt)
  pip_install "$1" "${requirements[@]}"
}

# The Jinja engine that renders chat templates: llama.cpp's, from the sources in the package llama-cpp-python (77 MB, of which 0.4 are kept).
get_jinja() {
  local target=.venv/llama.cpp sources
  grep -qsx "$JINJA_VERSION" $target/version && return
  say "fetching the Jinja engine of llama.cpp (llama-cpp-python $JINJA_VERSION)"
  sources=$(mktemp -d)
  .venv/bin/python -m pip download --disable-pip-version-check --quiet --progress-bar off --no-deps --no-binary :all: \
    --dest "$sources" "llama-cpp-python==$JINJA_VERSION" >&2
  rm -rf $target && mkdir -p $target
  tar -xzf "$sources"/llama_cpp_python-*.tar.gz -C $target --strip-components=3 --wildcards \
    '*/vendor/llama.cpp/LICENSE' '*/vendor/llama.cpp/common/jinja/*' '*/vendor/llama.cpp/common/json.*' \
    '*/vendor/llama.cpp/common/unicode.*' '*/vendor/llama.cpp/models/templates/*'
  rm -rf "$sources"
  echo "$JINJA_VERSION" >$target/version
}

# The browser in which the tests open `xlt report`'s page. Ubuntu has none that runs without a daemon: the tests then say that they skip.
install_browser() {
  dpkg-query -W -f='${db:Status-Status}' chromium-headless-shell 2>/dev/null | grep -qx installed && return
  [ "$(id -u)" -eq 0 ] && apt-cache show chromium-headless-shell >/dev/null 2>&1 || { say "no Chromium is installed; tests of the page will be skipped"; return 0; }
  say "installing a headless Chromium (60 MB)"
  env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium-headless-shell >/dev/null 2>&1 ||
    say "Chromium cannot be installed; tests of the page will be skipped"
}

[ -x .venv/bin/python ] || { say "making .venv"; "$(python_with_venv)" -m venv .venv; }
if [ -z "${XLT_TORCH_PREFIX:-}" ] || [ -n "$PYTHON_TOOLS" ]; then pip_install torch "torch==$TORCH_VERSION" numpy; fi
[ -n "${XLT_JINJA_PREFIX:-}" ] || get_jinja
case $PYTHON_TOOLS in
  --parity) install_browser; for section in lid demo parity; do pip_install_section "$section"; done ;;
  --peers) for section in lid demo parity peers; do pip_install_section "$section"; done ;;
  --demo) for section in lid demo; do pip_install_section "$section" || say "going on without ($section)"; done ;;
  --lid) pip_install_section lid || say "going on without (lid)" ;;
esac
# Where README's commands name it; the package keeps it deep inside .venv.
LID=$(find -L .venv -name lid.176.ftz 2>/dev/null | head -n 1 || true)
[ -z "$LID" ] || { mkdir -p models && cp -u "$LID" models/lid.176.ftz; }

say "configuring"
cmake --preset release -DXLT_CUDA="${XLT_CUDA:-AUTO}" -DXLT_TORCH_PREFIX="${XLT_TORCH_PREFIX:-}" -DXLT_JINJA_PREFIX="${XLT_JINJA_PREFIX:-}" ${XLT_CMAKE_FLAGS:-} >build-configure.log 2>&1 || {
  cat build-configure.log >&2; rm -f build-configure.log; exit 1; }
rm -f build-configure.log
say "building (a few minutes the first time)"
if [ -t 2 ]; then
  cmake --build build/release -j "$JOBS" --target "${XLT_TARGET:-all}" >&2
else
  cmake --build build/release -j "$JOBS" --target "${XLT_TARGET:-all}" | grep --line-buffered -E 'error|warning: unused|FAILED|^\[[0-9]*0/|no work' >&2 || true
  cmake --build build/release -j "$JOBS" --target "${XLT_TARGET:-all}" >/dev/null
fi
ln -sfn build/release/xlt xlt
say "ready: ./xlt --help"
