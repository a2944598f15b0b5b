"""WordprocessingML written by hand: elements, and packages of parts.

The same input gives the same parts on every machine. Knows nothing of cases.
"""

import io
import zipfile
from xml.sax.saxutils import escape

NAMESPACES = " ".join(
    f'xmlns:{prefix}="{uri}"'
    for prefix, uri in {
        "w": "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
        "r": "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
        "mc": "http://schemas.openxmlformats.org/markup-compatibility/2006",
        "wp": "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing",
        "a": "http://schemas.openxmlformats.org/drawingml/2006/main",
        "wps": "http://schemas.microsoft.com/office/word/2010/wordprocessingShape",
        "v": "urn:schemas-microsoft-com:vml",
    }.items()
)
XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
CONTENT = "application/vnd.openxmlformats-officedocument.wordprocessingml."


# ---- Elements --------------------------------------------------------------


def t(text):
    keep = ' xml:space="preserve"' if text != text.strip() else ""
    return f"<w:t{keep}>{escape(text)}</w:t>"


def r(text, properties="", attributes=""):
    properties = f"<w:rPr>{properties}</w:rPr>" if properties else ""
    return f"<w:r{attributes}>{properties}{t(text)}</w:r>"


def p(*runs, pr=""):
    """A paragraph; a text is a run, what begins with `<w:` stands as it is."""
    properties = f"<w:pPr>{pr}</w:pPr>" if pr else ""
    inner = "".join(run if run.startswith(("<w:", "<mc:")) else r(run) for run in runs)
    return f"<w:p>{properties}{inner}</w:p>"


def tc(*content, width=2000, span=1, pr=""):
    """A cell; a text is a paragraph. `pr` follows w:gridSpan in the schema."""
    grid = f'<w:gridSpan w:val="{span}"/>' if span > 1 else ""
    inner = "".join(x if x.startswith("<w:") else p(x) for x in content or ("",))
    return f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>{grid}{pr}</w:tcPr>{inner}</w:tc>'


def tr(*cells, header=False):
    """A row; a text is a cell."""
    properties = "<w:trPr><w:tblHeader/></w:trPr>" if header else ""
    inner = "".join(x if x.startswith("<w:") else tc(x) for x in cells)
    return f"<w:tr>{properties}{inner}</w:tr>"


def tbl(columns, *rows, width=2000):
    grid = f'<w:gridCol w:w="{width}"/>' * columns
    borders = "".join(
        f'<w:{side} w:val="single" w:sz="4" w:space="0" w:color="auto"/>'
        for side in ("top", "left", "bottom", "right", "insideH", "insideV")
    )
    return (
        f'<w:tbl><w:tblPr><w:tblW w:w="{columns * width}" w:type="dxa"/>'
        f"<w:tblBorders>{borders}</w:tblBorders></w:tblPr>"
        f"<w:tblGrid>{grid}</w:tblGrid>{''.join(rows)}</w:tbl>"
    )


def control(inner):
    """A content control around runs, paragraphs, cells or rows."""
    return f"<w:sdt><w:sdtPr/><w:sdtContent>{inner}</w:sdtContent></w:sdt>"


def text_box(inner):
    """A run with a text box: what Word draws, and what older programs draw."""
    shape = (
        '<w:drawing><wp:inline distT="0" distB="0" distL="0" distR="0"><wp:extent cx="1800000" cy="720000"/>'
        '<wp:docPr id="1" name="文本框 1"/><a:graphic>'
        '<a:graphicData uri="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"><wps:wsp>'
        '<wps:cNvSpPr txBox="1"/><wps:spPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="1800000" cy="720000"/></a:xfrm>'
        f'<a:prstGeom prst="rect"><a:avLst/></a:prstGeom></wps:spPr><wps:txbx><w:txbxContent>{inner}</w:txbxContent>'
        "</wps:txbx><wps:bodyPr/></wps:wsp></a:graphicData></a:graphic></wp:inline></w:drawing>"
    )
    older = (
        '<w:pict><v:rect style="width:142pt;height:57pt"><v:textbox>'
        f"<w:txbxContent>{inner}</w:txbxContent></v:textbox></v:rect></w:pict>"
    )
    return (
        f'<w:r><mc:AlternateContent><mc:Choice Requires="wps">{shape}</mc:Choice>'
        f"<mc:Fallback>{older}</mc:Fallback></mc:AlternateContent></w:r>"
    )


