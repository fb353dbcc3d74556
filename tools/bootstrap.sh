#!/bin/sh
# Finds the best Python on this machine and lets it set up .venv:  tools/bootstrap.sh runtime|dev
# PYTHON=/path/to/python chooses one.
set -eu

fits='import sys; sys.exit(not ((3, 11) <= sys.version_info[:2]))'
complete="$fits
import venv, ensurepip"

find_python() {
    # 3.14 after 3.11: not every package has had a wheel for it for as long.
    for candidate in ${PYTHON:-python3.13 python3.12 python3.11 python3.14 python3 python}; do
        if command -v "$candidate" >/dev/null 2>&1 && "$candidate" -c "$1" >/dev/null 2>&1; then
            command -v "$candidate"
            return
        fi
    done
    return 1
}

# One that can make a virtual environment by itself; otherwise one that cannot, which bootstrap.py then explains.
if ! python=$(find_python "$complete") && ! python=$(find_python "$fits"); then
    found=$(python3 --version 2>&1 || echo "no python3")
    echo "Reservei needs Python 3.11 or newer; found: ${PYTHON:+PYTHON=$PYTHON, }$found." >&2
    echo "Install one (Debian, Ubuntu: apt install python3 python3-venv; macOS: brew install python)," >&2
    echo "or name one that is elsewhere: make up PYTHON=/path/to/python3.12" >&2
    exit 1
fi
exec "$python" -I "$(dirname "$0")/bootstrap.py" "$@"
