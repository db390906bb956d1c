#!/bin/sh
# Say what a fresh Debian machine lacks before make starts. Usage: check_prerequisites.sh PYTHON
python="$1"
missing=""
command -v g++ >/dev/null 2>&1 || missing="$missing g++"
if ! command -v "$python" >/dev/null 2>&1; then
  missing="$missing python3"
else
  if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
    echo "Python must be 3.11 or later, got $("$python" -V); make PYTHON=python3.12" >&2
    exit 1
  fi
  header=$("$python" -c 'import sysconfig; print(sysconfig.get_path("include"))')/Python.h
  [ -f "$header" ] || missing="$missing python3-dev"
  "$python" -c 'import ensurepip, venv' 2>/dev/null || missing="$missing python3-venv"
fi
if [ -n "$missing" ]; then
  echo "missing:$missing" >&2
  echo "apt install make g++ python3-dev python3-venv" >&2
  exit 1
fi
