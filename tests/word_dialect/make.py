#!/usr/bin/env python3
"""Writes the templates and data of all cases; `--check` compares instead.

A case is a folder named by what it shows: template.docx and data.json from
here, expected.txt from `UPDATE=1 cargo test --test tests word_dialect`, and
docxtpl.txt, by hand, where docxtpl gives something else on purpose.
"""

import io
import json
import struct
import sys
import zipfile
import zlib
from pathlib import Path

sys.dont_write_bytecode = True
from package import (  # noqa: E402
    control,
    core,
    document,
    notes,
    p,
    package,
    part,
    r,
    t,
    tbl,
    tc,
    text_box,
    tr,
)

HERE = Path(__file__).parent
CASES = {}


def case(name, body, data=None, section="", parts=None, properties=None, files=None):
    """A case; a text in `body` is a paragraph."""
    body = "".join(x if x.startswith("<w:") else p(x) for x in body)
    # Word itself always has a paragraph after a last table.
    if body.endswith("</w:tbl>"):
        body += p()
    assert name not in CASES, name
    CASES[name] = {
        "template.docx": package(document(body, section), parts, properties),
        "data.json": (json.dumps(data or {}, ensure_ascii=False, indent=1) + "\n").encode(),
        **(files or {}),
    }


def run(inner, properties=""):
    """A run of elements, such as a break."""
    properties = f"<w:rPr>{properties}</w:rPr>" if properties else ""
    return f"<w:r>{properties}{inner}</w:r>"


BREAK = "<w:br/>"
BOLD = "<w:b/>"
RED = '<w:color w:val="C00000"/>'
LARGE = '<w:sz w:val="32"/>'
PEOPLE = [{"name": "张三", "age": 31}, {"name": "李四", "age": 28}, {"name": "王五", "age": 45}]

# ---- Values ----------------------------------------------------------------

case(
    "variables",
    [
        "项目：{{ name }}，金额 {{ amount }} 万元，占 {{ share }}。",
        "{{ contact.person }}，{{ contact['phone'] }}，{{ departments[1] }}，{{ departments[-1] }}",
        p(r("单位：", BOLD), r("{{ departments[0] }}", RED), r("（盖章）")),
        "{{name}}{{ name }}{{   name   }}",
        tbl(2, tr("名称", "{{ name }}"), tr("{{ amount }}", "单价{{ share }}")),
    ],
    {
        "name": "县域电商",
        "amount": 235,
        "share": 1.5,
        "contact": {"person": "张三", "phone": "0731-8228"},
        "departments": ["商务局", "财政局", "农业农村局"],
    },
)
case(
    "blank-values",
    ["[{{ empty }}]", "[{{ gone or '（空）' }}]", "[{{ gone | default('无', true) }}]", "[{{ zero }}]"],
    {"empty": "", "gone": None, "zero": 0},
)
case(
    "filters-of-text",
    [
        "{{ a | upper }} {{ a | lower }} {{ a | title }} {{ a | capitalize }}",
        "[{{ padded | trim }}] {{ a | replace('b', '乙') }} {{ a | length }} {{ a | first }} {{ a | last }}",
        "{{ a | default('无') }} {{ '%s-%03d' | format('甲', 7) }} {{ a | reverse }} {{ a | string }}",
        "{{ a | upper | replace('A', '甲') | lower }}",
        "[{{ a | indent(2) }}] {{ zh | length }} {{ zh | list | join('、') }}",
    ],
    {"a": "aBc def", "padded": "  留白  ", "zh": "指标值"},
)
case(
    "filters-of-words",
    ["[{{ a | center(12) }}]", "{{ zh | wordcount }} {{ long | truncate(7, true, '…') }}"],
    {"a": "abc", "zh": "一 二 三", "long": "跨境电商产业园区建设"},
)
case(
    "filters-of-lists",
    [
        "{{ names | join('、') }} {{ names | length }} {{ names | count }} {{ names | first }} {{ names | last }}",
        "{{ numbers | sort | join(',') }} {{ numbers | sort(reverse=true) | join(',') }} {{ numbers | unique | join(',') }}",
        "{{ numbers | sum }} {{ numbers | min }} {{ numbers | max }} {{ names | reverse | join('、') }}",
        "{{ people | map(attribute='name') | join('、') }} {{ people | sum(attribute='age') }}",
        "{{ people | selectattr('age', 'gt', 30) | map(attribute='name') | join('、') }}",
        "{{ people | rejectattr('age', 'gt', 30) | map(attribute='name') | join('、') }}",
        "{{ numbers | select('odd') | join(',') }} {{ numbers | reject('odd') | join(',') }}",
        "{{ people | sort(attribute='age') | map(attribute='name') | join('、') }}",
        "{% for row in numbers | batch(2, '-') %}({{ row | join(' ') }}){% endfor %} "
        "{% for column in numbers | slice(2) %}[{{ column | join(' ') }}]{% endfor %}",
        "{% for key, value in funds | dictsort %}{{ key }}={{ value }};{% endfor %}",
        "{% for group in people | groupby('level') %}{{ group.grouper }}：{{ group.list | map(attribute='name') | join('、') }}；{% endfor %}",
    ],
    {
        "names": ["甲", "乙", "丙"],
        "numbers": [3, 1, 2, 3, 4],
        "people": [{**person, "level": "AB"[i % 2]} for i, person in enumerate(PEOPLE)],
        "funds": {"province": 235, "city": 0},
    },
)
case(
    "filters-of-numbers",
    ["{{ a | round(1) }} {{ b | abs }} {{ a | int }} {{ '12' | int + 1 }} {{ '1.5' | float + 1 }} {{ '%.2f' | format(a) }}"],
    {"a": 3.14159, "b": -7},
)
case(
    "python-methods",
    [
        "{{ a.upper() }} {{ a.lower() }} {{ a.title() }} {{ a.capitalize() }} [{{ padded.strip() }}]",
        "{{ a.replace('b', '乙') }} {{ a.split(' ')[1] }} {{ a.startswith('aB') }} {{ a.find('d') }} {{ a.count('d') }}".replace(
            "{{ a.startswith('aB') }}", "{% if a.startswith('aB') and not a.endswith('x') %}起{% endif %}"
        ),
        "{{ '、'.join(names) }} {{ a.isdigit() and 'x' or 'y' }}",
        "{% for line in lines.splitlines() %}[{{ line }}]{% endfor %}",
        "{% for key, value in funds.items() %}{{ key }}={{ value }};{% endfor %} {{ funds.keys() | join(',') }} {{ funds.values() | join(',') }}",
        "{{ funds.get('province') }} {{ funds.get('county', '无') }}",
        "{{ '{}：{}'.format('甲', 1) }}",
    ],
    {
        "a": "aBc def",
        "padded": "  留白  ",
        "names": ["甲", "乙"],
        "lines": "一\n二",
        "funds": {"province": 235, "city": 0},
    },
)
case(
    "arithmetic",
    [
        "{{ a + b }} {{ a - b }} {{ a * b }} {{ a / 2 }} {{ a // b }} {{ a % b }} {{ a ** 2 }} {{ -a }} {{ (a + b) * 2 }}",
        "{{ a ~ '：' ~ b }} {{ [1, 2, 3][1] }} {{ {'k': '值'}.k }} {{ (1, 2)[0] }} {{ ([1] + [2]) | length }}",
        "{{ '甲' if a > b else '乙' }} {{ 'b' in 'abc' }}".replace(" {{ 'b' in 'abc' }}", "{% if 'b' in 'abc' %}有{% endif %}")
        + "{% if a not in [1, 2] %}没有{% endif %}{% if 1 < a <= 7 %}其间{% endif %}",
    ],
    {"a": 7, "b": 2},
)
case(
    "slices",
    ["{{ a[:2] }} {{ a[2:] }} {{ a[1:3] }} {{ a[-2:] }} {{ a[::2] }} {{ names[1:] | join('、') }} {{ names[:-1] | join('、') }}"],
    {"a": "一二三四五", "names": ["甲", "乙", "丙"]},
)
case(
    "inline-if",
    ["{{ '是' if new else '否' }} {{ '有' if names else '没有' }} [{{ '甲' if not new }}] {{ name if name is defined else '无' }}"],
    {"new": True, "names": [], "name": "县域电商"},
)
case(
    "tests",
    [
        f"{{% if {condition} %}}是{{% else %}}否{{% endif %}} {condition}"
        for condition in [
            "a is defined",
            "b is defined",
            "b is undefined",
            "none_value is none",
            "a is odd",
            "a is even",
            "a is divisibleby 7",
            "a is number",
            "text is string",
            "names is iterable",
            "names is sequence",
            "funds is mapping",
            "a is eq 7",
            "a is in [1, 7]",
            "text is lower",
            "a is not odd",
            "yes is true",
            "yes is sameas true",
        ]
    ],
    {"a": 7, "text": "abc", "names": ["甲"], "funds": {"x": 1}, "none_value": None, "yes": True},
)
case(
    "dictionaries",
    [
        "{% for key, value in funds.items() %}{{ key }}：{{ value }}{% if not loop.last %}，{% endif %}{% endfor %}",
        "{% for key in funds %}{{ key }}={{ funds[key] }} {% endfor %}{{ funds | length }}",
        tbl(2, tr("{%tr for key, value in funds.items() %}"), tr("{{ key }}", "{{ value }}"), tr("{%tr endfor %}")),
    ],
    {"funds": {"省级": 235, "市级": 60, "县级": 0}},
)

