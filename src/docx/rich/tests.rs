//! Markers in each place, with values built by hand.

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;

use super::{Additions, expanded};
use crate::docx::contents::Contents;
use crate::docx::outline::Outline;
use crate::docx::package::Package;
use crate::merge::rich::{Paragraph, Rich, Run, What};

fn run(text: &str) -> Run {
    Run {
        text: text.to_owned(),
        ..Run::default()
    }
}

fn text(text: &str) -> What {
    What::Rich(Arc::new(Rich::Text(vec![Run {
        bold: Some(true),
        ..run(text)
    }])))
}

fn paragraphs(texts: &[&str]) -> What {
    let paragraphs = texts.iter().map(|text| Paragraph {
        runs: vec![run(text)],
        ..Paragraph::default()
    });
    What::Rich(Arc::new(Rich::Paragraphs(paragraphs.collect())))
}

fn link(text: &str) -> What {
    What::Rich(Arc::new(Rich::Text(vec![Run {
        link: Some("https://a.b/?c&d".to_owned()),
        ..run(text)
    }])))
}

/// A body with values where `0`, `1` … stand in marks (`‹0›`).
fn body(content: &str, values: Vec<What>) -> String {
    let content = content.replace(['‹', '›'], "\u{ffff}");
    let xml = format!("<w:document><w:body>{content}</w:body></w:document>");
    let parts = vec![("word/document.xml".to_owned(), xml.clone().into_bytes())];
    let package = Package::new(&parts).unwrap();
    let mut additions = Additions::new(
        &package,
        &Contents::of_main("word/document.xml"),
        &BTreeMap::new(),
    );
    let text = expanded("", "word/document.xml", &xml, &values, &mut additions).unwrap();
    let text = text.strip_prefix("<w:document><w:body>").unwrap();
    text.strip_suffix("</w:body></w:document>")
        .unwrap()
        .to_owned()
}

const T: &str = "<w:t xml:space=\"preserve\">";

#[test]
fn runs_split_the_run_they_stand_in_and_keep_its_look() {
    let look = "<w:rPr><w:sz w:val=\"21\"/></w:rPr>";
    let bold = format!("<w:r><w:rPr><w:b/><w:sz w:val=\"21\"/></w:rPr>{T}粗</w:t></w:r>");
    let plain = |text: &str| format!("<w:r>{look}{T}{text}</w:t></w:r>");
    for (before, after) in [
        ("甲‹0›乙", plain("甲") + &bold + &plain("乙")),
        ("‹0›乙", bold.clone() + &plain("乙")),
        ("甲‹0›", plain("甲") + &bold),
        ("‹0›", bold.clone()),
        ("‹0›‹0›", bold.clone() + &bold),
        ("甲&amp;‹0›&lt;", plain("甲&amp;") + &bold + &plain("&lt;")),
    ] {
        let found = body(
            &format!("<w:p><w:r>{look}{T}{before}</w:t></w:r></w:p>"),
            vec![text("粗")],
        );
        assert_eq!(found, format!("<w:p>{after}</w:p>"));
    }
}

#[test]
fn paragraphs_split_the_paragraph_and_nothing_empty_is_left() {
    let p = "<w:pPr><w:jc w:val=\"center\"/></w:pPr>";
    let one = |text: &str| format!("<w:p>{p}<w:r>{T}{text}</w:t></w:r></w:p>");
    for (before, after) in [
        ("甲‹0›乙", one("甲") + &one("子") + &one("丑") + &one("乙")),
        ("‹0›乙", one("子") + &one("丑") + &one("乙")),
        ("甲‹0›", one("甲") + &one("子") + &one("丑")),
        ("‹0›", one("子") + &one("丑")),
    ] {
        let found = body(
            // The other runs are what splitting of a tag leaves.
            &format!(
                "<w:p>{p}<w:r>{T}{before}</w:t></w:r><w:r><w:rPr><w:b/></w:rPr>{T}</w:t></w:r></w:p>"
            ),
            vec![paragraphs(&["子", "丑"])],
        );
        assert_eq!(found, after);
    }
}

