//! The order in which WordprocessingML wants the children of its property
//! elements (ISO/IEC 29500-1, annex A). docx-rs writes them as they come.

use super::outline::{Kind, Outline};

/// Parents whose children are a sequence, and the sequence.
const SEQUENCES: [(&str, &[&str]); 6] = [
    (
        "w:pPr",
        &[
            "w:pStyle",
            "w:keepNext",
            "w:keepLines",
            "w:pageBreakBefore",
            "w:framePr",
            "w:widowControl",
            "w:numPr",
            "w:suppressLineNumbers",
            "w:pBdr",
            "w:shd",
            "w:tabs",
            "w:suppressAutoHyphens",
            "w:kinsoku",
            "w:wordWrap",
            "w:overflowPunct",
            "w:topLinePunct",
            "w:autoSpaceDE",
            "w:autoSpaceDN",
            "w:bidi",
            "w:adjustRightInd",
            "w:snapToGrid",
            "w:spacing",
            "w:ind",
            "w:contextualSpacing",
            "w:mirrorIndents",
            "w:suppressOverlap",
            "w:jc",
            "w:textDirection",
            "w:textAlignment",
            "w:textboxTightWrap",
            "w:outlineLvl",
            "w:divId",
            "w:cnfStyle",
            "w:rPr",
            "w:sectPr",
        ],
    ),
    (
        "w:rPr",
        &[
            "w:rStyle",
            "w:rFonts",
            "w:b",
            "w:bCs",
            "w:i",
            "w:iCs",
            "w:caps",
            "w:smallCaps",
            "w:strike",
            "w:dstrike",
            "w:outline",
            "w:shadow",
            "w:emboss",
            "w:imprint",
            "w:noProof",
            "w:snapToGrid",
            "w:vanish",
            "w:webHidden",
            "w:color",
            "w:spacing",
            "w:w",
            "w:kern",
            "w:position",
            "w:sz",
            "w:szCs",
            "w:highlight",
            "w:u",
            "w:effect",
            "w:bdr",
            "w:shd",
            "w:fitText",
            "w:vertAlign",
            "w:rtl",
            "w:cs",
            "w:em",
            "w:lang",
        ],
    ),
    (
        "w:tblPr",
        &[
            "w:tblStyle",
            "w:tblpPr",
            "w:tblOverlap",
            "w:bidiVisual",
            "w:tblStyleRowBandSize",
            "w:tblStyleColBandSize",
            "w:tblW",
            "w:jc",
            "w:tblCellSpacing",
            "w:tblInd",
            "w:tblBorders",
            "w:shd",
            "w:tblLayout",
            "w:tblCellMar",
            "w:tblLook",
        ],
    ),
    (
        "w:tcPr",
        &[
            "w:cnfStyle",
            "w:tcW",
            "w:gridSpan",
            "w:hMerge",
            "w:vMerge",
            "w:tcBorders",
            "w:shd",
            "w:noWrap",
            "w:tcMar",
            "w:textDirection",
            "w:tcFitText",
            "w:vAlign",
            "w:hideMark",
        ],
    ),
    (
        "w:style",
        &[
            "w:name",
            "w:aliases",
            "w:basedOn",
            "w:next",
            "w:link",
            "w:autoRedefine",
            "w:hidden",
            "w:uiPriority",
            "w:semiHidden",
            "w:unhideWhenUsed",
            "w:qFormat",
            "w:locked",
            "w:pPr",
            "w:rPr",
            "w:tblPr",
            "w:trPr",
            "w:tcPr",
        ],
    ),
    (
        "w:sectPr",
        &[
            "w:headerReference",
            "w:footerReference",
            "w:footnotePr",
            "w:endnotePr",
            "w:type",
            "w:pgSz",
            "w:pgMar",
            "w:paperSrc",
            "w:pgBorders",
            "w:lnNumType",
            "w:pgNumType",
            "w:cols",
            "w:formProt",
            "w:vAlign",
            "w:noEndnote",
            "w:titlePg",
            "w:textDirection",
            "w:bidi",
            "w:rtlGutter",
            "w:docGrid",
        ],
    ),
];

/// Where a child stands among those of its parent; what is not known goes last.
pub(super) fn rank(parent: &str, child: &str) -> usize {
    let sequence = SEQUENCES.iter().find(|(known, _)| *known == parent);
    let names = sequence.map_or(&[][..], |(_, names)| names);
    let found = names.iter().position(|name| *name == child);
    found.unwrap_or(names.len())
}

/// The part with every sequence in order.
pub(super) fn put_in_order(xml: &str) -> Result<String, String> {
    let outline = Outline::read(xml)?;
    let mut ordered = String::with_capacity(xml.len());
    write(&outline, 0..outline.tokens.len(), &mut ordered);
    Ok(ordered)
}

fn write(outline: &Outline<'_>, tokens: std::ops::Range<usize>, out: &mut String) {
    let mut at = tokens.start;
    while at < tokens.end {
        let token = &outline.tokens[at];
        out.push_str(outline.raw(at));
        let element = token.element.filter(|_| token.kind == Kind::Start);
        let sequence = element.and_then(|element| {
            let name = outline.elements[element].name;
            SEQUENCES
                .iter()
                .find(|(parent, _)| *parent == name)
                .map(|(_, names)| (element, names))
        });
        at += 1;
        if let Some((element, names)) = sequence {
            let mut children: Vec<usize> = outline.children(element).collect();
            let rank = |child: &usize| {
                names
                    .iter()
                    .position(|name| *name == outline.elements[*child].name)
                    .unwrap_or(names.len())
            };
            children.sort_by_key(rank);
            for child in children {
                let child = &outline.elements[child];
                write(outline, child.first..child.last + 1, out);
            }
            at = outline.elements[element].last;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_come_in_the_schemas_order() {
        let xml = "<w:p><w:pPr><w:rPr><w:sz/><w:rFonts/></w:rPr><w:jc/><w:spacing/></w:pPr>x</w:p>";
        assert_eq!(
            put_in_order(xml).unwrap(),
            "<w:p><w:pPr><w:spacing/><w:jc/><w:rPr><w:rFonts/><w:sz/></w:rPr></w:pPr>x</w:p>"
        );
    }
}