# ---- Statements ------------------------------------------------------------

case(
    "if-in-one-run",
    [
        "{% if a > 10 %}大{% elif a > 5 %}中{% else %}小{% endif %}：{% if not b %}无{% endif %}{% if a and b %}都有{% endif %}",
        "{% if a %}{% if b %}两层{% else %}一层{% endif %}{% endif %}",
    ],
    {"a": 7, "b": ""},
)
case(
    "if-over-runs",
    [
        p(r("{% if new %}"), r("新增", BOLD), r("项目{% else %}"), r("延续", RED), r("项目{% endif %}"), r("（完）")),
        p(r("{% if not new %}"), r("新增", BOLD), r("项目{% else %}"), r("延续", RED), r("项目{% endif %}"), r("（完）")),
    ],
    {"new": True},
)
case(
    "block-over-paragraphs",
    [
        "甲{% if a %}乙",
        p(r("丙{% endif %}丁", BOLD)),
        "戊{% if not a %}己",
        "庚{% endif %}辛",
        "{% for n in names %}第{{ n }}",
        "项{% endfor %}完",
    ],
    {"a": 1, "names": ["一", "二"]},
)
case(
    "for-in-a-paragraph",
    [
        "{% for n in names %}{{ n }}{% if not loop.last %}、{% endif %}{% endfor %}。",
        p(r("{% for n in names %}"), r("{{ n }}", BOLD), r("；{% endfor %}")),
        "{% for n in nobody %}{{ n }}{% else %}无人{% endfor %}",
        "{% for x in people if x.age > 30 %}{{ x.name }}{{ x.age }} {% endfor %}",
        "{% for a, b in pairs %}{{ a }}-{{ b }} {% endfor %}{% for i in range(3) %}{{ i }}{% endfor %}",
    ],
    {"names": ["甲", "乙", "丙"], "nobody": [], "people": PEOPLE, "pairs": [["一", 1], ["二", 2]]},
)
case(
    "loop-variables",
    [
        "{% for n in names %}{{ loop.index }}/{{ loop.index0 }}/{{ loop.revindex }}/{{ loop.revindex0 }}/{{ loop.length }}"
        "{% if loop.first %}首{% endif %}{% if loop.last %}末{% endif %}{{ loop.cycle('单', '双') }}{{ n }} {% endfor %}",
        "{% for n in names %}{% if not loop.first %}{{ loop.previtem }}→{% endif %}{{ n }} {% endfor %}",
        "{% for n in names %}{% if not loop.last %}{{ n }}→{{ loop.nextitem }} {% endif %}{% endfor %}",
        "{% for x in repeated %}{% if loop.changed(x) %}{{ x }}{% endif %}{% endfor %}",
        "{% for n in names %}{% set outer = loop %}{% for m in names %}{{ outer.index }}{{ loop.index }} {% endfor %}{% endfor %}",
    ],
    {"names": ["甲", "乙", "丙"], "repeated": ["a", "a", "b", "a"]},
)
case(
    "nested-loops",
    [
        "{% for g in groups %}{{ g.name }}（{% for x in g.items_ %}{{ x }}{% if not loop.last %}、{% endif %}{% endfor %}）{% endfor %}",
        "{%p for g in groups %}",
        p(r("{{ loop.index }}. {{ g.name }}", BOLD)),
        "{%p for x in g.items_ %}",
        "（{{ loop.index }}）{{ x }}",
        "{%p endfor %}",
        "{%p endfor %}",
    ],
    {"groups": [{"name": "产出", "items_": ["数量", "质量"]}, {"name": "效益", "items_": []}, {"name": "满意度", "items_": ["满意"]}]},
)
case(
    "set-and-with",
    [
        "{% set total = a + b %}合计 {{ total }}{% set x, y = 1, 2 %} {{ x }}{{ y }}",
        "{% with half = total / 2 %}一半 {{ half | int }}{% endwith %}",
        "{% set note %}共 {{ total }} 万元{% endset %}{{ note }}；{{ note }}",
        "{%p set later = '后面' %}",
        "{{ later }}",
        "{% set ns = namespace(sum=0) %}{% for n in numbers %}{% set ns.sum = ns.sum + n %}{% endfor %}累计 {{ ns.sum }}",
        tbl(1, tr("{%tr set ns.sum = 0 %}"), tr("{%tr for n in numbers %}"), tr("{% set ns.sum = ns.sum + n %}{{ ns.sum }}"), tr("{%tr endfor %}")),
    ],
    {"a": 3, "b": 5, "numbers": [1, 2, 3]},
)
case(
    "macros-and-filter-blocks",
    [
        "{% macro amount(n, unit='万元') %}{{ n }} {{ unit }}{% endmacro %}{{ amount(5) }}，{{ amount(6, unit='元') }}",
        "{% macro framed() %}【{{ caller() }}】{% endmacro %}{% call framed() %}内{{ a }}{% endcall %}",
        "{% filter upper %}abc {{ a }}{% endfilter %}",
    ],
    {"a": "x"},
)
case(
    "raw-blocks",
    ["{% raw %}{{ 不是标记 }} {% 也不是 %}{% endraw %}，{{ a }}"],
    {"a": "甲"},
)