#[test]
fn bookmarks_outlive_a_paragraph_that_goes() {
    let found = body(
        &format!(
            "<w:p><w:bookmarkStart w:id=\"1\"/><w:r>{T}‹0›</w:t></w:r><w:bookmarkEnd w:id=\"1\"/></w:p>"
        ),
        vec![paragraphs(&["子"])],
    );
    assert_eq!(
        found,
        format!(
            "<w:bookmarkStart w:id=\"1\"/><w:p><w:r>{T}子</w:t></w:r></w:p><w:bookmarkEnd w:id=\"1\"/>"
        )
    );
}

#[test]
fn a_cell_ends_with_a_paragraph() {
    let cell = format!("<w:tc><w:p><w:pPr><w:jc/></w:pPr><w:r>{T}‹0›</w:t></w:r></w:p></w:tc>");
    assert_eq!(
        body(&cell, vec![paragraphs(&[])]),
        "<w:tc><w:p><w:pPr><w:jc/></w:pPr></w:p></w:tc>"
    );
    assert_eq!(
        body("<w:tc>‹0›</w:tc>", vec![paragraphs(&["子"])]),
        format!("<w:tc><w:p><w:r>{T}子</w:t></w:r></w:p></w:tc>")
    );
}

#[test]
fn new_paragraphs_and_pages_keep_both_properties() {
    let xml = format!(
        "<w:p w14:paraId=\"1\"><w:pPr><w:jc/></w:pPr><w:r><w:rPr><w:b/></w:rPr>{T}甲‹0›乙</w:t></w:r></w:p>"
    );
    let piece = |id: &str, text: &str| {
        format!(
            "<w:p{id}><w:pPr><w:jc/></w:pPr><w:r><w:rPr><w:b/></w:rPr>{T}{text}</w:t></w:r></w:p>"
        )
    };
    let id = " w14:paraId=\"1\"";
    assert_eq!(
        body(&xml, vec![What::NewParagraph]),
        piece(id, "甲") + &piece("", "乙")
    );
    assert_eq!(
        body(&xml, vec![What::NewPage]),
        piece(id, "甲") + "<w:p><w:r><w:br w:type=\"page\"/></w:r></w:p>" + &piece("", "乙")
    );
    // As docxtpl has it, an end begins a paragraph too.
    let xml = format!("<w:p><w:r>{T}‹0›</w:t></w:r></w:p>");
    assert_eq!(
        body(&xml, vec![What::NewParagraph]),
        "<w:p></w:p><w:p></w:p>"
    );
}

#[test]
fn a_section_ends_in_the_last_piece() {
    let xml = format!(
        "<w:p><w:pPr><w:jc/><w:sectPr><w:pgSz/></w:sectPr></w:pPr><w:r>{T}甲‹0›</w:t></w:r></w:p>"
    );
    assert_eq!(
        body(&xml, vec![paragraphs(&["子"])]),
        format!(
            "<w:p><w:pPr><w:jc/></w:pPr><w:r>{T}甲</w:t></w:r></w:p>\
             <w:p><w:pPr><w:jc/></w:pPr><w:r>{T}子</w:t></w:r></w:p>\
             <w:p><w:pPr><w:jc/><w:sectPr><w:pgSz/></w:sectPr></w:pPr></w:p>"
        )
    );
}

#[test]
fn what_lies_between_is_closed_and_opened_again() {
    let control = "<w:sdtPr><w:id w:val=\"5\"/><w:text/></w:sdtPr>";
    let xml = format!(
        "<w:p><w:sdt>{control}<w:sdtContent><w:r>{T}甲‹0›乙</w:t></w:r></w:sdtContent></w:sdt></w:p>"
    );
    let piece = |control: &str, text: &str| {
        format!(
            "<w:p><w:sdt>{control}<w:sdtContent><w:r>{T}{text}</w:t></w:r></w:sdtContent></w:sdt></w:p>"
        )
    };
    assert_eq!(
        body(&xml, vec![paragraphs(&["子"])]),
        piece(control, "甲")
            + &format!("<w:p><w:r>{T}子</w:t></w:r></w:p>")
            + &piece("<w:sdtPr><w:text/></w:sdtPr>", "乙")
    );
}

