#!/usr/bin/env bash
# Sets tianbao beside what else could make the same forms, in one run:
# typst started once per form (one after another, and two at a time) on the
# merged sources, and LibreOffice converting the same Word files in one call.
#
#   tests/bench/peers.sh [FORMS]      60 forms if left out
#
# Needs a release build, typst on the PATH (cargo install typst-cli), soffice.
set -euo pipefail

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd -P)
forms=${1:-60}
tianbao=$root/target/release/tianbao
for tool in "$tianbao" typst soffice; do
    command -v "$tool" >/dev/null || { echo "missing: $tool" >&2; exit 1; }
done
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
cd -- "$work"

# Counties of the Hunan base, no two alike.
mkdir counties
cp -- "$root/data/hunan-cbec-2024/base.yaml" counties/
for ((n = 0; n < forms; n++)); do
    printf 'extends: base.yaml\ndepartments: [第%d县商务局]\nfunds: {province: %d}\nindicators:\n  产出指标:\n    数量指标:\n      跨境电商相关培训人次数: %d\n' \
        "$n" "$((n * 7 % 300))" "$((100 + n * 13))" >"counties/$n.yaml"
done

seconds() { # seconds COMMAND...: how long it took
    local start
    start=$(date +%s.%N)
    "$@" >/dev/null 2>&1
    echo "$(date +%s.%N) $start" | awk '{ printf "%.3f", $1 - $2 }'
}

# What typst compiles: our own merged sources, with the library, the roles and
# the values laid out as tianbao lays them out in memory.
"$tianbao" render counties --to pdf --keep-merged --out merged --quiet
cat >roles.py <<'PY'
import json, sys
# The faces that are shipped, as the program hands them to the library.
import re
roles, role = {}, None
for line in open(sys.argv[1] + "/templates/fonts/roles.yaml", encoding="utf-8"):
    if m := re.match(r"- id: (\S+)", line):
        role = roles.setdefault(m[1], {"faces": [], "weight": 400})
    elif m := re.match(r"\s+weight: (\d+)", line):
        role["weight"] = int(m[1])
    elif (m := re.match(r"\s+- \{name: ([^,}]+)(.*)\}", line)) and "official" not in m[2]:
        face = {"name": m[1]}
        if "latin-in-cjk" in m[2]:
            face["covers"] = "latin-in-cjk"
        role["faces"].append(face)
json.dump(roles, open("roles.json", "w"))
PY
python3 roles.py "$root"
number=0
for source in merged/*.typ; do
    folder=typst/$number
    mkdir -p "$folder/data" "$folder/form-0"
    cp -r -- "$root/templates/lib" "$folder/lib"
    cp roles.json "$folder/data/roles.json"
    cp -- "${source%.typ}.values.json" "$folder/data/values-0.json"
    echo '[]' >"$folder/data/pages.json"
    echo '{"title": "表", "authors": []}' >"$folder/data/document.json"
    { printf '#let _v = json("/data/values-0.json");'; cat -- "$source"; } >"$folder/form-0/sheet-0.typ"
    cat >"$folder/main.typ" <<'TYP'
#import "/lib/page.typ": form-page
#set document(title: "表")
#set text(lang: "zh", region: "cn")
#[
#show: form-page.with(orientation: "portrait", binding: "gbt9704", sheet: 0)
#include "/form-0/sheet-0.typ"
]
TYP
    number=$((number + 1))
done
compile() {
    typst compile --ignore-system-fonts --font-path "$root/templates/fonts" --features a11y-extras \
        --pdf-standard a-2a,ua-1 --root "typst/$1" "typst/$1/main.typ" "typst/$1/out.pdf"
}
export -f compile
export root
one_by_one() { for ((n = 0; n < forms; n++)); do compile "$n"; done; }
two_at_a_time() { seq 0 $((forms - 1)) | xargs -P 2 -I N bash -c 'compile N'; }
compile 0 # says what is wrong, if anything is

"$tianbao" render counties --to docx --out word --quiet
libreoffice() {
    FONTCONFIG_FILE=$root/tests/fonts.conf soffice "-env:UserInstallation=file://$work/profile" \
        --headless --convert-to pdf --outdir office word/*.docx
}
libreoffice >/dev/null 2>&1 # makes its profile
rm -rf office merged

ours=$(seconds "$tianbao" render counties --to pdf --out ours --quiet)
both=$(seconds "$tianbao" render counties --out both --quiet)
single=$(seconds one_by_one)
double=$(seconds two_at_a_time)
office=$(seconds libreoffice)
echo "$forms forms, seconds for all, and how often tianbao's PDF time:"
for row in "tianbao,PDF:$ours" "tianbao,PDF+Word:$both" "typst,one_after_another:$single" \
    "typst,two_at_a_time:$double" "LibreOffice,one_call:$office"; do
    printf '%-26s %8s  %6.1f x\n' "${row%:*}" "${row#*:}" "$(echo "${row#*:} $ours" | awk '{ print $1 / $2 }')"
done