# ---- Tags that take the place of something -----------------------------------

case(
    "paragraph-if",
    [
        "前",
        "{%p if new %}",
        p(r("新增项目", BOLD)),
        "第二段",
        "{%p else %}",
        "延续项目",
        "{%p endif %}",
        "{%p if not new %}",
        "不出现",
        "{%p elif a == 2 %}",
        "二",
        "{%p endif %}",
        "{%p if new %}",
        tbl(1, tr("整张表")),
        "{%p endif %}",
        "后",
    ],
    {"new": True, "a": 2},
)
case(
    "paragraph-for",
    [
        "{%p for x in people %}",
        p(r("{{ x.name }}"), r("{{ x.age }}岁", BOLD), pr='<w:jc w:val="center"/>'),
        "{%p endfor %}",
        tbl(1, tr(tc("名单：", "{%p for x in people %}", "{{ loop.index }}、{{ x.name }}", "{%p endfor %}", "完"))),
    ],
    {"people": PEOPLE},
)
case(
    "row-for",
    [
        tbl(
            3,
            tr("序号", "姓名", "年龄", header=True),
            tr("{%tr for x in people %}", "", ""),
            tr("{{ loop.index }}", tc(p(r("{{ x.name }}", BOLD))), "{{ x.age }}"),
            tr("{%tr endfor %}", "", ""),
            tr("合计", "", "{{ people | sum(attribute='age') }}"),
        ),
        tbl(2, tr("{%tr for x in people %}", ""), tr("{{ x.name }}", "一"), tr("{{ x.age }}", "二"), tr("{%tr endfor %}", "")),
        tbl(1, tr("表头"), tr("{%tr for x in nobody %}"), tr("{{ x.name }}"), tr("{%tr endfor %}")),
    ],
    {"people": PEOPLE, "nobody": []},
)
case(
    "row-if",
    [
        tbl(
            2,
            tr("{%tr if new %}", ""),
            tr("新增", "{{ a }}"),
            tr("{%tr else %}", ""),
            tr("延续", "{{ a }}"),
            tr("{%tr endif %}", ""),
            tr("{%tr for n in numbers %}", ""),
            tr("{%tr if n % 2 %}".replace("n % 2", "n is odd"), ""),
            tr("单", "{{ n }}"),
            tr("{%tr endif %}", ""),
            tr("{%tr endfor %}", ""),
        )
    ],
    {"new": False, "a": "甲", "numbers": [1, 2, 3]},
)
case(
    "row-for-in-a-row-for",
    [
        tbl(
            3,
            tr("一级", "二级", "值"),
            tr("{%tr for g in groups %}", "", ""),
            tr(tc("{{ g.name }}", span=3)),
            tr("{%tr for x in g.rows %}", "", ""),
            tr("", "{{ x.name }}", "{{ x.value }}"),
            tr("{%tr endfor %}", "", ""),
            tr("{%tr endfor %}", "", ""),
        )
    ],
    {
        "groups": [
            {"name": "产出", "rows": [{"name": "数量", "value": 5}, {"name": "质量", "value": "≥90%"}]},
            {"name": "效益", "rows": [{"name": "经济", "value": 1}]},
        ]
    },
)
case(
    "cell-for",
    [
        tbl(
            4,
            tr("年度", "{%tc for y in years %}", "{{ y }}", "{%tc endfor %}"),
            tr("金额", "{%tc for a in amounts %}", tc(p(r("{{ a }}", BOLD))), "{%tc endfor %}"),
        ),
        tbl(4, tr("甲", "{%tc if new %}", "新增", "{%tc endif %}"), tr("甲", "乙")),
    ],
    {"years": [2023, 2024, 2025], "amounts": [1, 2, 3], "new": True},
)
case(
    "columns-and-rows-from-data",
    [
        tbl(
            5,
            tr("指标", "{%tc for c in columns %}", "{{ c }}", "{%tc endfor %}", "合计"),
            tr(tc("{%tr for x in rows %}", span=5)),
            tr("{{ x.name }}", "{%tc for v in x.values_ %}", "{{ v }}", "{%tc endfor %}", "{{ x.values_ | sum }}"),
            tr(tc("{%tr endfor %}", span=5)),
        )
    ],
    {
        "columns": ["一季度", "二季度", "三季度", "四季度"],
        "rows": [{"name": "培训", "values_": [1, 2, 3, 4]}, {"name": "参展", "values_": [5, 6, 7, 8]}],
    },
)
case(
    "run-for",
    [
        p(
            r("名单："),
            r("{%r for x in people %}"),
            r("{{ x.name }}", BOLD),
            r("（{{ x.age }}）", RED),
            r("{%r endfor %}"),
            r("。"),
        ),
        p(r("{%r if new %}"), r("新", BOLD), r("{%r else %}"), r("旧", RED), r("{%r endif %}"), r("项目")),
    ],
    {"people": PEOPLE, "new": True},
)
case(
    "run-for-beside-text",
    [p(r("名单：{%r for x in names %}"), r("{{ x }}", BOLD), r("{%r endfor %}。"))],
    {"names": ["甲", "乙"]},
)
case("comments", ["甲{# 说明 #}乙{# {{ x }} 不算 #}", p(r("前{# 分"), r("开 #}后", BOLD)), "{# 整段 #}"])
case("comment-takes-a-paragraph", ["甲", "{#p 这一段不要 #}", "乙"])
case(
    "comment-takes-a-row",
    [tbl(2, tr("一", "二"), tr("{#tr 这一行不要 #}", ""), tr("三", "四"))],
)
case(
    "comment-takes-a-cell",
    [tbl(2, tr("一", "{#tc 这一格不要 #}", "二"), tr("三", "四"))],
)

