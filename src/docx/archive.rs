//! The zip container of a file that strangers send: what it holds is known from
//! its directory before anything is unpacked, and counted while it is.
//!
//! It knows nothing of parts of a Word file. The `zip` crate keeps the last of
//! several entries of one name and does not mind entries that overlap, so the
//! directory is read here as well, and both readings must be the same.

use std::collections::BTreeSet;
use std::io::{self, Cursor, Read};

use zip::ZipArchive;
use zip::read::ZipFile;
use zip::result::{ZipError, ZipResult};

use super::foreign;
use super::package::Parts;
use crate::diagnostic::Diagnostic;

/// Largest file, in bytes.
pub(crate) const MAX_FILE: u64 = 20 << 20;
/// Most entries.
const MAX_ENTRIES: usize = 4096;
/// Most bytes of all entries together.
pub(super) const MAX_UNPACKED: u64 = 256 << 20;
/// Entries of this many bytes and more are held against [`MAX_RATIO`].
const RATIO_FROM: u64 = 16 << 20;
/// What no entry of such a size shrinks to: a part of Word's shrinks to a
/// twentieth, a table of 5,000 rows that are all alike to a 198th.
const MAX_RATIO: u64 = 200;

/// What the directory says of an entry.
struct Entry {
    name: String,
    /// Where its local header begins.
    start: usize,
    /// Bytes unpacked, if it says so truly.
    size: u64,
}

/// A file whose directory is sound.
pub(super) struct Archive<'a> {
    bytes: &'a [u8],
    entries: Vec<Entry>,
    zip: ZipArchive<Cursor<&'a [u8]>>,
}

impl<'a> Archive<'a> {
    /// Reads the directory; what is wrong has no place yet.
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, Diagnostic> {
        if let Some(problem) = foreign::refusal(bytes) {
            return Err(problem);
        }
        let entries = directory(bytes)?;
        let mut zip = ZipArchive::new(Cursor::new(bytes)).map_err(|_| damaged("目录读不出来"))?;
        let same = entries.len() == zip.len()
            && entries.iter().enumerate().all(|(index, entry)| {
                zip.by_index_raw(index).is_ok_and(|found| {
                    found.name_raw() == entry.name.as_bytes()
                        && found.header_start() == entry.start as u64
                })
            });
        match same {
            true => Ok(Self {
                bytes,
                entries,
                zip,
            }),
            false => Err(damaged("目录前后不一致")),
        }
    }

    /// The names of the entries in their order, folders apart.
    pub(super) fn names(&self) -> Vec<String> {
        let names = self.entries.iter().map(|entry| entry.name.clone());
        names.filter(|name| !name.ends_with('/')).collect()
    }

    /// Bytes of the whole.
    pub(super) fn size(&self) -> usize {
        self.bytes.len()
    }

    /// An entry as it is packed.
    pub(super) fn packed(&mut self, name: &str) -> ZipResult<ZipFile<'_, Cursor<&'a [u8]>>> {
        let mut entries = self.entries.iter();
        let index = entries.position(|entry| entry.name == name);
        self.zip.by_index_raw(index.ok_or(ZipError::FileNotFound)?)
    }

    /// Unpacks everything, to see that it is sound, and gives what is to be
    /// kept, at most so many bytes.
    pub(super) fn unpack(
        &mut self,
        keep: impl Fn(&str) -> bool,
        most: u64,
    ) -> Result<Parts, Diagnostic> {
        let mut parts = Parts::new();
        let mut budget = most;
        for (index, entry) in self.entries.iter().enumerate() {
            let broken = || {
                damaged(&format!(
                    "部件 {} 解不开，或者大小、校验值与目录说的不符",
                    shown(&entry.name)
                ))
            };
            let part = self.zip.by_index(index).map_err(|_| broken())?;
            // One byte more than it says, to see whether there is more.
            let mut part = part.take(entry.size + 1);
            let kept = keep(&entry.name) && !entry.name.ends_with('/');
            if kept && entry.size > budget {
                return Err(bomb(format!(
                    "文件里的文字和格式解开后超过 {} MB",
                    most >> 20
                )));
            }
            let room = if kept { entry.size + 1 } else { 0 };
            let mut content = Vec::with_capacity(usize::try_from(room).unwrap_or_default());
            let size = match kept {
                true => io::copy(&mut part, &mut content),
                false => io::copy(&mut part, &mut io::sink()),
            };
            if size.ok() != Some(entry.size) {
                return Err(broken());
            }
            if kept {
                budget -= entry.size;
                parts.push((entry.name.clone(), content));
            }
        }
        Ok(parts)
    }
}

