#!/usr/bin/env python3
"""Makes the TrueType faces in templates/fonts from the published Fandol faces.

Their cubic curves become quadratic ones that leave them by a thousandth of the
type size at most; widths, characters and positioning stay. A PDF subset of
TrueType outlines is copied glyph by glyph, where one of CFF outlines is taken
apart and put together again.

Needs fontTools 4.68 (`pip install fonttools==4.68.0`); the same files give the
same bytes.
"""

from pathlib import Path

from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont, newTable

FACES = ["FandolFang-Regular", "FandolKai-Regular"]
# In units of which an em has 1000.
LARGEST_DEVIATION = 1.0
# GPL 3, section 5 a: what was changed, and when.
NOTICE = "Changed 2026-11-21: TrueType outlines made from the CFF outlines of {}.otf, Fandol 0.3"
DESCRIPTION = 10


def to_truetype(source: Path, target: Path) -> None:
    font = TTFont(source, recalcTimestamp=False)
    names = font.getGlyphOrder()
    outlines = font.getGlyphSet()
    glyphs = {}
    for name in names:
        pen = TTGlyphPen(outlines)
        outlines[name].draw(Cu2QuPen(pen, LARGEST_DEVIATION, reverse_direction=True))
        glyphs[name] = pen.glyph(dropImpliedOnCurves=True)

    font["loca"] = newTable("loca")
    font["glyf"] = glyf = newTable("glyf")
    glyf.glyphOrder, glyf.glyphs = names, glyphs
    del font["CFF "], font["VORG"]
    glyf.compile(font)  # works out the bounds
    for name, glyph in glyphs.items():
        width, _ = font["hmtx"][name]
        font["hmtx"][name] = (width, glyph.xMin if glyph.numberOfContours else 0)

    font["maxp"].tableVersion = 0x00010000
    counts = ("TwilightPoints", "Storage", "FunctionDefs", "InstructionDefs", "StackElements")
    for count in (*counts, "SizeOfInstructions", "ComponentElements"):
        setattr(font["maxp"], f"max{count}", 0)
    font["maxp"].maxZones = 1
    font["name"].setName(NOTICE.format(source.stem), DESCRIPTION, 3, 1, 0x409)
    font.sfntVersion = "\0\1\0\0"
    font.save(target)


if __name__ == "__main__":
    here = Path(__file__).parent
    for face in FACES:
        to_truetype(here / f"{face}.otf", here.parent / "templates/fonts" / f"{face}.ttf")
