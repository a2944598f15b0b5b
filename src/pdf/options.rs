//! How a PDF is exported: standard, date, identity.

use time::{OffsetDateTime, UtcOffset};
use typst::foundations::{Datetime, Smart};
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards};

use super::Metadata;
use crate::error::Error;

/// Options of an export.
#[derive(Clone)]
pub struct Options {
    /// The standards to keep.
    pub standards: Standards,
    /// The date the document bears.
    pub timestamp: Timestamp,
}

/// Standards that a PDF keeps together.
#[derive(Clone)]
pub struct Standards {
    /// As Typst takes them.
    pub kept: PdfStandards,
    /// As their parts of the PDF world call them, such as `a-2a`; sorted.
    pub names: Vec<String>,
}

/// A moment in UTC, to the second; never taken from a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timestamp(OffsetDateTime);

/// The standards a form keeps unless told otherwise.
const DEFAULT_STANDARDS: [PdfStandard; 2] = [PdfStandard::A_2a, PdfStandard::Ua_1];

/// Reads names such as `a-2a`, `ua-1`, `1.7`, separated by commas.
///
/// # Errors
/// If a name is unknown or the standards exclude each other.
pub fn standards(names: Option<&str>) -> Result<Standards, Error> {
    let chosen = match names {
        None => DEFAULT_STANDARDS.to_vec(),
        Some(names) => names
            .split(',')
            .map(|name| {
                let name = name.trim().to_lowercase();
                serde_json::from_value(name.clone().into()).map_err(|_| {
                    Error::Usage(format!(
                        "不认识 PDF 标准 `{name}`；可用 1.4 至 2.0、a-1b 至 a-4f、ua-1，多个用逗号分开"
                    ))
                })
            })
            .collect::<Result<Vec<_>, _>>()?,
    };
    let kept = PdfStandards::new(&chosen).map_err(|error| {
        let names = names.unwrap_or_default();
        Error::Usage(format!(
            "PDF 标准 {names} 不能同时采用（{}）",
            error.message()
        ))
    })?;
    let mut names: Vec<String> = chosen
        .iter()
        .filter_map(|standard| serde_json::to_value(standard).ok())
        .filter_map(|name| Some(name.as_str()?.to_owned()))
        .collect();
    names.sort();
    names.dedup();
    Ok(Standards { kept, names })
}

impl Options {
    pub(super) fn pdf(&self, metadata: &Metadata) -> PdfOptions {
        PdfOptions {
            ident: Smart::Custom(metadata.ident.clone()),
            creator: Smart::Custom(Some(format!("tianbao {}", env!("CARGO_PKG_VERSION")))),
            timestamp: self.timestamp.datetime().map(typst_pdf::Timestamp::new_utc),
            page_ranges: None,
            standards: self.standards.kept.clone(),
            tagged: true,
            pretty: false,
        }
    }
}

impl Timestamp {
    /// Seconds since 1970-01-01 UTC.
    pub fn from_unix(seconds: i64) -> Option<Self> {
        let moment = OffsetDateTime::from_unix_timestamp(seconds).ok()?;
        (0..=9999).contains(&moment.year()).then_some(Self(moment))
    }

    /// Midnight of a day.
    pub fn from_date(year: i32, month: u8, day: u8) -> Option<Self> {
        let month = time::Month::try_from(month).ok()?;
        let date = time::Date::from_calendar_date(year, month, day).ok()?;
        Some(Self(date.midnight().assume_utc()))
    }

    /// `2024-01-31T00:00:00Z`, as XML documents write it.
    pub fn to_xml(self) -> String {
        let t = self.0.to_offset(UtcOffset::UTC);
        let (year, month, day) = (t.year(), u8::from(t.month()), t.day());
        let (hour, minute, second) = t.to_hms();
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }

    pub(super) fn date(self) -> Option<Datetime> {
        Datetime::from_ymd(self.0.year(), self.0.month().into(), self.0.day())
    }

    fn datetime(self) -> Option<Datetime> {
        let (hour, minute, second) = self.0.to_hms();
        let (year, month, day) = (self.0.year(), self.0.month().into(), self.0.day());
        Datetime::from_ymd_hms(year, month, day, hour, minute, second)
    }
}