/// Reads the central directory (APPNOTE.TXT, 4.3.12 and 4.3.16).
fn directory(bytes: &[u8]) -> Result<Vec<Entry>, Diagnostic> {
    const END: usize = 22;
    let tail = bytes.len().saturating_sub(END + usize::from(u16::MAX));
    let end = bytes[tail..]
        .windows(4)
        .rposition(|four| four == b"PK\x05\x06");
    let end = tail + end.ok_or_else(truncated)?;
    let field = |at: usize| number(bytes, end + at, 2).ok_or_else(truncated);
    let long = |at: usize| number(bytes, end + at, 4).ok_or_else(truncated);
    let (count, size, start) = (field(10)?, long(12)?, long(16)?);
    match (end + END + field(20)?).cmp(&bytes.len()) {
        std::cmp::Ordering::Less => return Err(damaged("压缩包后面还有别的数据")),
        std::cmp::Ordering::Equal => {}
        std::cmp::Ordering::Greater => return Err(truncated()),
    }
    if count > MAX_ENTRIES {
        return Err(bomb(format!("文件里的部件超过 {MAX_ENTRIES} 个")));
    }
    // Files of more than 4 GB have a second end before this one; some programs
    // always write it.
    let behind = start.saturating_add(size);
    if behind > end || (behind < end && !bytes[behind..].starts_with(b"PK\x06\x06")) {
        return Err(damaged("压缩包前面有别的数据，或者目录不对"));
    }
    let mut entries = Vec::with_capacity(count);
    let mut names = BTreeSet::new();
    let mut spans = Vec::with_capacity(count);
    let (mut at, mut total) = (start, 0_u64);
    for _ in 0..count {
        let wrong = || damaged("目录不完整");
        let field = |offset: usize, length| number(bytes, at + offset, length).ok_or_else(wrong);
        if field(0, 4)? != 0x0201_4b50 || at >= behind {
            return Err(wrong());
        }
        let (flags, method) = (field(8, 2)?, field(10, 2)?);
        let (packed, size) = (field(20, 4)?, field(24, 4)?);
        let (name_length, start) = (field(28, 2)?, field(42, 4)?);
        let raw = bytes
            .get(at + 46..at + 46 + name_length)
            .ok_or_else(wrong)?;
        let name = entry_name(raw)?;
        if !names.insert(name.to_ascii_lowercase()) {
            return Err(entry(name, "有两个同名的部件（不分大小写）"));
        }
        // Encrypted, strongly encrypted, with an encrypted directory.
        if flags & 0x2041 != 0 {
            return Err(
                Diagnostic::error("word/encrypted", "压缩包里的部件加了密码")
                    .hint("先解开密码，在 Word 或 WPS 里另存为 .docx，再试"),
            );
        }
        if method != 0 && method != 8 {
            return Err(damaged(&format!(
                "部件 {} 的压缩方法不是 Word 用的",
                shown(name)
            )));
        }
        total += size as u64;
        if total > MAX_UNPACKED {
            return Err(bomb(format!("文件解开后超过 {} MB", MAX_UNPACKED >> 20)));
        }
        let (packed, size) = (packed as u64, size as u64);
        if size >= RATIO_FROM && size > packed.saturating_mul(MAX_RATIO) {
            return Err(bomb(format!(
                "部件 {} 解开后大了 {MAX_RATIO} 多倍",
                shown(name)
            )));
        }
        spans.push((
            start,
            content_end(bytes, start, raw, packed)
                .ok_or_else(|| damaged(&format!("部件 {} 不在目录说的地方", shown(name))))?,
        ));
        entries.push(Entry {
            name: name.to_owned(),
            start,
            size,
        });
        at += 46 + name_length + field(30, 2)? + field(32, 2)?;
    }
    if at != behind {
        return Err(damaged("目录与部件的个数不符"));
    }
    spans.sort_unstable();
    spans.push((start, start));
    if spans.windows(2).any(|two| two[0].1 > two[1].0) {
        return Err(bomb("文件里的部件互相重叠".into()));
    }
    Ok(entries)
}

