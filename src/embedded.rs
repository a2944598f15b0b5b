//! The project definition that travels inside an artifact.
//!
//! With `--embed-source` the resolved project goes along as YAML: attached to
//! the PDF, in a custom XML part of the Word file. `tianbao extract` gives it
//! back, so that a form can be made again from its own print. How each kind of
//! file holds it is known to [`crate::pdf`] and [`crate::docx`].

use std::fs;
use std::path::Path;

use crate::diagnostic::Diagnostic;
use crate::error::{Error, Failure};
use crate::project::{self, Data, Entry, MAX_BYTES, Map, Node, Project};
use crate::source::{Location, Source};
use crate::{docx, pdf};

/// How every embedded text begins; other attachments of a PDF do not.
const MARK: &str = "# tianbao ";
/// What stands before the digest of the data.
const DIGEST: &str = "# 数据 SHA-256：";
/// What stands before the command that makes the same files again.
const COMMAND: &str = "# 重新生成同样的文件：tianbao render";
/// The option without which a file made again would not hold its source.
const OPTION: &str = " --embed-source";
/// What the batch of a volume is called.
pub(crate) const BATCH_FILE: &str = "batch.yaml";
/// Largest artifact that is looked into, in bytes.
const MAX_FILE: u64 = 256 << 20;
/// Most project definitions of one artifact.
pub(crate) const MAX_EMBEDDED: usize = 20_000;
/// The first bytes of the container that `.doc` files and encrypted `.docx`
/// files are.
const COMPOUND_FILE: [u8; 4] = [0xd0, 0xcf, 0x11, 0xe0];

/// A text file inside an artifact.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Embedded {
    /// Its file name.
    pub name: String,
    /// YAML; the first lines say where it comes from.
    pub text: String,
}

/// The options of a run that decide the bytes of its artifacts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Remade {
    /// `--creation-timestamp`, in seconds.
    pub(crate) timestamp: Option<i64>,
    /// `--pdf-standard`, as far as it was named.
    pub(crate) standards: Option<String>,
}

impl Embedded {
    /// The definition of one project whose artifacts are called `name`.
    ///
    /// # Errors
    /// As [`Project::to_yaml`].
    pub(crate) fn project(
        name: &str,
        project: &Project,
        remade: &Remade,
    ) -> Result<Self, Diagnostic> {
        Ok(Self {
            name: format!("{name}.yaml"),
            text: text(
                "随文件保存的项目定义，所继承的内容已经写在里面",
                &format!("这份文件{}", remade.options()),
                project,
            )?,
        })
    }

    /// The members of a volume under names that differ, and the batch that
    /// binds them.
    ///
    /// # Errors
    /// As [`Project::to_yaml`].
    pub(crate) fn volume(
        title: &str,
        members: &mut [Self],
        remade: &Remade,
    ) -> Result<Self, Diagnostic> {
        let mut taken = std::collections::BTreeSet::from([BATCH_FILE.to_owned()]);
        for member in members.iter_mut() {
            let stem = member
                .name
                .strip_suffix(".yaml")
                .unwrap_or(&member.name)
                .to_owned();
            let mut number = 1;
            while !taken.insert(member.name.to_lowercase()) {
                number += 1;
                member.name = format!("{stem}-{number}.yaml");
            }
        }
        let at = Location::start_of(&Source::new(BATCH_FILE, ""));
        let node = |data| Node {
            data,
            at: at.clone(),
        };
        let entry = |key: &str, data| Entry {
            key: key.to_owned(),
            key_at: at.clone(),
            value: node(data),
        };
        let names = members
            .iter()
            .map(|member| node(Data::Text(member.name.clone())));
        let batch = Project {
            path: BATCH_FILE.into(),
            root: node(Data::Map(Map(vec![
                entry("volume", Data::Text(title.to_owned())),
                entry("members", Data::List(names.collect())),
            ]))),
            source: at.source.clone(),
            files: Vec::new(),
        };
        Ok(Self {
            name: BATCH_FILE.to_owned(),
            text: text(
                "随合订本保存的批次；成员是同一文件夹里的项目定义",
                &format!("这个文件夹{}", remade.options()),
                &batch,
            )?,
        })
    }

    /// The options that make the same file again, from the head of the text.
    pub fn options(&self) -> Option<&str> {
        let line = self.text.lines().find(|line| line.starts_with(COMMAND))?;
        let options = &line[line.find(OPTION)?..];
        let plain = |c: char| c.is_ascii_alphanumeric() || " .,-".contains(c);
        options.chars().all(plain).then(|| options.trim())
    }

