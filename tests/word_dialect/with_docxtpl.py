#!/usr/bin/env python3
"""Renders every case with docxtpl: with_docxtpl.py OURS OUT

OUT/CASE.docx is what docxtpl writes, OUT/CASE.error why it wrote nothing.
Opens all files of OURS with python-docx, too. The test that calls this
compares: tests/word_dialect.rs.
"""

import json
import sys
from pathlib import Path

import docx
from docx.shared import Mm
from docxtpl import DocxTemplate, InlineImage, Listing, RichText, RichTextParagraph

CASES = Path(__file__).parent


def rich_text(template, runs):
    text = RichText()
    for run in runs if isinstance(runs, list) else [runs]:
        run = {"text": run} if isinstance(run, str) else dict(run)
        if "size" in run:
            run["size"] *= 2  # half-points
        if "font" in run:
            run["font"] = f"eastAsia:{run['font']}"
        if "link" in run:
            run["url_id"] = template.build_url_id(run.pop("link"))
        text.add(run.pop("text"), **run)
    return text


def rich_paragraphs(template, paragraphs):
    text = RichTextParagraph()
    for paragraph in paragraphs:
        paragraph = {"text": paragraph} if isinstance(paragraph, str) else paragraph
        text.add(rich_text(template, paragraph["text"]), parastyle=paragraph.get("style"))
    return text


def length(text):
    return text and Mm(float(text.removesuffix("mm")))


def value(template, folder, data):
    """The data with maps of one `$` key made what docxtpl has for them."""
    if isinstance(data, list):
        return [value(template, folder, item) for item in data]
    if not isinstance(data, dict):
        return data
    kind = next(iter(data), "")
    if kind == "$text":
        return rich_text(template, data["$text"])
    if kind == "$paragraphs":
        return rich_paragraphs(template, data["$paragraphs"])
    if kind == "$image":
        return InlineImage(template, str(folder / data["$image"]), length(data.get("width")), length(data.get("height")))
    if kind == "$break":
        return Listing("\f")
    if kind == "$document":
        return template.new_subdoc(str(folder / data["$document"]))
    return {key: value(template, folder, item) for key, item in data.items()}


def main():
    ours, out = map(Path, sys.argv[1:])
    for folder in sorted(path.parent for path in CASES.glob("*/template.docx")):
        try:
            template = DocxTemplate(folder / "template.docx")
            template.init_docx()
            data = json.loads((folder / "data.json").read_text(encoding="utf-8"))
            template.render(value(template, folder, data), autoescape=True)
            template.save(out / f"{folder.name}.docx")
        except Exception as error:  # whatever it is, it is docxtpl's answer
            (out / f"{folder.name}.error").write_text(f"{type(error).__name__}: {error}\n", encoding="utf-8")
    for path in sorted(ours.glob("*.docx")):
        docx.Document(path)


if __name__ == "__main__":
    main()
