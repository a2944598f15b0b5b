//! All artifacts of a run in one zip, with a manifest of their own.

use std::fs::File;
use std::path::PathBuf;

use super::manifest;
use super::record::{Content, Entry};
use super::run::{Made, Run};
use super::target::{Store, Verdict, file_name};
use super::values::Values;
use crate::diagnostic::Diagnostic;
use crate::digest::{Digest, Digester};
use crate::error::{Error, Failure};
use crate::output::safe_name;
use crate::package::zip_files;
use crate::render::Kind;

/// The manifest's place until it is in the zip, and the zip's until it is whole.
const MANIFEST: &str = "manifest.tmp";
const DRAFT: &str = "zip.tmp";

/// Makes the zip of a run, unless it is there and true. It holds everything
/// that the run wanted, or is not made.
pub(super) fn pack(store: &Store<'_>, values: &Values<'_>, run: &mut Run, title: &str) {
    let mut made = Made {
        subject: format!("{title}.zip"),
        is_package: true,
        ..Made::default()
    };
    let failed = run.made.iter().filter(|made| !made.is_good()).count();
    let result = match failed {
        0 => files(store, run).and_then(|files| write(store, values, title, &files, &mut made)),
        failed => Err(Diagnostic::error(
            "zip/incomplete",
            format!("压缩包没有生成：其中 {failed} 份没有通过"),
        )
        .hint("先改好上面的项目再生成；缺文件的压缩包不会写出")
        .into()),
    };
    if let Err(failure) = result {
        made.fail(failure);
    }
    run.made.push(made);
}

/// The run's artifacts as the record knows them, in the order of their names.
fn files(store: &Store<'_>, run: &Run) -> Result<Vec<Entry>, Failure> {
    let paths = run
        .made
        .iter()
        .flat_map(|made| made.files.iter().chain(&made.unchanged));
    let names = paths.filter_map(|path| path.file_name()?.to_str());
    let mut entries: Vec<Entry> = names.filter_map(|name| store.record.entry(name)).collect();
    entries.sort_by(|a, b| a.file.cmp(&b.file));
    // Somebody's own version of an artifact does not go out under our name.
    let wanted: usize = run
        .made
        .iter()
        .map(|made| made.files.len() + made.unchanged.len())
        .sum();
    let edited = run.made.iter().flat_map(|made| &made.diagnostics);
    if let Some(edited) = edited
        .into_iter()
        .find(|found| found.code == "output/edited")
    {
        return Err(
            Diagnostic::error("zip/incomplete", "压缩包没有生成：有文件被人改过")
                .label(edited.message.clone())
                .into(),
        );
    }
    match entries.len() == wanted {
        true => Ok(entries),
        false => Err(Error::Internal("产物不在记录里".into()).into()),
    }
}

fn write(
    store: &Store<'_>,
    values: &Values<'_>,
    title: &str,
    files: &[Entry],
    made: &mut Made,
) -> Result<(), Failure> {
    let mut data = Digester::default();
    for entry in files {
        data.field(&entry.file).field(entry.result);
    }
    let data = data.finish();
    let name = file_name(&safe_name(title), Kind::Zip);
    match store.verdict(&name, data)? {
        Verdict::Keep => {
            made.unchanged.push(store.output.path(&name));
            return Ok(());
        }
        Verdict::KeepEdited => {
            made.diagnostics.push(store.still_edited(&name));
            return Ok(());
        }
        Verdict::Refuse => return Err(store.edited(&name).into()),
        Verdict::Make => {}
    }
    let listed = store.output.memory(MANIFEST);
    let mut reader = values.reader(&store.record.data())?;
    File::create(&listed)
        .and_then(|file| manifest::stream(file, &files.iter().collect::<Vec<_>>(), &mut reader))
        .map_err(|e| Error::io("写入", &listed, e))?;
    let entries = files
        .iter()
        .map(|entry| (entry.file.clone(), store.output.path(&entry.file)));
    let entries: Vec<(String, PathBuf)> = entries
        .chain([(manifest::FILE.to_owned(), listed.clone())])
        .collect();
    // First to a place of its own: only then is its digest known.
    let draft = store.output.memory(DRAFT);
    let target = File::create(&draft).map_err(|e| Error::io("写入", &draft, e))?;
    zip_files(target, entries)?;
    let result = File::open(&draft).and_then(Digest::read);
    let result = result.map_err(|e| Error::io("读取", &draft, e))?;
    let entry = Entry {
        subject: title.to_owned(),
        ..Entry::new(name, Kind::Zip, data, data, result)
    };
    made.files.push(store.put(entry, Content::Draft(DRAFT))?);
    for file in [listed, draft] {
        let _ = std::fs::remove_file(file);
    }
    Ok(())
}
