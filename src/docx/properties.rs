//! Core properties: title, authors, date (ISO/IEC 29500-2, clause 11).

use quick_xml::escape::escape;

/// The part that holds them.
pub(super) const PART: &str = "docProps/core.xml";

/// What a Word file says of itself.
pub struct Properties<'a> {
    /// Title.
    pub title: &'a str,
    /// Authors, joined by `; ` as Word does.
    pub authors: &'a [String],
    /// `2024-01-31T00:00:00Z`.
    pub created: &'a str,
}

impl Properties<'_> {
    pub(super) fn to_xml(&self) -> String {
        let title = escape(self.title);
        let authors = self.authors.join("; ");
        let (authors, created) = (escape(&authors), escape(self.created));
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n\
             <cp:coreProperties xmlns:cp=\"http://schemas.openxmlformats.org/package/2006/metadata/core-properties\" \
             xmlns:dc=\"http://purl.org/dc/elements/1.1/\" \
             xmlns:dcterms=\"http://purl.org/dc/terms/\" \
             xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\
             <dc:title>{title}</dc:title>\
             <dc:creator>{authors}</dc:creator>\
             <cp:lastModifiedBy>{authors}</cp:lastModifiedBy>\
             <dcterms:created xsi:type=\"dcterms:W3CDTF\">{created}</dcterms:created>\
             <dcterms:modified xsi:type=\"dcterms:W3CDTF\">{created}</dcterms:modified>\
             <dc:language>zh-CN</dc:language>\
             </cp:coreProperties>"
        )
    }
}
