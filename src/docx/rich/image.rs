//! An image in a run: its size on the page and its drawing.

use crate::merge::rich::{EMU_PER_POINT, Image, MAX_LENGTH};

/// English metric units in a twentieth of a point.
const EMU_PER_TWIP: u64 = EMU_PER_POINT / 20;
/// What a table keeps free at both sides of a cell unless it says otherwise, in
/// twentieths of a point.
const CELL_MARGINS: u64 = 216;

const DRAWING: &str = "http://schemas.openxmlformats.org/drawingml/2006";
const RELATIONSHIPS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

/// Width and height; without either the natural ones, no wider than `room`
/// (twentieths of a point).
pub(super) fn size(image: &Image, room: u64) -> (u64, u64) {
    let (width, height) = image.picture.natural;
    let scaled = |length: u64, by: u64, of: u64| {
        let scaled = u128::from(length) * u128::from(by) / u128::from(of.max(1));
        u64::try_from(scaled).unwrap_or(u64::MAX)
    };
    let (width, height) = match (image.width, image.height) {
        (Some(own_width), Some(own_height)) => (own_width, own_height),
        (Some(own), None) => (own, scaled(height, own, width)),
        (None, Some(own)) => (scaled(width, own, height), own),
        (None, None) => {
            let room = room.saturating_mul(EMU_PER_TWIP).min(width);
            (room, scaled(height, room, width))
        }
    };
    (width.clamp(1, MAX_LENGTH), height.clamp(1, MAX_LENGTH))
}

/// The room in a cell of this width.
pub(super) fn room_in_cell(width: u64) -> u64 {
    width.saturating_sub(CELL_MARGINS)
}

/// The drawing. Its namespaces are its own: the part may lack them.
pub(super) fn drawing(image: &Image, (width, height): (u64, u64), id: usize, link: &str) -> String {
    let alt = quick_xml::escape::escape(super::pieces::clean(&image.alt));
    let alt = alt.replace('\n', "&#10;");
    let named = format!("id=\"{id}\" name=\"图片 {id}\" descr=\"{alt}\"");
    format!(
        "<w:drawing><wp:inline xmlns:wp=\"{DRAWING}/wordprocessingDrawing\" distT=\"0\" distB=\"0\" distL=\"0\" distR=\"0\">\
         <wp:extent cx=\"{width}\" cy=\"{height}\"/><wp:docPr {named}/>\
         <wp:cNvGraphicFramePr><a:graphicFrameLocks xmlns:a=\"{DRAWING}/main\" noChangeAspect=\"1\"/></wp:cNvGraphicFramePr>\
         <a:graphic xmlns:a=\"{DRAWING}/main\"><a:graphicData uri=\"{DRAWING}/picture\">\
         <pic:pic xmlns:pic=\"{DRAWING}/picture\"><pic:nvPicPr><pic:cNvPr {named}/><pic:cNvPicPr/></pic:nvPicPr>\
         <pic:blipFill><a:blip xmlns:r=\"{RELATIONSHIPS}\" r:embed=\"{link}\"/><a:stretch><a:fillRect/></a:stretch></pic:blipFill>\
         <pic:spPr><a:xfrm><a:off x=\"0\" y=\"0\"/><a:ext cx=\"{width}\" cy=\"{height}\"/></a:xfrm>\
         <a:prstGeom prst=\"rect\"><a:avLst/></a:prstGeom></pic:spPr></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing>"
    )
}