# ---- Packages --------------------------------------------------------------

STYLES = (
    f"{XML}<w:styles {NAMESPACES}><w:docDefaults><w:rPrDefault><w:rPr>"
    '<w:rFonts w:ascii="Times New Roman" w:hAnsi="Times New Roman" w:eastAsia="宋体"/><w:sz w:val="21"/></w:rPr></w:rPrDefault>'
    "</w:docDefaults>"
    '<w:style w:type="paragraph" w:default="1" w:styleId="a"><w:name w:val="Normal"/></w:style>'
    '<w:style w:type="character" w:default="1" w:styleId="a0"><w:name w:val="Default Paragraph Font"/></w:style>'
    '<w:style w:type="table" w:default="1" w:styleId="a1"><w:name w:val="Normal Table"/></w:style>'
    '<w:style w:type="paragraph" w:styleId="Quote1"><w:name w:val="引文"/><w:basedOn w:val="a"/><w:pPr><w:ind w:left="420"/></w:pPr></w:style>'
    '<w:style w:type="character" w:styleId="Strong1"><w:name w:val="着重"/><w:rPr><w:b/></w:rPr></w:style>'
    "</w:styles>"
)


def document(body, section=""):
    page = '<w:pgSz w:w="11906" w:h="16838"/><w:pgMar w:top="1440" w:right="1440" w:bottom="1440" w:left="1440" w:header="720" w:footer="720" w:gutter="0"/>'
    return f"{XML}<w:document {NAMESPACES}><w:body>{body}<w:sectPr>{section}{page}</w:sectPr></w:body></w:document>"


def core(**fields):
    inner = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in fields.items())
    inner = inner.replace("dc_", "dc:").replace("cp_", "cp:")
    return (
        f'{XML}<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties"'
        f' xmlns:dc="http://purl.org/dc/elements/1.1/">{inner}</cp:coreProperties>'
    )


def notes(kind, **texts):
    """Footnotes or endnotes; `n1="…"` is the note with id 1."""
    separators = "".join(
        f'<w:{kind} w:type="{name}" w:id="{number}"><w:p><w:r><w:{name}/></w:r></w:p></w:{kind}>'
        for name, number in (("separator", -1), ("continuationSeparator", 0))
    )
    own = "".join(
        f'<w:{kind} w:id="{name[1:]}">{p(r(text))}</w:{kind}>' for name, text in texts.items()
    )
    return f"{XML}<w:{kind}s {NAMESPACES}>{separators}{own}</w:{kind}s>"


def part(kind, inner):
    """The root of another part: hdr, ftr, comments, settings, numbering."""
    return f"{XML}<w:{kind} {NAMESPACES}>{inner}</w:{kind}>"


def package(main, parts=None, properties=None):
    """A .docx. `parts` maps names below word/, such as header1.xml, to XML;
    its relationship is called by the name before the dot."""
    parts = {"styles.xml": STYLES, **(parts or {})}
    kinds = {name: name.split(".")[0].rstrip("0123456789") for name in parts}
    types = "".join(
        f'<Override PartName="/word/{name}" ContentType="{CONTENT}{kind}+xml"/>' for name, kind in kinds.items()
    )
    relations = "".join(
        f'<Relationship Id="{name.split(".")[0]}" Type="{RELATION}{kind}" Target="{name}"/>'
        for name, kind in kinds.items()
    )
    files = {
        "[Content_Types].xml": f'{XML}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{CONTENT}document.main+xml"/>'
        '<Override PartName="/docProps/core.xml" ContentType="application/vnd.openxmlformats-package.core-properties+xml"/>'
        f"{types}</Types>",
        "_rels/.rels": relationships(
            f'<Relationship Id="rId1" Type="{RELATION}officeDocument" Target="word/document.xml"/>'
            '<Relationship Id="rId2" Type="http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties" Target="docProps/core.xml"/>'
        ),
        "docProps/core.xml": properties or core(),
        "word/_rels/document.xml.rels": relationships(relations),
        "word/document.xml": main,
        **{f"word/{name}": xml for name, xml in parts.items()},
    }
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, xml in files.items():
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, xml)
    return target.getvalue()


def relationships(inner):
    return f'{XML}<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{inner}</Relationships>'