#[test]
fn no_link_stands_in_a_link_or_an_insertion() {
    for (open, close) in [
        ("<w:hyperlink r:id=\"a\">", "</w:hyperlink>"),
        ("<w:ins w:id=\"1\">", "</w:ins>"),
    ] {
        let found = body(
            &format!("<w:p>{open}<w:r>{T}甲‹0›乙</w:t></w:r>{close}</w:p>"),
            vec![link("子")],
        );
        let run = |text: &str| format!("<w:r>{T}{text}</w:t></w:r>");
        assert_eq!(
            found,
            format!(
                "<w:p>{open}{}{close}<w:hyperlink xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\" r:id=\"rIdAdded1\">{}</w:hyperlink>{open}{}{close}</w:p>",
                run("甲"),
                run("子"),
                run("乙")
            )
        );
    }
}

#[test]
fn a_marker_may_stand_where_a_run_or_a_paragraph_would() {
    let run = format!("<w:r><w:rPr><w:b/></w:rPr>{T}子</w:t></w:r>");
    for around in ["<w:p>‹0›</w:p>", "‹0›"] {
        assert_eq!(body(around, vec![text("子")]), format!("<w:p>{run}</w:p>"));
    }
}

#[test]
fn elsewhere_it_is_text() {
    assert_eq!(
        body("<w:x>‹0›</w:x>", vec![text("<子>\u{1}")]),
        "<w:x>&lt;子&gt;</w:x>"
    );
    let ruby = format!("<w:p><w:ruby><w:rt><w:r>{T}‹0›</w:t></w:r></w:rt></w:ruby></w:p>");
    assert_eq!(
        body(&ruby, vec![paragraphs(&["子"])]),
        ruby.replace("‹0›", "子")
    );
    // A number that no value has.
    assert_eq!(
        body(&format!("<w:p><w:r>{T}甲‹7›</w:t></w:r></w:p>"), vec![]),
        format!("<w:p><w:r>{T}甲</w:t></w:r></w:p>")
    );
}

#[test]
fn paragraphs_without_markers_stay_as_they_are() {
    let other = "<w:p w:a='b'> <w:r><w:rPr/><w:t/></w:r><w:r></w:r><?x y?></w:p>";
    let found = body(
        &format!("{other}<w:p><w:r>{T}‹0›</w:t></w:r></w:p>{other}"),
        vec![paragraphs(&["子"])],
    );
    assert_eq!(
        found,
        format!("{other}<w:p><w:r>{T}子</w:t></w:r></w:p>{other}")
    );
}

#[test]
fn breaks_and_tabs_of_a_run() {
    let xml = format!("<w:p><w:r>{T}‹0›</w:t></w:r></w:p>");
    let rich = What::Rich(Arc::new(Rich::Text(vec![run(
        "甲\r\n乙\t丙\u{7}丁\u{c}戊\u{ffff}",
    )])));
    assert_eq!(
        body(&xml, vec![rich]),
        format!(
            "<w:p><w:r>{T}甲</w:t><w:br/>{T}乙</w:t><w:tab/>{T}丙</w:t></w:r></w:p>\
             <w:p><w:r>{T}丁</w:t></w:r></w:p><w:p><w:r><w:br w:type=\"page\"/></w:r></w:p>\
             <w:p><w:r>{T}戊</w:t></w:r></w:p>"
        )
    );
}

