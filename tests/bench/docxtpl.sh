#!/usr/bin/env bash
# Sets docxtpl beside tianbao in one run: the same two Word templates with the
# same data, rendered and packed with the template open. Installs docxtpl into
# target/tools/venv, as tests/run does.
#
#   tests/bench/docxtpl.sh
set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd -P)
cd -- "$root"
venv=target/tools/venv
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --requirement tests/word_dialect/requirements.txt

ours=$(mktemp)
trap 'rm -f -- "$ours"' EXIT
cargo bench --bench word -- render | tee "$ours"
"$venv/bin/python" tests/bench/docxtpl_beside.py "$ours"
