//! That the program could not work, as opposed to a document being wrong.

use std::fmt;
use std::path::Path;

use crate::diagnostic::Diagnostic;

/// Why the program could not work.
#[derive(Debug)]
pub enum Error {
    /// The command line or the set-up asks for something that cannot be done.
    Usage(String),
    /// The system refused a file operation.
    Io {
        /// What was being done, to which file.
        doing: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// A mistake of ours.
    Internal(String),
}

impl Error {
    /// A refused file operation; `doing` is a Chinese verb such as `读取`.
    pub fn io(doing: &str, path: &Path, source: std::io::Error) -> Self {
        Self::Io {
            doing: format!("{doing} {}", path.display()),
            source,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(message) => f.write_str(message),
            Self::Io { doing, source } => {
                write!(f, "无法{doing}：{}", io_reason(source))
            }
            Self::Internal(message) => write!(f, "程序内部错误：{message}"),
        }
    }
}

impl std::error::Error for Error {}

/// What the system said, in Chinese where we know it.
pub(crate) fn io_reason(error: &std::io::Error) -> String {
    use std::io::ErrorKind as Kind;
    match error.kind() {
        Kind::NotFound => "文件或文件夹不存在".into(),
        Kind::PermissionDenied => "没有权限".into(),
        Kind::StorageFull => "磁盘已满".into(),
        Kind::ReadOnlyFilesystem => "所在磁盘只读".into(),
        Kind::NotADirectory => "路径中有一段不是文件夹".into(),
        Kind::IsADirectory => "这是文件夹，不是文件".into(),
        Kind::AlreadyExists => "已经存在".into(),
        _ => error.to_string(),
    }
}

/// Why a step gave no result: the document is wrong, or we could not work.
#[derive(Debug)]
pub enum Failure {
    /// The document is wrong; everything found, not only the first.
    Rejected(Vec<Diagnostic>),
    /// We could not work.
    Broken(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Broken(error)
    }
}

impl From<Diagnostic> for Failure {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::Rejected(vec![diagnostic])
    }
}

impl From<Vec<Diagnostic>> for Failure {
    fn from(diagnostics: Vec<Diagnostic>) -> Self {
        Self::Rejected(diagnostics)
    }
}