# ---- Joining ---------------------------------------------------------------

case(
    "join-with-the-paragraph-above",
    [
        "项目名称",
        "{%- if new %}",
        "（新增）",
        "{%- endif %}",
        "后面一段",
        "{%- if not new %}",
        "不出现的一段",
        "{%- endif %}",
        "末段",
    ],
    {"new": True},
)
case(
    "join-paragraphs-both-ways",
    [
        "我叫",
        "{%- if living -%}",
        "住在",
        "{%- else -%}",
        "不住在",
        "{%- endif -%}",
        "长沙。",
    ],
    {"living": True},
)
case(
    "joined-paragraphs-keep-their-runs",
    [
        p(r("甲", BOLD), pr='<w:jc w:val="center"/>'),
        p(r("{%- if a -%}", RED)),
        p(r("乙", RED)),
        p(r("{%- endif -%}", RED)),
        p(r("丙", LARGE), pr='<w:jc w:val="right"/>'),
    ],
    {"a": 1},
)
case(
    "join-lines",
    [
        p(
            run(t("我叫") + BREAK + t("{%- if living -%}") + BREAK + t("住在") + BREAK + t("{%- else -%}") + BREAK)
            + run(t("不住在") + BREAK + t("{%- endif -%}") + BREAK + t("长沙。"))
        )
    ],
    {"living": False},
)
case(
    "dashes-inside-a-paragraph",
    ["甲 {%- if a %} 乙 {%- endif %} 丙", "甲 {%- if a -%} 乙 {%- endif -%} 丙", "甲 {{- b -}} 丙"],
    {"a": 1, "b": "乙"},
)
case(
    "join-paragraphs-in-a-loop",
    ["名单：", "{%- for n in names -%}", "{{ n }}、", "{%- endfor -%}", "完。"],
    {"names": ["甲", "乙", "丙"]},
)

# ---- Cells -----------------------------------------------------------------