    /// Takes an attachment for what it is: `None` if it is not one of ours.
    fn from_bytes(name: String, bytes: Vec<u8>) -> Option<Result<Self, &'static str>> {
        if !bytes.starts_with(MARK.as_bytes()) {
            return None;
        }
        let Ok(text) = String::from_utf8(bytes) else {
            return Some(Err("里面的项目定义不是 UTF-8 编码"));
        };
        if text.len() > MAX_BYTES {
            return Some(Err("里面的项目定义太大"));
        }
        if text.chars().any(|c| c.is_control() && c != '\n') {
            return Some(Err("里面的项目定义含有控制字符"));
        }
        // A reader of PDF files may mend what is torn, and say nothing.
        let digest = text.lines().find_map(|line| line.strip_prefix(DIGEST));
        let read = Project::from_text(&name, &text);
        match read.is_ok_and(|project| digest == Some(&project.digest().to_string())) {
            true => Some(Ok(Self { name, text })),
            false => Some(Err("里面的项目定义与保存时不同，多半是文件损坏了")),
        }
    }
}

/// The text of a project with what must be known of it.
fn text(what: &str, with: &str, project: &Project) -> Result<String, Diagnostic> {
    Ok(format!(
        "{MARK}{} {what}\n{DIGEST}{}\n{COMMAND} {with}\n{}",
        env!("CARGO_PKG_VERSION"),
        project.digest(),
        project.to_yaml()?
    ))
}

impl Remade {
    pub(crate) fn options(&self) -> String {
        let mut words = OPTION.to_owned();
        if let Some(seconds) = self.timestamp {
            words += &format!(" --creation-timestamp {seconds}");
        }
        if let Some(standards) = &self.standards {
            words += &format!(" --pdf-standard {standards}");
        }
        words
    }
}

/// The project definitions inside a PDF or a Word file; at least one.
///
/// # Errors
/// Rejected if the file holds none or is not what it should be; broken if it
/// cannot be read.
pub fn extract(path: &Path) -> Result<Vec<Embedded>, Failure> {
    let file = project::shown(path);
    if !path.exists() {
        return Err(Error::Usage(format!("找不到 {}", path.display())).into());
    }
    let refuse = |code, words: &str| Diagnostic::error(code, words.to_owned()).at_part(&file, "");
    let size = fs::metadata(path)
        .map_err(|e| Error::io("读取", path, e))?
        .len();
    if size > MAX_FILE {
        let limit = MAX_FILE >> 20;
        return Err(refuse("extract/size", &format!("文件超过 {limit} MB")).into());
    }
    let bytes = fs::read(path).map_err(|e| Error::io("读取", path, e))?;
    let attached = if bytes.starts_with(b"PK") {
        docx::attached(&file, &bytes)?
    } else if bytes[..bytes.len().min(1024)]
        .windows(5)
        .any(|w| w == b"%PDF-")
    {
        pdf::attached(&bytes).map_err(|problem| match problem {
            pdf::Unreadable::Encrypted => refuse("extract/encrypted", "这份 PDF 加了密码")
                .hint("先用阅读软件去掉密码，另存一份"),
            pdf::Unreadable::Broken => refuse("extract/broken", "这份 PDF 已经损坏，读不出来"),
            pdf::Unreadable::TooLarge => refuse("extract/size", "这份 PDF 里的附件太多或太大"),
        })?
    } else if bytes.starts_with(&COMPOUND_FILE) {
        return Err(refuse(
            "extract/type",
            "这是旧的 .doc 文件，或者加了密码的 Word 文件",
        )
        .hint("旧的 .doc 不能保存项目定义；加了密码的，先在 Word 里去掉密码，另存一份")
        .into());
    } else {
        return Err(refuse("extract/type", "这既不是 PDF，也不是 Word 文件").into());
    };
    let mut found = Vec::new();
    for (name, bytes) in attached {
        match Embedded::from_bytes(name, bytes) {
            None => {}
            Some(Ok(embedded)) => found.push(embedded),
            Some(Err(words)) => return Err(refuse("extract/broken", words).into()),
        }
    }
    match found.is_empty() {
        false => Ok(found),
        true => Err(refuse("extract/none", "文件里没有项目定义")
            .hint("生成时写了 --embed-source 的文件里才有")
            .into()),
    }
}
