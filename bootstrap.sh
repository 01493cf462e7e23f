#!/bin/sh
# From python3, make and git to a working .venv. Says in one line what is missing and can't be installed from here.
set -eu
cd "$(dirname "$0")"

say() { printf '%s\n' "$*" >&2; }

# Debian's own python3 first: the sandbox's unprivileged user can read it wherever this folder lies.
choose_python() {
    for candidate in "${PYTHON:-}" /usr/bin/python3 "$(command -v python3 || true)"; do
        [ -n "$candidate" ] || continue
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            printf '%s' "$candidate"
            return
        fi
    done
    say "missing: Python 3.11 or newer; install it (apt-get install python3) or name one: make PYTHON=/path/to/python3"
    exit 1
}

# apt_install PACKAGE...: true if they were installed, false where we may not.
apt_install() {
    command -v apt-get >/dev/null || return 1
    if [ "$(id -u)" = 0 ]; then as_root=; elif sudo -n true 2>/dev/null; then as_root=sudo; else return 1; fi
    say "installing $* with apt …"
    # The package lists of a new machine are empty or old: fetch them once an install fails without.
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null 2>&1 ||
        { $as_root apt-get update -qq >/dev/null 2>&1 &&
          $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null 2>&1; }
}

python=$(choose_python)
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    apt_install python3-venv || { say "missing: python3-venv; run: sudo apt-get install python3-venv"; exit 1; }
fi
if ! command -v bwrap >/dev/null; then
    apt_install bubblewrap || { say "missing: bubblewrap; run: sudo apt-get install bubblewrap"; exit 1; }
fi

[ -x .venv/bin/python ] || "$python" -m venv .venv
if [ ! -x .venv/bin/uv ]; then
    say "installing uv …"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt uv
fi
say "installing the packages of constraints.txt (torch is large; UV_TORCH_BACKEND=cpu saves gigabytes) …"
# Compiled now, once: a sandbox can't write there, and would compile all of torch each time it starts.
.venv/bin/uv pip install --python .venv/bin/python --constraint constraints.txt --compile-bytecode \
    --editable '.[server,notebooks,cluster,dev]'

cache="${XDG_CACHE_HOME:-$HOME/.cache}/heldout"
data_there() {
    [ -f /usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz ] ||
        [ -f "$cache/FashionMNIST/raw/train-images-idx3-ubyte.gz" ]
}
if ! data_there && ! apt_install dataset-fashion-mnist; then
    say "downloading Fashion-MNIST with torchvision …"
    .venv/bin/python -c 'import sys, torchvision; torchvision.datasets.FashionMNIST(sys.argv[1], download=True)' \
        "$cache" >/dev/null 2>&1 ||
        { say "missing: Fashion-MNIST; run: sudo apt-get install dataset-fashion-mnist"; exit 1; }
fi
if ! command -v bible >/dev/null && ! apt_install bible-kjv bible-kjv-text; then
    say "without the King James text: the assignment rnn needs it, or a text that the course names;" \
        "run: sudo apt-get install bible-kjv bible-kjv-text"
fi
touch .venv/.ready
