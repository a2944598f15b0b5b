//! Whether merged XML is still well-formed.
//!
//! Every piece of a part was read as XML before it became a template, and
//! values are escaped; what merging can break is the nesting of elements. So
//! that is all that is looked at.

/// What is wrong with the nesting, in words.
pub(super) fn flaw(xml: &str) -> Option<String> {
    let bytes = xml.as_bytes();
    let mut open: Vec<&[u8]> = Vec::with_capacity(32);
    let mut at = 0;
    while let Some(start) = find(bytes, at, b'<') {
        let start = start + 1;
        at = match bytes.get(start) {
            Some(b'/') => {
                let end = find(bytes, start, b'>')?;
                let name = bytes[start + 1..end].trim_ascii_end();
                match open.pop() {
                    Some(opened) if opened == name => {}
                    Some(opened) => {
                        return Some(format!("<{}> 里出现了 </{}>", text(opened), text(name)));
                    }
                    None => return Some(format!("多出 </{}>", text(name))),
                }
                end + 1
            }
            Some(b'?') => after(xml, start, "?>")?,
            Some(b'!') if xml[start..].starts_with("!--") => after(xml, start, "-->")?,
            Some(b'!') if xml[start..].starts_with("![CDATA[") => after(xml, start, "]]>")?,
            Some(_) => {
                let Some(end) = end_of_tag(bytes, start) else {
                    return Some("标记没有结束".to_owned());
                };
                if bytes[end - 1] != b'/' {
                    let name = bytes[start..end].split(|byte| byte.is_ascii_whitespace());
                    open.extend(name.take(1));
                }
                end + 1
            }
            None => return Some("标记没有结束".to_owned()),
        };
    }
    open.pop().map(|name| format!("<{}> 没有结束", text(name)))
}

fn find(bytes: &[u8], from: usize, byte: u8) -> Option<usize> {
    memchr::memchr(byte, &bytes[from..]).map(|at| from + at)
}

/// Where a tag ends: at a `>` that no attribute holds.
pub(super) fn end_of_tag(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += memchr::memchr3(b'>', b'"', b'\'', &bytes[at..])?;
        match bytes[at] {
            b'>' => return Some(at),
            quote => at = find(bytes, at + 1, quote)? + 1,
        }
    }
}

fn after(xml: &str, from: usize, end: &str) -> Option<usize> {
    xml[from..].find(end).map(|at| from + at + end.len())
}

fn text(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nesting_is_looked_at() {
        let good = "<?xml?><!-- <a> --><a b='>' c=\"'>\"><b/><![CDATA[<x>]]><c>t</c ></a>";
        assert_eq!(flaw(good), None);
        assert_eq!(flaw("<a><b></a></b>").unwrap(), "<b> 里出现了 </a>");
        assert_eq!(flaw("<a></a></b>").unwrap(), "多出 </b>");
        assert_eq!(flaw("<a><b>").unwrap(), "<b> 没有结束");
        assert_eq!(flaw("<a b=\"").unwrap(), "标记没有结束");
    }
}
