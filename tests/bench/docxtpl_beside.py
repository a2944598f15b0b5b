"""Times docxtpl on the templates and data of word.rs, and prints the ratios.

Called by docxtpl.sh with what `cargo bench --bench word` printed.
"""

import io
import json
import re
import statistics
import sys
import time
import zipfile
from pathlib import Path

from docxtpl import DocxTemplate
from jinja2 import Environment

ROOT = Path(__file__).resolve().parents[2]
AIMS = {"hunan": 150, "large": 30}
UNITS = {"ns": 1e-9, "µs": 1e-6, "ms": 1e-3, "s": 1.0}


def rows(indicators):
    """What the filter `rows` gives: one map for each third-level indicator."""
    return [
        {"level1": level1, "level2": level2, "name": name, "target": target}
        for level1, parts in indicators.items()
        for level2, targets in parts.items()
        for name, target in targets.items()
    ]


def environment():
    env = Environment(autoescape=True)
    env.filters["rows"] = rows
    env.filters["blank"] = lambda value, instead="": instead if value in (None, "") else value
    env.filters["money"] = lambda value: "" if value is None else f"{value}"
    return env


def without_keys(path):
    """The template with `{% vm key %}` made `{% vm %}`: docxtpl has no keys. It
    then merges whole columns, which is no more work."""
    target = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "word/document.xml":
                content = re.sub(rb"\{% vm [^%]+%\}", b"{% vm %}", content)
            new.writestr(name, content)
    return target


def seconds(template, data, times):
    """The median of rendering and saving with one template object."""
    template, env = DocxTemplate(without_keys(template)), environment()
    taken = []
    for _ in range(times + 1):
        start = time.perf_counter()
        template.render(data, env, autoescape=True)
        template.save(io.BytesIO())
        taken.append(time.perf_counter() - start)
    return statistics.median(taken[1:])


def ours(printed):
    """The medians that divan printed, by bench."""
    found = {}
    for line in printed.splitlines():
        columns = [column.strip() for column in line.split("│")]
        name = re.search(r"render_(\w+)", columns[0])
        if name and len(columns) > 3:
            number, unit = columns[2].split()
            found[name[1]] = float(number) * UNITS[unit]
    return found


def main():
    medians = ours(Path(sys.argv[1]).read_text(encoding="utf-8"))
    benches = {
        "hunan": ("templates/hunan/cbec-fund-target/form.docx", "tests/bench/word/hunan.json", 100),
        "large": ("tests/bench/word/large.docx", "target/tmp/large.json", 5),
    }
    print(f"{'':8}{'tianbao':>12}{'docxtpl':>12}{'ratio':>8}{'aim':>8}")
    for name, (template, data, times) in benches.items():
        data = json.loads((ROOT / data).read_text(encoding="utf-8"))
        theirs = seconds(ROOT / template, data, times)
        ratio = theirs / medians[name]
        print(f"{name:8}{medians[name] * 1e3:>9.3f} ms{theirs * 1e3:>9.1f} ms{ratio:>7.0f}x{AIMS[name]:>7}x")


if __name__ == "__main__":
    main()
