//! The files attached to a PDF (ISO 32000-1, 7.11.4), read back.

use std::collections::BTreeSet;

use lopdf::{Dictionary, Document, Object};

use crate::embedded::MAX_EMBEDDED;

/// Most bytes of one attached file.
const MAX_BYTES: usize = 8 << 20;
/// Most bytes of all of them.
const MAX_ALL_BYTES: usize = 256 << 20;
/// Most nodes of the tree of names; one that leads back to itself has more.
const MAX_NODES: usize = 2 * MAX_EMBEDDED;

/// Why a PDF does not say what is attached to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// It is no PDF, or a torn one.
    Broken,
    /// It asks for a password.
    Encrypted,
    /// More, or larger files than we look into.
    TooLarge,
}

/// Names and contents of the attached files, in the order of their names.
pub(crate) fn attached(bytes: &[u8]) -> Result<Vec<(String, Vec<u8>)>, Unreadable> {
    let document = Document::load_mem(bytes).map_err(|error| match error {
        lopdf::Error::Decryption(_) | lopdf::Error::InvalidPassword => Unreadable::Encrypted,
        _ => Unreadable::Broken,
    })?;
    if document.is_encrypted() {
        return Err(Unreadable::Encrypted);
    }
    let catalog = document.catalog().map_err(|_| Unreadable::Broken)?;
    let mut specifications = Vec::new();
    if let Some(tree) = below(&document, catalog, b"Names")
        .and_then(|names| below(&document, names, b"EmbeddedFiles"))
    {
        specifications = specifications_below(&document, tree)?;
    }
    // A writer may have kept only the list of associated files.
    if let Some(Object::Array(files)) = value(&document, catalog, b"AF") {
        specifications.extend(files.iter().filter_map(|file| dictionary(&document, file)));
    }
    if specifications.len() > 2 * MAX_EMBEDDED {
        return Err(Unreadable::TooLarge);
    }
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    let mut budget = MAX_ALL_BYTES;
    for specification in specifications {
        let Some(name) = name_of(&document, specification) else {
            continue;
        };
        let Some(files) = below(&document, specification, b"EF") else {
            continue;
        };
        let file = [b"UF".as_slice(), b"F"].into_iter().find_map(|key| {
            let file = files.get(key).ok()?;
            Some(document.dereference(file).ok()?.1)
        });
        let Some(Object::Stream(stream)) = file else {
            continue;
        };
        if !seen.insert(name.clone()) {
            continue;
        }
        let content = stream
            .get_plain_content_with_limit(MAX_BYTES.min(budget))
            .map_err(|error| match error {
                lopdf::Error::Decompress(lopdf::DecompressError::MemoryLimitExceeded {
                    ..
                }) => Unreadable::TooLarge,
                _ => Unreadable::Broken,
            })?;
        budget -= content.len();
        found.push((name, content));
    }
    Ok(found)
}

/// The specifications that the tree of names leads to, in its order.
fn specifications_below<'a>(
    document: &'a Document,
    root: &'a Dictionary,
) -> Result<Vec<&'a Dictionary>, Unreadable> {
    let mut found = Vec::new();
    let mut open = vec![root];
    let mut nodes = 0;
    while let Some(node) = open.pop() {
        nodes += 1;
        if nodes > MAX_NODES || open.len() > MAX_NODES || found.len() > MAX_EMBEDDED {
            return Err(Unreadable::TooLarge);
        }
        if let Some(Object::Array(pairs)) = value(document, node, b"Names") {
            let files = pairs.iter().skip(1).step_by(2);
            found.extend(files.filter_map(|file| dictionary(document, file)));
        }
        if let Some(Object::Array(kids)) = value(document, node, b"Kids") {
            let kids = kids.iter().rev();
            open.extend(kids.filter_map(|kid| dictionary(document, kid)));
        }
    }
    Ok(found)
}

fn value<'a>(document: &'a Document, node: &'a Dictionary, key: &[u8]) -> Option<&'a Object> {
    Some(document.dereference(node.get(key).ok()?).ok()?.1)
}

fn below<'a>(document: &'a Document, node: &'a Dictionary, key: &[u8]) -> Option<&'a Dictionary> {
    value(document, node, key)?.as_dict().ok()
}

fn dictionary<'a>(document: &'a Document, object: &'a Object) -> Option<&'a Dictionary> {
    document.dereference(object).ok()?.1.as_dict().ok()
}

/// The file name: UTF-16 or UTF-8, as writers have it.
fn name_of(document: &Document, specification: &Dictionary) -> Option<String> {
    [b"UF".as_slice(), b"F"].into_iter().find_map(|key| {
        let Object::String(bytes, _) = value(document, specification, key)? else {
            return None;
        };
        Some(match bytes.strip_prefix(&[0xfe, 0xff]) {
            Some(units) => {
                let units = units.chunks_exact(2);
                let units: Vec<u16> = units
                    .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
                    .collect();
                String::from_utf16_lossy(&units)
            }
            None => String::from_utf8_lossy(bytes).into_owned(),
        })
    })
}
