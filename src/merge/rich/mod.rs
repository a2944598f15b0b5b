//! Values that are more than text: runs, paragraphs, images, a page break,
//! another Word file.
//!
//! Templates see them as objects that print; where a Word part prints one, a
//! marker is left in the text and the value kept beside it. What becomes of it
//! depends on where the marker stands, which only `docx` knows.

mod picture;
mod read;

use std::fmt::{self, Write};
use std::sync::Arc;

use minijinja::value::{Object, ObjectRepr, Value};
use minijinja::{Error, ErrorKind, Output, State};

use crate::source::Location;
pub(crate) use picture::{EMU_PER_POINT, MAX_LENGTH, Picture};
pub(super) use read::Reader;

/// About a marker's number. XML forbids it, and no text value keeps it.
pub(crate) const MARK: char = '\u{ffff}';

/// A value that is more than text.
#[derive(Debug)]
pub(crate) enum Rich {
    Text(Vec<Run>),
    Paragraphs(Vec<Paragraph>),
    Image(Image),
    PageBreak,
    Document(Document),
}

/// A piece of text with a look of its own; what is `None` stays as it is
/// around it.
#[derive(Debug, Default)]
pub(crate) struct Run {
    pub(crate) text: String,
    pub(crate) bold: Option<bool>,
    pub(crate) italic: Option<bool>,
    pub(crate) strike: Option<bool>,
    /// Word's name of the kind, `none` included.
    pub(crate) underline: Option<&'static str>,
    /// RRGGBB, as is the next.
    pub(crate) color: Option<String>,
    pub(crate) shading: Option<String>,
    pub(crate) half_points: Option<u32>,
    pub(crate) east_asian: Option<String>,
    pub(crate) latin: Option<String>,
    /// Word's `superscript` or `subscript`.
    pub(crate) vertical: Option<&'static str>,
    pub(crate) style: Option<Named>,
    pub(crate) link: Option<String>,
}

/// A name that only the template can tell the meaning of.
#[derive(Debug)]
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) at: Location,
}

#[derive(Debug, Default)]
pub(crate) struct Paragraph {
    pub(crate) style: Option<Named>,
    /// Word's name of it.
    pub(crate) align: Option<&'static str>,
    pub(crate) runs: Vec<Run>,
}

/// An image; lengths are in English metric units.
#[derive(Debug)]
pub(crate) struct Image {
    pub(crate) picture: Arc<Picture>,
    pub(crate) width: Option<u64>,
    pub(crate) height: Option<u64>,
    pub(crate) alt: String,
}

/// Another Word file.
#[derive(Debug)]
pub(crate) struct Document {
    /// As messages call it.
    pub(crate) name: String,
    pub(crate) bytes: Arc<Vec<u8>>,
    /// Where the data names it.
    pub(crate) at: Location,
}

impl Object for Rich {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let write = |f: &mut fmt::Formatter<'_>, runs: &[Run]| {
            runs.iter().try_for_each(|run| f.write_str(&run.text))
        };
        match &**self {
            Self::Text(runs) => write(f, runs),
            Self::Paragraphs(paragraphs) => {
                for (index, paragraph) in paragraphs.iter().enumerate() {
                    if index > 0 {
                        f.write_char('\n')?;
                    }
                    write(f, &paragraph.runs)?;
                }
                Ok(())
            }
            Self::Image(image) => f.write_str(&image.alt),
            Self::PageBreak | Self::Document(_) => Ok(()),
        }
    }
}

impl Rich {
    /// What it is called where it cannot be printed; `None` if its text can.
    pub(super) fn beyond_text(&self) -> Option<&'static str> {
        match self {
            Self::Text(_) | Self::Paragraphs(_) => None,
            Self::Image(_) => Some("图片"),
            Self::PageBreak => Some("分页"),
            Self::Document(_) => Some("子文档"),
        }
    }
}

/// What stands where a marker is.
#[derive(Debug)]
pub(crate) enum What {
    Rich(Arc<Rich>),
    NewParagraph,
    /// A paragraph with a page break, and a new one.
    NewPage,
}

impl What {
    /// Its text, for where nothing else can stand.
    pub(crate) fn plain(&self) -> String {
        match self {
            Self::Rich(rich) => Value::from_dyn_object(rich.clone()).to_string(),
            Self::NewParagraph | Self::NewPage => " ".to_owned(),
        }
    }
}

/// The inserts of a merging, in the order of their numbers.
#[derive(Debug, Default)]
pub(super) struct Inserts(pub(super) Vec<What>);

/// Writes a marker and keeps what it stands for.
pub(super) fn mark(out: &mut Output, state: &mut State, what: What) -> Result<(), Error> {
    let inserts = &mut state.get_or_insert_extension(Inserts::default()).0;
    let number = inserts.len();
    inserts.push(what);
    write!(out, "{MARK}{number}{MARK}").map_err(Error::from)
}

/// How long the rest of a marker is that was written before.
pub(super) fn marker(state: &mut State, rest: &str) -> Option<usize> {
    let (number, _) = rest.split_once(MARK)?;
    let inserts = &state.get_or_insert_extension(Inserts::default()).0;
    inserts.get(number.parse::<usize>().ok()?)?;
    Some(number.len() + MARK.len_utf8())
}

/// Kept in an error, so that its explanation can say what cannot be printed.
const BEYOND_TEXT: &str = "more than text: ";

pub(super) fn refuse_beyond_text(rich: &Rich) -> Result<(), Error> {
    match rich.beyond_text() {
        None => Ok(()),
        Some(name) => Err(Error::new(
            ErrorKind::InvalidOperation,
            format!("{BEYOND_TEXT}{name}"),
        )),
    }
}

/// What of [`refuse_beyond_text`] an error is about.
pub(super) fn beyond_text(detail: &str) -> Option<&str> {
    detail.strip_prefix(BEYOND_TEXT)
}