case(
    "colspan",
    [
        tbl(
            4,
            tr("{% colspan 4 %}题名", ""),
            tr("{% colspan n %}甲", "{% colspan 4 - n %}乙"),
            tr(tc("{% colspan 3 %}原来跨两列", span=2), "丙"),
            tr(tc(p(r("{% colspan 2 %}"), r("{{ a }}", BOLD))), "二", "三"),
        ).replace(tc(""), "")
    ],
    {"n": 3, "a": "值"},
)
case(
    "colspan-in-a-row-loop",
    [
        tbl(
            3,
            tr("{%tr for x in rows %}", "", ""),
            tr("{% colspan x.span %}{{ x.name }}", "{%tc if x.span < 3 %}", "其余", "{%tc endif %}"),
            tr("{%tr endfor %}", "", ""),
        )
    ],
    {"rows": [{"name": "甲", "span": 2}, {"name": "乙", "span": 3}]},
)
case(
    "cell-background",
    [
        tbl(
            2,
            tr("{% cellbg 'FFFF00' %}黄", "{% cellbg colour %}{{ colour }}"),
            tr("{%tr for x in rows %}", ""),
            tr(tc(p(r("{% cellbg x.bg %}"), r("{{ x.name }}", BOLD))), "旁"),
            tr("{%tr endfor %}", ""),
            tr(tc("{% cellbg colour %}换色", pr='<w:shd w:val="clear" w:color="auto" w:fill="D9D9D9"/>'), "旁"),
        )
    ],
    {"colour": "00B050", "rows": [{"name": "甲", "bg": "C00000"}, {"name": "乙", "bg": "0070C0"}]},
)
case(
    "vertical-merge-in-a-loop",
    [
        tbl(
            3,
            tr("单位", "序号", "姓名"),
            tr("{%tr for x in people %}", "", ""),
            tr("{% vm %}商务局", "{{ loop.index }}", "{{ x.name }}"),
            tr("{%tr endfor %}", "", ""),
        ),
        tbl(
            2,
            tr("{%tr for x in people %}", ""),
            tr(tc(p(r("共 {{ people | length }} 人{% vm %}"))), "{{ x.name }}"),
            tr("{%tr endfor %}", ""),
        ),
    ],
    {"people": PEOPLE},
)
case(
    "vertical-merge-in-nested-loops",
    [
        tbl(
            2,
            tr("{%tr for g in groups %}", ""),
            tr("{%tr for x in g.rows %}", ""),
            tr("{% vm %}{{ g.name }}", "{{ x }}"),
            tr("{%tr endfor %}", ""),
            tr("{%tr endfor %}", ""),
        )
    ],
    {"groups": [{"name": "产出", "rows": ["数量", "质量"]}, {"name": "产出", "rows": ["时效"]}, {"name": "效益", "rows": ["经济", "社会"]}]},
)
case(
    "vertical-merge-of-several-paragraphs",
    [
        tbl(
            2,
            tr("{%tr for x in names %}", ""),
            tr(tc(p(r("前"), r("{% vm %}甲", BOLD), r("后")), "第二段"), "{{ x }}"),
            tr("{%tr endfor %}", ""),
        )
    ],
    {"names": ["一", "二"]},
)
case(
    "horizontal-merge",
    [
        tbl(
            4,
            tr("年度", "{%tc for y in years %}", "{% hm %}各年金额", "{%tc endfor %}"),
            tr("金额", "{%tc for y in years %}", "{{ y }}", "{%tc endfor %}"),
        )
    ],
    {"years": [2023, 2024, 2025]},
)
case(
    "horizontal-merge-of-wide-cells",
    [
        tbl(
            5,
            tr("年度", "{%tc for y in years %}", tc("{% hm %}各年金额", span=2), "{%tc endfor %}"),
            tr("金额", "{%tc for y in years %}", tc("{{ y }}", span=2), "{%tc endfor %}"),
        )
    ],
    {"years": [2024, 2025]},
)

# ---- What tags stand in ------------------------------------------------------

INNER = tbl(1, tr("{%tr for x in g.rows %}"), tr("{{ x }}"), tr("{%tr endfor %}"), width=1800)
case(
    "nested-tables",
    [
        tbl(
            2,
            tr("组", "明细"),
            tr("{%tr for g in groups %}", ""),
            tr("{{ g.name }}", tc("明细：", INNER, "")),
            tr("{%tr endfor %}", ""),
        )
    ],
    {"groups": [{"name": "产出", "rows": ["数量", "质量"]}, {"name": "效益", "rows": ["经济"]}]},
)
HEADED = (
    '<w:headerReference w:type="default" r:id="header1"/><w:headerReference w:type="even" r:id="header2"/>'
    '<w:headerReference w:type="first" r:id="header3"/><w:footerReference w:type="default" r:id="footer1"/>'
    '<w:footerReference w:type="even" r:id="footer2"/><w:footerReference w:type="first" r:id="footer3"/>'
)
case(
    "headers-and-footers",
    ["正文 {{ name }}", p(run('<w:br w:type="page"/>')), "第二页"],
    {"name": "县域电商", "names": ["甲", "乙"]},
    section=HEADED,
    parts={
        "header1.xml": part("hdr", p("奇数页 {{ name }}")),
        "header2.xml": part("hdr", p(r("偶数页 {{ na"), r("me }}", BOLD))),
        "header3.xml": part("hdr", tbl(2, tr("首页", "{{ name }}")) + p()),
        "footer1.xml": part("ftr", p("{% for n in names %}{{ n }}；{% endfor %}")),
        "footer2.xml": part("ftr", p("{%p if names %}") + p("有人") + p("{%p endif %}") + p("偶数页")),
        "footer3.xml": part("ftr", tbl(1, tr("{%tr for n in names %}"), tr("{{ n }}"), tr("{%tr endfor %}")) + p()),
        "settings.xml": part("settings", "<w:evenAndOddHeaders/>"),
    },
)


def reference(kind, number):
    return f'<w:r><w:rPr><w:vertAlign w:val="superscript"/></w:rPr><w:{kind}Reference w:id="{number}"/></w:r>'


