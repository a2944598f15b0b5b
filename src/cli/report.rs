//! Results in words for people, in JSON for machines.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr;

use crate::batch::{Made, Run};
use crate::diagnostic::Diagnostic;
use crate::error::Error;

/// Shows diagnostics: to people on standard error, to machines on standard
/// output.
pub(super) fn diagnostics(diagnostics: &[Diagnostic], as_json: bool) {
    if as_json {
        let all: Vec<Value> = diagnostics.iter().map(Diagnostic::to_json).collect();
        json(&json!({ "diagnostics": all }));
    } else {
        let colour = io::stderr().is_terminal();
        for diagnostic in diagnostics {
            eprintln!("{}\n", diagnostic.render(colour));
        }
    }
}

/// Shows that we could not work.
pub(super) fn error(error: &Error, as_json: bool) {
    if as_json {
        json(&json!({ "error": error.to_string() }));
    } else {
        eprintln!("错误：{error}");
    }
}

/// How results are shown.
pub(super) struct Wishes {
    /// To a machine.
    pub(super) json: bool,
    /// Only what is wrong.
    pub(super) quiet: bool,
}

/// Shows what a run gave; `verb` says what was done with the good ones.
pub(super) fn run(run: &Run, verb: &str, seconds: f64, wishes: &Wishes) {
    if wishes.json {
        json(&run_json(run));
        return;
    }
    // A fault in a base or a form pack is every project's; it is shown once.
    let mut shown: Vec<&Diagnostic> = Vec::new();
    for made in &run.made {
        for diagnostic in &made.diagnostics {
            if !shown.contains(&diagnostic) {
                diagnostics(std::slice::from_ref(diagnostic), false);
                shown.push(diagnostic);
            }
        }
        if let Some(broken) = &made.broken {
            eprintln!("错误：{}：{broken}\n", made.subject);
        }
    }
    if let Some(broken) = &run.broken {
        eprintln!("错误：{broken}\n");
    }
    if wishes.quiet {
        return;
    }
    let mut out = io::stdout().lock();
    for file in run.made.iter().flat_map(|made| &made.files) {
        let _ = writeln!(out, "{}", file.display());
    }
    let _ = out.flush();
    for file in &run.removed {
        eprintln!("删去旧的 {}", file.display());
    }
    for file in run.orphans.iter().take(MAX_ORPHANS) {
        eprintln!("项目已不在，产物还在：{}", file.display());
    }
    if !run.orphans.is_empty() {
        let count = run.orphans.len();
        eprintln!("以上共 {count} 个文件；用 `tianbao clean --stale` 删去");
    }
    eprintln!("{}，用时 {seconds:.2} 秒", summary(run, verb));
}

/// Files without a project that are named; more are only counted.
const MAX_ORPHANS: usize = 5;

fn summary(run: &Run, verb: &str) -> String {
    let count = |is: &dyn Fn(&&Made) -> bool| run.made.iter().filter(is).count();
    let done = |made: &&Made| made.is_good() && !made.is_unchanged();
    let volumes = count(&|made| done(made) && made.is_volume);
    let mut parts = vec![format!(
        "{verb} {} 份",
        count(&|made| done(made) && !made.is_volume && !made.is_package)
    )];
    if volumes > 0 {
        parts[0].push_str(&format!("和 {volumes} 本合订本"));
    }
    if count(&|made| done(made) && made.is_package) > 0 {
        parts[0].push_str("和 1 个压缩包");
    }
    let files: usize = run.made.iter().map(|made| made.files.len()).sum();
    if files > 0 {
        parts.push(format!("写出 {files} 个文件"));
    }
    let others = [
        ("没有变化", count(&|made| made.is_unchanged())),
        ("没有通过", count(&|made| !made.is_good() && !made.skipped)),
        ("还没有生成", count(&|made| made.skipped)),
        (
            "有警告",
            count(&|made| made.is_good() && !made.diagnostics.is_empty()),
        ),
    ];
    let others = others.into_iter().filter(|(_, count)| *count > 0);
    parts.extend(others.map(|(words, count)| format!("{count} 份{words}")));
    let start = if run.stopped { "中断了：" } else { "" };
    format!("{start}{}", parts.join("，"))
}

fn run_json(run: &Run) -> Value {
    let one = |made: &Made| {
        let diagnostics: Vec<Value> = made.diagnostics.iter().map(Diagnostic::to_json).collect();
        json!({
            "subject": made.subject,
            "volume": made.is_volume,
            "package": made.is_package,
            "good": made.is_good(),
            "files": shown(&made.files),
            "unchanged": shown(&made.unchanged),
            "skipped": made.skipped,
            "diagnostics": diagnostics,
            "error": made.broken.as_ref().map(Error::to_string),
        })
    };
    json!({
        "results": run.made.iter().map(one).collect::<Vec<_>>(),
        "removed": shown(&run.removed),
        "orphans": shown(&run.orphans),
        "stopped": run.stopped,
        "error": run.broken.as_ref().map(Error::to_string),
    })
}

/// Files as JSON lists name them.
pub(super) fn shown(files: &[PathBuf]) -> Vec<String> {
    files
        .iter()
        .map(|file| file.display().to_string())
        .collect()
}

/// Prints JSON on standard output.
pub(super) fn json(value: &Value) {
    print(&format!(
        "{}\n",
        serde_json::to_string_pretty(value).unwrap_or_default()
    ));
}

/// Prints on standard output; whoever reads it may stop reading.
pub(super) fn print(text: &str) {
    let _ = io::stdout().write_all(text.as_bytes());
}

/// Rows in aligned columns; full-width characters count as two.
pub(super) fn columns(rows: &[Vec<String>]) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..count)
        .map(|i| {
            rows.iter()
                .filter_map(|row| row.get(i))
                .map(|cell| cell.width())
                .max()
                .unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(cell);
            line.push_str(&" ".repeat(width - cell.width() + 2));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
