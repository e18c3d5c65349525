#!/bin/sh
# Finds which of these Debian packages the machine lacks, and installs them where it may (root and apt-get); where it may
# not, it says so in one line and ends with 2. Where nothing is missing it asks nothing of apt.
# usage, from the project's root: PYTHON=python3.11 deploy/machine.sh PACKAGE...
set -eu
python=${PYTHON:-python3.11}
[ ! -e .venv/.installed ] || python=.venv/bin/python

here() { # What the package is needed for is there, whoever brought it.
  case $1 in
    python3.11) command -v "$python" ;;
    python3.11-venv) [ -e .venv/.installed ] || "$python" -c 'import ensurepip' ;;
    libgomp1) "$python" -c 'import ctypes; ctypes.CDLL("libgomp.so.1")' ;; # LightGBM's wheel does not bring it
    chromium-driver) command -v chromedriver ;;
    *) command -v "$1" ;;
  esac >/dev/null 2>&1
}

lacking() {
  for package in "$@"; do here "$package" || printf ' %s' "$package"; done
}

lacks=$(lacking "$@")
[ -n "$lacks" ] || exit 0
said="only root may install it, with apt-get"
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "Installing what this machine lacks:$lacks"
  export DEBIAN_FRONTEND=noninteractive
  # An index that is not to be had is no reason to stop: yesterday's may do.
  apt-get update -qq >/dev/null 2>&1 || true
  # Each word of $lacks is a package.
  said=$(apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=300 $lacks 2>&1 | grep '^E:' | head -n 1)
  lacks=$(lacking "$@")
  [ -n "$lacks" ] || exit 0
fi
case $lacks in *python*) other=", or set PYTHON=/path/to/python3.11" ;; *) other= ;; esac
echo "Sanket needs Debian's$lacks (${said:-apt-get did not bring it}): apt-get install --no-install-recommends$lacks$other" >&2
exit 2