case(
    "footnotes",
    [p(r("培训人次"), reference("footnote", 1), r("，{{ name }}"), reference("footnote", 2))],
    {"name": "县域电商", "source": "省商务厅", "names": ["甲", "乙"]},
    parts={"footnotes.xml": notes("footnote", n1="来源：{{ source }}", n2="{% for n in names %}{{ n }} {% endfor %}")},
)
case(
    "endnotes-and-comments",
    [
        p(r("培训人次"), reference("endnote", 1)),
        p(
            '<w:commentRangeStart w:id="0"/>',
            r("{{ name }}"),
            '<w:commentRangeEnd w:id="0"/>',
            '<w:r><w:commentReference w:id="0"/></w:r>',
        ),
    ],
    {"name": "县域电商", "source": "省商务厅"},
    parts={
        "endnotes.xml": notes("endnote", n1="来源：{{ source }}"),
        "comments.xml": part("comments", f'<w:comment w:id="0" w:author="张三">{p("请核对 {{ name }}")}</w:comment>'),
    },
)
case(
    "document-properties",
    ["{{ name }}"],
    {"name": "县域电商", "year": 2025, "department": "商务局"},
    properties=core(
        dc_title="{{ year }}年度{{ name }}",
        dc_subject="{{ name }}申报表",
        dc_creator="{{ department }}",
        dc_description="{% if year > 2024 %}新{% else %}旧{% endif %}表",
        dc_identifier="{{ year }}-1",
        dc_language="zh-CN",
    ),
)
case(
    "document-properties-with-markup",
    ["{{ name }}"],
    {"name": "A&B <电商>"},
    properties=core(dc_title="{{ name }}"),
)
case(
    "document-properties-that-docxtpl-leaves",
    ["{{ name }}"],
    {"name": "县域电商"},
    properties=core(dc_title="表", cp_keywords="{{ name }}；电商", cp_category="{{ name }}"),
)
case(
    "text-boxes",
    [p(r("框："), text_box(p("{{ name }}") + p(r("{% for n in names %}{{ n }} "), r("{% endfor %}", BOLD)))), "后 {{ name }}"],
    {"name": "县域电商", "names": ["甲", "乙"]},
)
case(
    "text-box-with-a-paragraph-loop",
    [p(r("框："), text_box(p("{%p for n in names %}") + p("{{ n }}") + p("{%p endfor %}") + p("完"))), "后"],
    {"names": ["甲", "乙"]},
)
case(
    "content-controls",
    [
        control(p("段：{{ name }}")),
        p(r("行内："), control(r("{{ name }}", BOLD)), r("，后")),
        control(p("{%p for n in names %}") + p("{{ n }}") + p("{%p endfor %}")),
    ],
    {"name": "县域电商", "names": ["甲", "乙"]},
)
case(
    "content-control-around-a-cell",
    [tbl(2, f"<w:tr>{tc('格')}{control(tc('{{ name }}'))}</w:tr>")],
    {"name": "县域电商"},
)
case(
    "tag-that-reaches-into-a-content-control",
    [p(r("前{{ na"), control(r("me }}", BOLD)), r("后"))],
    {"name": "县域电商"},
)
case(
    "content-control-around-rows",
    [tbl(1, tr("表头"), control(tr("{%tr for n in names %}") + tr("{{ n }}") + tr("{%tr endfor %}")))],
    {"names": ["甲", "乙"]},
)
case(
    "hyperlinks",
    [p(r("见"), f'<w:hyperlink w:anchor="a">{r("{{ na", BOLD)}{r("me }}")}</w:hyperlink>', r("。")), p('<w:bookmarkStart w:id="1" w:name="a"/>', r("甲{{ name }}"), '<w:bookmarkEnd w:id="1"/>')],
    {"name": "县域电商"},
)

# ---- How tags are typed ------------------------------------------------------

case(
    "smart-quotes",
    ["{{ funds[“province”] }} {{ funds[‘city’] }} {% if name == “电商” %}是{% endif %} “{{ name }}” {{ names | join(‘、’) }}"],
    {"funds": {"province": 235, "city": 60}, "name": "电商", "names": ["甲", "乙"]},
)
case(
    "less-than-and-ampersand-in-tags",
    [
        "{% if a < b %}小{% endif %}{% if b > a %}大{% endif %}{% if a <= b and b >= a %}等{% endif %} {{ 'a' if a < b else 'b' }}",
        "甲 < 乙 & 丙 > 丁 {{ a }}",
        tbl(1, tr("{%tr if a < b %}"), tr("出现"), tr("{%tr endif %}")),
    ],
    {"a": 1, "b": 2},
)
case("ampersand-in-a-tag", ["{{ 'A&B' }} {{ name | replace('&', '和') }}"], {"name": "甲&乙"})
case(
    "braces-that-are-no-tags",
    ["{_{ 名称 }_} 与 {_% if %_}；{{ a }}；{ 单 } %", "{_{ {{ a }} }_}", "集合 {甲, 乙}"],
    {"a": "值"},
)
case(
    "hard-blanks-and-tabs-in-tags",
    ["{{\u00a0a\u00a0}}后", p(run(t("{{ ") + "<w:tab/>" + t("a }}后"))), p(run(t("{% if a ") + BREAK + t("%}甲{% endif %}")))],
    {"a": "值"},
)


def cuts(tag, *after):
    """The tag cut at every place."""
    for at in range(1, len(tag)):
        yield p(r("前"), r(tag[:at]), r(tag[at:], BOLD), *after, r("后"))


