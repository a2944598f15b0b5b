//! Results in words for people, in JSON for machines.

use std::io::{self, IsTerminal, Write};

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

/// Shows what a run gave; `verb` says what was done with the good ones.
pub(super) fn run(run: &Run, verb: &str, seconds: f64, as_json: bool) {
    if as_json {
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
    let mut out = io::stdout().lock();
    for file in run.made.iter().flat_map(|made| &made.files) {
        let _ = writeln!(out, "{}", file.display());
    }
    let volumes = run
        .made
        .iter()
        .filter(|made| made.is_good() && made.is_volume)
        .count();
    let good = run.made.iter().filter(|made| made.is_good()).count();
    let failed = run.made.len() - good;
    let files: usize = run.made.iter().map(|made| made.files.len()).sum();
    let warned = run
        .made
        .iter()
        .filter(|made| made.is_good() && !made.diagnostics.is_empty());
    let mut summary = format!("{verb} {} 份", good - volumes);
    if volumes > 0 {
        summary.push_str(&format!("和 {volumes} 本合订本"));
    }
    if files > 0 {
        summary.push_str(&format!("，写出 {files} 个文件"));
    }
    if failed > 0 {
        summary.push_str(&format!("，{failed} 份没有通过"));
    }
    match warned.count() {
        0 => {}
        warned => summary.push_str(&format!("，{warned} 份有警告")),
    }
    let _ = out.flush();
    eprintln!("{summary}，用时 {seconds:.2} 秒");
}

fn run_json(run: &Run) -> Value {
    let one = |made: &Made| {
        let diagnostics: Vec<Value> = made.diagnostics.iter().map(Diagnostic::to_json).collect();
        json!({
            "subject": made.subject,
            "volume": made.is_volume,
            "good": made.is_good(),
            "files": made.files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>(),
            "diagnostics": diagnostics,
            "error": made.broken.as_ref().map(Error::to_string),
        })
    };
    json!({ "results": run.made.iter().map(one).collect::<Vec<_>>() })
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
