//! How a PDF is exported: standard, date, identity.

use serde_json::json;
use time::{OffsetDateTime, UtcOffset};
use typst::foundations::{Datetime, Smart};
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards};

use super::Metadata;
use crate::error::Error;

/// Standards that a PDF keeps together.
#[derive(Clone)]
pub struct Standards {
    /// As Typst takes them.
    pub keeps: PdfStandards,
    /// All their names, such as `a-2a`, sorted.
    pub names: Vec<String>,
    /// The names as somebody wrote them, if somebody did: `a-3a,ua-1`.
    pub named: Option<String>,
}

/// Options of an export.
#[derive(Clone)]
pub struct Options {
    /// The standards to keep.
    pub standards: Standards,
    /// The date the document bears.
    pub timestamp: Timestamp,
}

/// A moment in UTC, to the second; never taken from a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timestamp(OffsetDateTime);

/// The standards a form keeps unless told otherwise.
const DEFAULT_STANDARDS: [PdfStandard; 2] = [PdfStandard::A_2a, PdfStandard::Ua_1];
/// The same where files are attached, which PDF/A-2 does not allow.
const DEFAULT_WITH_ATTACHMENTS: [PdfStandard; 2] = [PdfStandard::A_3a, PdfStandard::Ua_1];
/// Standards that allow no attached files.
const WITHOUT_ATTACHMENTS: [PdfStandard; 6] = [
    PdfStandard::A_1b,
    PdfStandard::A_1a,
    PdfStandard::A_2b,
    PdfStandard::A_2u,
    PdfStandard::A_2a,
    PdfStandard::A_4,
];

/// Reads names such as `a-2a`, `ua-1`, `1.7`, separated by commas.
///
/// # Errors
/// If a name is unknown, the standards exclude each other, or files are to be
/// attached and one forbids it.
pub fn standards(names: Option<&str>, attachments: bool) -> Result<Standards, Error> {
    let chosen = match names {
        None if attachments => DEFAULT_WITH_ATTACHMENTS.to_vec(),
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
    let forbids = |standard: &&PdfStandard| WITHOUT_ATTACHMENTS.contains(standard);
    if let Some(standard) = chosen.iter().find(forbids).filter(|_| attachments) {
        let name = json!(standard);
        return Err(Error::Usage(format!(
            "PDF 标准 {} 不许带附件，不能与 --embed-source 同时写；可用 a-3a,ua-1（不写 --pdf-standard 即此）",
            name.as_str().unwrap_or_default()
        )));
    }
    let keeps = PdfStandards::new(&chosen).map_err(|error| {
        let names = names.unwrap_or_default();
        Error::Usage(format!(
            "PDF 标准 {names} 不能同时采用（{}）",
            error.message()
        ))
    })?;
    let plain = |names: &str| {
        names
            .to_lowercase()
            .split(',')
            .map(str::trim)
            .collect::<Vec<_>>()
            .join(",")
    };
    let mut all: Vec<String> = chosen
        .iter()
        .filter_map(|standard| Some(json!(standard).as_str()?.to_owned()))
        .collect();
    all.sort();
    all.dedup();
    Ok(Standards {
        keeps,
        names: all,
        named: names.map(plain),
    })
}

impl Options {
    pub(super) fn pdf(&self, metadata: &Metadata) -> PdfOptions {
        PdfOptions {
            ident: Smart::Custom(metadata.ident.clone()),
            creator: Smart::Custom(Some(format!("tianbao {}", env!("CARGO_PKG_VERSION")))),
            timestamp: self.timestamp.datetime().map(typst_pdf::Timestamp::new_utc),
            page_ranges: None,
            standards: self.standards.keeps.clone(),
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

    /// Seconds since 1970-01-01 UTC.
    pub fn to_unix(self) -> i64 {
        self.0.unix_timestamp()
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