case(
    "tags-cut-in-two",
    [*cuts("{{ a }}"), *cuts("{% if a %}", r("甲{% endif %}")), *cuts("{#注#}")],
    {"a": "值"},
)
case(
    "text-behind-a-cut-tag",
    [
        p(r("{{ a"), r(" }}后", BOLD)),
        p(r("{% if "), r("a %}甲", BOLD), r("{% endif %}")),
        p(r("甲{"), r("{ a }", RED), r("}乙{{ "), r("a"), r(" }"), r("}丙", BOLD)),
    ],
    {"a": "值"},
)
case(
    "tags-cut-in-many",
    [
        p(*(r(c) for c in "{{ a }}")),
        p(*(r(c, BOLD if i % 2 else RED) for i, c in enumerate("{% if a %}{{ a }}{% endif %}"))),
        p(r("甲{"), r("{ a }", RED), r("}"), r("乙{{ "), r("a"), r(" }"), r("}")),
        p(run(t("{{") + t(" a ") + t("}}"))),
        p(*(r(c, "", ' w:rsidR="00A10000"') for c in ("{{", " a ", "}}"))),
    ],
    {"a": "值"},
)
case(
    "marks-inside-tags",
    [
        p(r("{{ "), '<w:proofErr w:type="spellStart"/>', r("a"), '<w:proofErr w:type="spellEnd"/>', r(" }}")),
        p(r("{{ a"), '<w:bookmarkStart w:id="0" w:name="b"/>', r(" }}"), '<w:bookmarkEnd w:id="0"/>', r("后")),
        p(r("{{ a", '<w:lang w:eastAsia="zh-CN"/>'), r(" }}", '<w:rFonts w:hint="eastAsia"/><w:lang w:eastAsia="zh-CN"/>')),
        p(r("{"), '<w:proofErr w:type="gramStart"/>', r("% if a %"), '<w:proofErr w:type="gramEnd"/>', r("}甲{% endif %}")),
        p("<w:r><w:t>{{ a</w:t><w:lastRenderedPageBreak/><w:t> }}后</w:t></w:r>"),
    ],
    {"a": "值"},
)
case(
    "lifted-tags-cut-in-many",
    [
        p(r("{%"), r("p"), r(" for n in names %}")),
        p(r("{{ n }}")),
        p(r("{%p end"), r("for %}", BOLD)),
        tbl(1, tr(tc(p(r("{"), r("%tr for"), r(" n in names %}")))), tr("{{ n }}"), tr(tc(p(r("{%tr"), r(" endfor %}"))))),
    ],
    {"names": ["甲", "乙"]},
)
case(
    "blanks-are-kept",
    [
        "{{ a }} {{ b }}",
        p(r("前 ", BOLD), r(" {{ a }} "), r(" 后", BOLD)),
        "{% if a %} 甲 {% endif %}",
        "[{{ padded }}]",
        p(run("<w:t>{{ padded }}</w:t>")),
    ],
    {"a": "一", "b": "二", "padded": "  两边  留白  "},
)
case(
    "properties-of-the-run-are-kept",
    [
        p(r("{{ a }}", BOLD + RED + LARGE)),
        p(r("{{", RED), r(" a ", BOLD), r("}}", LARGE), r("后")),
        p(r("{{ a }}"), pr='<w:pStyle w:val="Quote1"/><w:jc w:val="center"/>'),
        p(r("{{ a }}", '<w:rStyle w:val="Strong1"/>')),
    ],
    {"a": "值"},
)

# ---- Characters in values ------------------------------------------------------

STYLED = '<w:pStyle w:val="Quote1"/><w:jc w:val="center"/>'
case("value-with-line-breaks", [p(r("前{{ a }}后", BOLD), pr=STYLED), tbl(1, tr("{{ a }}"))], {"a": "一\n二\n\n三"})
case("value-with-windows-line-ends", [p(r("{{ a }}", BOLD))], {"a": "一\r\n二\r三"})
case("value-with-tabs", [p(r("前{{ a }}后", BOLD), pr=STYLED)], {"a": "一\t二\t\t三"})
case("value-with-paragraphs", [p(r("前{{ a }}后", BOLD), pr=STYLED), tbl(1, tr(tc(p(r("{{ a }}", RED)))))], {"a": "一\u0007二\u0007\u0007三"})
case("value-with-a-page-break", [p(r("前{{ a }}后", BOLD), pr=STYLED)], {"a": "一\f二"})
case("value-with-all-of-them", [p(r("{{ a }}", BOLD), pr=STYLED)], {"a": "一\t1\n二\u0007三\f四\n五"})
case("value-with-paragraphs-over-runs", [p(r("前", RED), r("{{ a }}", BOLD), r("后", RED), pr=STYLED)], {"a": "一\u0007二"})
case(
    "markup-in-values",
    ["{{ a }}", p(r("{{ b }}", BOLD)), "{{ c }}", "{% for x in list %}{{ x }};{% endfor %}", tbl(1, tr("{{ a }}"))],
    {"a": "<w:p>&amp;</w:p>", "b": "A&B \"引号\" '单引号' <b>", "c": "]]> &#65; {{ x }} {% if %}", "list": ["<", ">", "&"]},
)
case("braces-in-values", ["{{ a }}", "{{ b }}"], {"a": "{{ name }} {% if %} {# #}", "b": "{_{ 名称 }_}"})

# ---- Values that are more than text ---------------------------------------------


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width, height):
    """A red picture of 96 dots an inch, never compressed: bytes the same everywhere."""
    rows = b"\0" + b"\xc0\0\0" * width
    adler = zlib.compress(rows * height, 0)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    dots = struct.pack(">IIB", 3780, 3780, 1)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"pHYs", dots) + chunk(b"IDAT", adler) + chunk(b"IEND", b"")


