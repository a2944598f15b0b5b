//! `tianbao merge`: any template with any data.

use std::path::Path;

use super::args::{Format, Merge};
use super::{GOOD, report};
use crate::any_template::AnyTemplate;
use crate::error::{Error, Failure};
use crate::output::Output;
use crate::project::{self, folder_of, real};

pub(super) fn execute(command: Merge) -> Result<u8, Failure> {
    let json = command.format == Format::Json;
    let template = AnyTemplate::open(&command.template)?;
    let data = project::load_data(&command.data)?;
    let merged = template.merge(&data, Some(folder_of(&command.data)))?;
    write(&command, &merged.bytes)?;
    report::diagnostics(&merged.warnings, json);
    if !json {
        report::print(&format!("{}\n", command.out.display()));
    }
    Ok(GOOD)
}

/// Writes the file, unless something else stands there.
fn write(command: &Merge, bytes: &[u8]) -> Result<(), Failure> {
    let out = command.out.as_path();
    for own in [&command.template, &command.data] {
        if real(own) == real(out) {
            let words = format!("{} 是要读的文件，不能写成结果", out.display());
            return Err(Error::Usage(words).into());
        }
    }
    if !command.force && out.exists() && std::fs::read(out).ok().as_deref() != Some(bytes) {
        let words = format!("已经有 {}，没有改动它；要覆盖就写上 --force", out.display());
        return Err(Error::Usage(words).into());
    }
    let name = out.file_name().unwrap_or(Path::new("").as_os_str());
    Output::plain(folder_of(out))?.write(&name.to_string_lossy(), bytes)?;
    Ok(())
}