/// Where the content of an entry ends, if its local header names it, too.
fn content_end(bytes: &[u8], start: usize, name: &[u8], packed: u64) -> Option<usize> {
    let header = bytes.get(start..)?;
    let (name_length, extra) = (number(header, 26, 2)?, number(header, 28, 2)?);
    let same = header.starts_with(b"PK\x03\x04") && header.get(30..30 + name_length)? == name;
    same.then_some(start + 30 + name_length + extra + usize::try_from(packed).ok()?)
}

/// A name that can be one of a part (ISO/IEC 29500-2, 6.2.2.2) or a folder.
fn entry_name(raw: &[u8]) -> Result<&str, Diagnostic> {
    let Ok(name) = std::str::from_utf8(raw) else {
        return Err(entry(&String::from_utf8_lossy(raw), "部件的名称不是 UTF-8"));
    };
    let folder = name.strip_suffix('/').unwrap_or(name);
    let problem = if name.contains(char::is_control) {
        "部件的名称里有控制字符"
    } else if name.contains('\\') {
        "部件的名称里有反斜杠"
    } else if name.starts_with('/') {
        "部件的名称是绝对路径"
    } else if name.as_bytes().get(1) == Some(&b':') {
        "部件的名称里有盘符"
    } else if folder
        .split('/')
        .any(|segment| segment == ".." || segment == ".")
    {
        "部件的名称会走出文件"
    } else if folder.split('/').any(str::is_empty) {
        "部件的名称里有一段是空的"
    } else {
        return Ok(name);
    };
    Err(entry(name, problem))
}

/// A little-endian number of some bytes.
fn number(bytes: &[u8], at: usize, length: usize) -> Option<usize> {
    let digits = bytes.get(at..at.checked_add(length)?)?.iter().rev();
    Some(digits.fold(0, |number, digit| number << 8 | usize::from(*digit)))
}

/// Words of a file as they can be printed: short, without control characters.
pub(super) fn shown(text: &str) -> String {
    const MOST: usize = 100;
    let printable = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    let mut shown: String = text.chars().take(MOST).map(printable).collect();
    if text.chars().nth(MOST).is_some() {
        shown.push('…');
    }
    shown
}

fn damaged(words: &str) -> Diagnostic {
    Diagnostic::error("word/package", format!("文件已损坏：{words}"))
        .hint("在 Word 或 WPS 里打开，另存为 .docx，再试")
}

fn truncated() -> Diagnostic {
    Diagnostic::error("word/truncated", "文件不完整：结尾缺了一截")
        .hint("多半是没有下载完或没有复制完，请重新取一份")
}

fn bomb(words: String) -> Diagnostic {
    Diagnostic::error("word/bomb", words)
        .hint("正常的 Word 文件不会这样；如果确实是自己的文件，请压缩或删去里面的图片和多余的页，另存再试")
}

fn entry(name: &str, words: &str) -> Diagnostic {
    Diagnostic::error("word/entry", format!("{words}：{}", shown(name)))
        .hint("Word 和 WPS 不会写出这样的文件，不要使用来路不明的模板")
}
