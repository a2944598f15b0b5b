#!/usr/bin/env python3
"""Writes large.docx: a table of eight columns, its rows in nested groups."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parents[1] / "word_dialect"))
from package import document, p, package, r, tbl, tc, tr  # noqa: E402

COLUMNS = ["一级指标", "二级指标", "序号", "三级指标", "指标值", "单位", "金额（万元）", "备注"]
# As in a form made with Word: every run has its fonts, every cell its look.
PARAGRAPH = '<w:snapToGrid w:val="0"/><w:spacing w:before="0" w:after="0" w:line="340" w:lineRule="exact"/><w:jc w:val="center"/>'
RUN = (
    '<w:rFonts w:hint="eastAsia" w:ascii="Times New Roman" w:hAnsi="Times New Roman" w:eastAsia="仿宋_GB2312" w:cs="Times New Roman"/>'
    '<w:sz w:val="21"/><w:szCs w:val="21"/>'
)
CELL = '<w:vAlign w:val="center"/>'


def cell(text, **place):
    return tc(p(r(text, RUN), pr=PARAGRAPH), pr=CELL, **place)


def cells(*texts, header=False):
    return tr(*(cell(text, width=1100) for text in texts), header=header)


def lifted(tag):
    return tr(cell(tag, width=8800, span=8))


table = tbl(
    8,
    cells(*COLUMNS, header=True),
    lifted("{%tr for group in groups %}"),
    lifted("{%tr for part in group.parts %}"),
    lifted("{%tr for row in part.rows %}"),
    cells(
        "{% vm %}{{ group.name }}",
        "{% vm %}{{ part.name }}",
        "{{ loop.index }}",
        "{{ row.name }}",
        "{{ row.target }}",
        "{{ row.unit }}",
        "{{ row.amount }}",
        "{% if row.note %}{{ row.note }}{% else %}无{% endif %}",
    ),
    *[lifted("{%tr endfor %}")] * 3,
    width=1100,
)
body = p("{{ title }}") + table + p("共 {{ total }} 项")
(HERE / "large.docx").write_bytes(package(document(body)))
