//! Files that data names beside it, such as an image.
//!
//! Only what lies in the folder of the data is read, whatever a path or a
//! symbolic link says.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use super::{Node, real, tidy};
use crate::diagnostic::Diagnostic;

/// Largest file that data may name, in bytes.
pub(crate) const MAX_ATTACHMENT: u64 = 32 << 20;

/// Where the file that a text names really is.
pub(crate) fn locate(node: &Node, written: &str, folder: &Path) -> Result<PathBuf, Diagnostic> {
    let refuse = |message: String| Diagnostic::error("data/file", message).at(node.at.clone());
    let path = written.replace('\\', "/");
    if path.is_empty() || path.contains('\0') {
        return Err(refuse("这里要写文件的路径".to_owned()));
    }
    let is_absolute = path.starts_with('/') || path.as_bytes().get(1) == Some(&b':');
    if is_absolute || tidy(Path::new(&path)).starts_with("..") {
        return Err(refuse(format!("不能用数据文件夹之外的文件：{written}"))
            .hint("把文件放进数据文件所在的文件夹，写相对于它的路径"));
    }
    let full = folder.join(&path);
    let Ok(found) = full.canonicalize() else {
        let name = full.file_name().unwrap_or_default().to_string_lossy();
        let beside = full.parent().and_then(|parent| names_in(parent, folder));
        let beside = beside.unwrap_or_default();
        return Err(refuse(format!("没有这个文件：{written}"))
            .hint_likely(&name, beside.iter().map(String::as_str)));
    };
    if !found.starts_with(real(folder)) {
        return Err(refuse(format!("{written} 指向数据文件夹之外")));
    }
    let metadata = fs::metadata(&found).map_err(|e| refuse(format!("无法读取 {written}：{e}")))?;
    if !metadata.is_file() {
        return Err(refuse(format!("{written} 不是普通文件")));
    }
    if metadata.len() > MAX_ATTACHMENT {
        let limit = MAX_ATTACHMENT >> 20;
        return Err(refuse(format!("{written} 超过 {limit} MB")));
    }
    Ok(found)
}

/// Reads what [`locate`] found.
pub(crate) fn read(node: &Node, path: &Path) -> Result<Vec<u8>, Diagnostic> {
    let mut bytes = Vec::new();
    // It may have grown since.
    let read = File::open(path).and_then(|file| file.take(MAX_ATTACHMENT).read_to_end(&mut bytes));
    read.map(|_| bytes).map_err(|error| {
        let message = format!("无法读取 {}：{error}", super::shown(path));
        Diagnostic::error("data/file", message).at(node.at.clone())
    })
}

/// The names in a folder that is the data's or lies in it, sorted.
fn names_in(folder: &Path, outermost: &Path) -> Option<Vec<String>> {
    if !folder.canonicalize().ok()?.starts_with(real(outermost)) {
        return None;
    }
    let entries = fs::read_dir(folder).ok()?.flatten();
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    Some(names)
}