/// Blocks and runs nested at random, with markers among them.
fn blocks() -> impl Strategy<Value = String> {
    let words = prop_oneof![
        Just("甲".to_owned()),
        Just("&amp;".to_owned()),
        Just(String::new()),
        (0..VALUES).prop_map(|number| format!("‹{number}›")),
    ];
    let run = proptest::collection::vec(words, 0..4).prop_map(|words| {
        format!(
            "<w:r><w:rPr><w:i/></w:rPr><w:t>{}</w:t></w:r>",
            words.concat()
        )
    });
    let inline = prop_oneof![
        4 => run.clone(),
        1 => run.clone().prop_map(|run| format!("<w:hyperlink>{run}</w:hyperlink>")),
        1 => run.clone().prop_map(|run| format!("<w:ins>{run}</w:ins>")),
        1 => run.clone().prop_map(|run| format!("<w:sdt><w:sdtPr><w:id w:val=\"1\"/></w:sdtPr><w:sdtContent>{run}</w:sdtContent></w:sdt>")),
        1 => Just("<w:bookmarkStart/>".to_owned()),
        1 => (0..VALUES).prop_map(|number| format!("‹{number}›")),
        1 => run.prop_map(|run| format!("<w:r><w:pict><w:txbxContent><w:p>{run}</w:p></w:txbxContent></w:pict></w:r>")),
    ];
    let paragraph = (any::<bool>(), proptest::collection::vec(inline, 0..4)).prop_map(
        |(ends_section, content)| {
            let section = if ends_section { "<w:sectPr/>" } else { "" };
            format!(
                "<w:p><w:pPr><w:jc/>{section}</w:pPr>{}</w:p>",
                content.concat()
            )
        },
    );
    let block = prop_oneof![
        4 => paragraph.clone(),
        1 => paragraph.clone().prop_map(|p| format!("<w:tbl><w:tr><w:tc>{p}</w:tc></w:tr></w:tbl>")),
        1 => paragraph.prop_map(|p| format!("<w:sdt><w:sdtContent>{p}</w:sdtContent></w:sdt>")),
        1 => (0..VALUES).prop_map(|number| format!("‹{number}›")),
    ];
    proptest::collection::vec(block, 0..5).prop_map(|blocks| blocks.concat())
}

const VALUES: usize = 7;

proptest! {
    #[test]
    fn whatever_a_marker_stands_in_the_part_stays_a_part(content in blocks()) {
        let values = vec![
            text("子"),
            paragraphs(&["子", "丑"]),
            paragraphs(&[]),
            link("子"),
            What::NewParagraph,
            What::NewPage,
            What::Rich(Arc::new(Rich::PageBreak)),
        ];
        let found = format!("<w:body>{}</w:body>", body(&content, values));
        let marks = found.contains(crate::merge::rich::MARK);
        prop_assert!(!marks, "{}", found);
        let count = |text: &str, of: &str| text.matches(of).count();
        for kept in ["甲", "&amp;", "<w:sectPr/>", "<w:bookmarkStart/>"] {
            prop_assert_eq!(count(&found, kept), count(&content, kept), "{} in {}", kept, found);
        }
        let outline = Outline::read(&found).unwrap();
        for (index, element) in outline.elements.iter().enumerate() {
            let parent = element.parent.map_or("", |at| outline.elements[at].name);
            let parents: &[&str] = match element.name {
                "w:p" | "w:tbl" => &["w:body", "w:tc", "w:sdtContent", "w:txbxContent"],
                "w:r" => &["w:p", "w:hyperlink", "w:ins", "w:sdtContent"],
                "w:t" | "w:br" => &["w:r"],
                "w:hyperlink" | "w:ins" => &["w:p", "w:sdtContent"],
                "w:sectPr" => &["w:pPr"],
                "w:tc" => {
                    let children = outline.children(index);
                    let last = children.filter(|child| !outline.is(*child, "w:bookmarkStart")).last();
                    prop_assert!(last.is_some_and(|last| outline.is(last, "w:p")), "{}", found);
                    continue;
                }
                _ => continue,
            };
            prop_assert!(parents.contains(&parent), "{} in {}: {}", element.name, parent, found);
        }
    }
}
