//! What a file is that is no zip, by its first bytes: people rename files, and
//! send what their program saved last.

use crate::diagnostic::Diagnostic;

const SAVE_AS: &str = "在 Word 或 WPS 里打开，另存为“Word 文档（.docx）”，再试";

/// Why a file cannot be opened; `None` if it begins as a zip does.
pub(super) fn refusal(bytes: &[u8]) -> Option<Diagnostic> {
    if bytes.starts_with(b"PK\x03\x04") {
        return None;
    }
    if bytes.starts_with(&[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1]) {
        return Some(compound(bytes));
    }
    let head = &bytes[..bytes.len().min(1024)];
    let text = String::from_utf8_lossy(head);
    let text = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    let lower = text.to_ascii_lowercase();
    let starts = |words: &[&str]| words.iter().any(|word| lower.starts_with(word));
    let is = |what: &str| Diagnostic::error("word/type", format!("不是 .docx 文件：{what}"));
    Some(if bytes.is_empty() {
        is("文件是空的").hint("多半是没有下载完或没有保存好，请重新取一份")
    } else if bytes.starts_with(b"PK\x05\x06") {
        is("这是一个空的压缩包")
    } else if starts(&["{\\rtf"]) {
        is("这是 RTF 文件").hint(SAVE_AS)
    } else if text.contains("%PDF-") {
        is("这是 PDF 文件").hint("PDF 不能作模板，请找它的 Word 文件")
    } else if starts(&["mime-version:", "from: <"]) {
        is("这是网页（MHT）").hint(SAVE_AS)
    } else if starts(&["<?xml", "<w:worddocument", "<pkg:package"])
        && (text.contains("Word.Document") || text.contains("wordml"))
        || text.contains("pkg:package")
    {
        is("这是 XML 格式的 Word 文件").hint(SAVE_AS)
    } else if starts(&["<"]) && lower.contains("<html") || starts(&["<!doctype html"]) {
        is("这是网页（HTML）").hint(SAVE_AS)
    } else if [&b"Rar!"[..], b"7z\xBC\xAF\x27\x1C", b"\x1F\x8B"]
        .iter()
        .any(|magic| bytes.starts_with(magic))
    {
        is("这是压缩包").hint("先解压，再用里面的 .docx")
    } else if bytes
        .windows(4)
        .rev()
        .take(65_557)
        .any(|four| four == b"PK\x05\x06")
    {
        Diagnostic::error("word/package", "文件已损坏：压缩包前面有别的数据").hint(SAVE_AS)
    } else if !head.iter().any(|byte| *byte < b'\t') {
        is("这是纯文本").hint("模板应是 Word 或 WPS 存的 .docx")
    } else {
        is("认不出是什么").hint("模板应是 Word 或 WPS 存的 .docx")
    })
}

/// A compound file (MS-CFB), told by the names of its streams.
fn compound(bytes: &[u8]) -> Diagnostic {
    let has = |stream: &str| {
        let name: Vec<u8> = stream.encode_utf16().flat_map(u16::to_le_bytes).collect();
        // A directory entry begins every 128 bytes.
        bytes.chunks(128).any(|entry| entry.starts_with(&name))
    };
    let (code, message) = if has("EncryptedPackage") {
        return Diagnostic::error("word/encrypted", "文件加了打开密码")
            .hint("在 Word 或 WPS 里用密码打开，去掉密码，另存为 .docx，再试");
    } else if has("WordDocument") {
        ("word/legacy", "这是旧格式的 Word 或 WPS 文件（.doc、.wps）")
    } else if has("Workbook") || has("Book") {
        (
            "word/type",
            "不是 .docx 文件：这是旧格式的 Excel 表格（.xls）",
        )
    } else if has("PowerPoint Document") {
        ("word/type", "不是 .docx 文件：这是旧格式的演示文稿（.ppt）")
    } else {
        ("word/legacy", "这是旧格式的 Office 文件，不是 .docx")
    };
    Diagnostic::error(code, message).hint(SAVE_AS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_file_is_called_by_its_name() {
        let compound = |stream: &str| {
            let mut bytes = vec![0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1];
            bytes.resize(1024, 0);
            bytes.extend(stream.encode_utf16().flat_map(u16::to_le_bytes));
            bytes
        };
        for (bytes, code, words) in [
            (compound("EncryptedPackage"), "word/encrypted", "密码"),
            (compound("WordDocument"), "word/legacy", ".doc"),
            (compound("Workbook"), "word/type", ".xls"),
            (compound("PowerPoint Document"), "word/type", ".ppt"),
            (compound("Contents"), "word/legacy", "Office"),
            (b"".to_vec(), "word/type", "空的"),
            (b"PK\x05\x06".to_vec(), "word/type", "空的压缩包"),
            (b"{\\rtf1".to_vec(), "word/type", "RTF"),
            (b"%PDF-1.7".to_vec(), "word/type", "PDF"),
            (b"MIME-Version: 1.0\r\n".to_vec(), "word/type", "MHT"),
            (b"\xEF\xBB\xBF<!DOCTYPE html>".to_vec(), "word/type", "HTML"),
            (b"<HTML><body>".to_vec(), "word/type", "HTML"),
            (
                b"<?xml version=\"1.0\"?><?mso-application progid=\"Word.Document\"?>".to_vec(),
                "word/type",
                "XML",
            ),
            (b"Rar!\x1A\x07".to_vec(), "word/type", "压缩包"),
            ("甲方：".repeat(500).into_bytes(), "word/type", "纯文本"),
            (b"\xBC\xD7\xB7\xBD".to_vec(), "word/type", "纯文本"),
            (b"\x89PNG\r\n\x1a\n\0\0".to_vec(), "word/type", "认不出"),
            (
                b"MZ\0\0PK\x03\x04PK\x05\x06\0".to_vec(),
                "word/package",
                "前面",
            ),
        ] {
            let problem = refusal(&bytes).unwrap();
            assert_eq!(problem.code, code, "{words}");
            assert!(problem.message.contains(words), "{}", problem.message);
        }
        assert!(refusal(b"PK\x03\x04").is_none());
    }
}