RUNS = [
    "普通",
    {"text": "加粗", "bold": True},
    {"text": "斜体", "italic": True},
    {"text": "红", "color": "C00000", "size": 16},
    {"text": "线", "underline": "double"},
    {"text": "删", "strike": True},
    {"text": "底", "highlight": "FFFF00"},
    {"text": "2", "superscript": True},
    {"text": "3", "subscript": True},
    {"text": "样式", "style": "Strong1"},
]
case("rich-text", ["前{{r a }}后", tbl(2, tr("格", "{{r a }}"))], {"a": {"$text": RUNS}})
case("rich-text-of-a-font", ["{{r a }}"], {"a": {"$text": [{"text": "楷体", "font": "楷体_GB2312"}]}})
case("rich-text-in-a-run-with-properties", [p(r("前{{r a }}后", BOLD + LARGE))], {"a": {"$text": ["普通", {"text": "红", "color": "C00000"}]}})
case("rich-text-without-r", ["前{{ a }}后"], {"a": {"$text": ["普通", {"text": "加粗", "bold": True}]}})
case(
    "rich-text-in-a-loop",
    ["{%p for x in list %}", "{{ loop.index }}、{{r x }}", "{%p endfor %}"],
    {"list": [{"$text": ["甲", {"text": "重", "bold": True}]}, {"$text": [{"text": "乙", "italic": True}]}]},
)
case(
    "rich-text-with-breaks-and-markup",
    ["{{r a }}"],
    {"a": {"$text": [{"text": "一\n二\t三", "bold": True}, {"text": "A&B <c>", "italic": True}]}},
)
case("rich-text-with-a-new-paragraph", [p("前", "{{r a }}", pr=STYLED)], {"a": {"$text": [{"text": "一\u0007二", "bold": True}]}})
case("rich-text-with-a-link", ["见{{r a }}。"], {"a": {"$text": [{"text": "网站", "link": "https://example.org/?a=1&b=2"}]}})
case(
    "rich-paragraphs",
    ["前", "{{p a }}", "后", tbl(1, tr(tc("{{p a }}", "末")))],
    {"a": {"$paragraphs": ["一段文字", {"style": "Quote1", "text": ["甲", {"text": "乙", "italic": True}]}]}},
)
case(
    "plain-text-in-place-of-a-run",
    ["前{{r a }}后", p(r("前", BOLD), r("{{r a }}", RED), r("后", BOLD))],
    {"a": "文字"},
)
case("plain-text-in-place-of-a-paragraph", ["前", "{{p a }}", "后"], {"a": "文字"})
case(
    "images",
    ["章：{{ a }}。", tbl(1, tr("{{ a }}")), "{{ b }}"],
    {"a": {"$image": "red.png", "width": "20mm", "height": "10mm"}, "b": {"$image": "red.png", "width": "40mm"}},
    files={"red.png": png(20, 10)},
)
case("image-with-its-own-size", ["{{ a }}"], {"a": {"$image": "red.png"}}, files={"red.png": png(96, 48)})
case(
    "image-in-a-header",
    ["正文"],
    {"a": {"$image": "red.png", "width": "20mm"}},
    section='<w:headerReference w:type="default" r:id="header1"/>',
    parts={"header1.xml": part("hdr", p("{{ a }}"))},
    files={"red.png": png(20, 10)},
)
case("image-with-alternative-text", ["{{ a }}"], {"a": {"$image": "red.png", "width": "20mm", "alt": "单位印章"}}, files={"red.png": png(20, 10)})
case("page-break", ["前{{ a }}后"], {"a": {"$break": "page"}})
case("page-break-in-place-of-a-paragraph", ["前", "{{p a }}", "后"], {"a": {"$break": "page"}})
OTHER = package(
    document(
        p(r("附录", BOLD))
        + p(r("第一项"), pr='<w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr>')
        + p(r("第二项"), pr='<w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr>')
        + tbl(2, tr("甲", "乙"))
        + p("末段", pr='<w:pStyle w:val="Quote1"/>')
    ),
    {
        "numbering.xml": part(
            "numbering",
            '<w:abstractNum w:abstractNumId="0"><w:multiLevelType w:val="singleLevel"/><w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="decimal"/>'
            '<w:lvlText w:val="%1."/><w:lvlJc w:val="left"/></w:lvl></w:abstractNum>'
            '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>',
        )
    },
)
case("sub-document", ["前", "{{p a }}", "后"], {"a": {"$document": "other.docx"}}, files={"other.docx": OTHER})

# ---- Ours alone ------------------------------------------------------------------

LEVELS = [
    ("a", "产出指标", "a1", "数量指标", "培训人次", "500"),
    ("a", "产出指标", "a1", "数量指标", "参展企业", "40"),
    ("a", "产出指标", "a2", "数量指标", "产业园", "1个"),
    ("b", "产出指标", "b1", "数量指标", "海外仓", "2个"),
    ("b", "产出指标", "b2", "质量指标", "验收合格率", "≥90%"),
    ("c", "效益指标", "c1", "经济效益", "交易额", "5亿元"),
]
case(
    "vertical-merge-by-key",
    [
        tbl(
            4,
            tr("一级", "二级", "三级", "指标值", header=True),
            tr("{%tr for row in rows %}", "", "", ""),
            tr("{% vm row.key1 %}{{ row.level1 }}", "{% vm row.key2 %}{{ row.level2 }}", "{{ row.name }}", "{{ row.target }}"),
            tr("{%tr endfor %}", "", "", ""),
        )
    ],
    {"rows": [dict(zip(("key1", "level1", "key2", "level2", "name", "target"), row)) for row in LEVELS]},
)
case(
    "columns-that-grow-keep-the-grid",
    [
        tbl(
            5,
            tr("", tc("各季度（固定的表头）", span=3, width=6000), "备注"),
            tr("指标", "{%tc for c in columns %}", "{{ c }}", "{%tc endfor %}", "备注"),
        )
    ],
    {"columns": ["一季度", "二季度", "三季度", "四季度", "全年"]},
)
case(
    "text-beside-a-row-tag",
    [tbl(2, tr("{%tr for x in people %}", "这一格会丢"), tr("{{ x.name }}", ""), tr("{%tr endfor %}", ""))],
    {"people": PEOPLE},
)
case("a-name-the-data-lacks", ["{{ naem }}，{{ name }}"], {"name": "县域电商"})
case("safe-does-not-exist", ["{{ name | safe }}"], {"name": "<w:p/>"})
case("yes-and-no", ["{{ yes }} {{ no }}"], {"yes": True, "no": False})
case("nothing-prints-nothing", ["[{{ gone }}]"], {"gone": None})
case("a-list-is-no-text", ["{{ names }}"], {"names": ["甲", "乙"]})


def same(old, new):
    """Whether two files say the same; zips by their entries."""
    if not zipfile.is_zipfile(io.BytesIO(new)):
        return old == new

    def entries(data):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return [(name, archive.read(name)) for name in archive.namelist()]

    return entries(old) == entries(new)


def main():
    check = sys.argv[1:] == ["--check"]
    wrong = [path.name for path in HERE.iterdir() if path.is_dir() and path.name not in CASES]
    for name, files in CASES.items():
        for file, content in files.items():
            path = HERE / name / file
            old = path.read_bytes() if path.exists() else b""
            if old and same(old, content):
                continue
            if check:
                wrong.append(f"{name}/{file}")
            else:
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(content)
    if wrong:
        sys.exit("not what make.py writes: " + ", ".join(wrong))


if __name__ == "__main__":
    main()
