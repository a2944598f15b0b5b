//! `docs/authoring-forms.md` is true: its files are written and its commands
//! are run in one temporary folder, in order, and print what it shows.
//!
//! A fenced block whose info string ends with a path is a file: ```` ```yaml
//! blueprint.yaml ````. Under ```` ```diff PATH ```` lines change in it. In
//! ```` ```console ```` a line after `$` is a command, the lines below are what it
//! prints; `…` alone stands for any lines, and `$ echo $?` shows that a command
//! failed. `UPDATE=1 cargo test --test tests authoring_forms` writes what is
//! printed anew.

use std::fs;

use crate::support::program::{Trial, fonts, outcome, root};

const DOCUMENT: &str = "docs/authoring-forms.md";

#[test]
fn every_command_prints_what_the_document_shows() {
    let path = root().join(DOCUMENT);
    let text = fs::read_to_string(&path).unwrap();
    let mut trial = Trial::with_own_templates();
    let mut written = String::new();
    let mut wrong = Vec::new();
    let mut commands = 0;
    for piece in pieces(&text) {
        let (info, at, body) = match piece {
            Piece::Block { info, at, body } => (info, at, body),
            Piece::Line(line) => {
                written.push_str(line);
                continue;
            }
        };
        let mut now = body.to_owned();
        match info.split_whitespace().collect::<Vec<_>>()[..] {
            ["console"] => {
                now = console(&trial, at, body, &mut wrong);
                commands += body.lines().filter(|l| l.starts_with("$ tianbao ")).count();
            }
            ["diff", file] => {
                let before = String::from_utf8(trial.read(file)).unwrap();
                trial = trial.file(file, changed(&before, body, at));
            }
            [_, file] => trial = trial.file(file, body),
            _ => {}
        }
        written.push_str(&format!("```{info}\n{now}```\n"));
    }
    assert!(commands > 5, "{DOCUMENT} shows no commands");
    if update() {
        fs::write(path, written).unwrap();
    } else {
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        assert_eq!(
            written, text,
            "blocks are closed by ``` on a line of its own"
        );
    }
}

/// A part of the document.
enum Piece<'a> {
    /// A line outside of blocks, with its end.
    Line(&'a str),
    /// A fenced block: what stands behind the fence, its line, and its lines.
    Block {
        info: &'a str,
        at: usize,
        body: &'a str,
    },
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find('\n').map_or(rest.len(), |end| end + 1);
        let (line, below) = rest.split_at(end);
        let at = text[..text.len() - rest.len()].lines().count() + 1;
        match line.trim_end().strip_prefix("```") {
            Some(info) => {
                let end = below
                    .find("\n```\n")
                    .unwrap_or_else(|| panic!("{DOCUMENT}:{at} is not closed"));
                let body = &below[..end + 1];
                found.push(Piece::Block { info, at, body });
                rest = &below[end + "\n```\n".len()..];
            }
            None => {
                found.push(Piece::Line(line));
                rest = below;
            }
        }
    }
    found
}

/// Runs the commands of a block; gives the block as it should be.
fn console(trial: &Trial, at: usize, body: &str, wrong: &mut Vec<String>) -> String {
    let mut code = 0;
    let mut now = String::new();
    for piece in body
        .split_inclusive('\n')
        .collect::<Vec<_>>()
        .chunk_by(|_, next| !next.starts_with("$ "))
    {
        let command = piece[0].trim_end();
        let expected = piece[1..].concat();
        let place = format!("{DOCUMENT}, block at line {at}: {command}");
        let printed = match command
            .strip_prefix("$ ")
            .unwrap_or_else(|| panic!("{place}: no command"))
        {
            "echo $?" => std::mem::take(&mut code).to_string() + "\n",
            command => {
                assert_eq!(code, 0, "{place}: the command above it failed");
                let words: Vec<&str> = command.split_whitespace().collect();
                assert_eq!(words[0], "tianbao", "{place}: not a command of ours");
                let mut command = trial.command(&words[1..]);
                // As an author has it: templates are found in the folder.
                command
                    .env_remove("TIANBAO_TEMPLATES")
                    .env("TYPST_FONT_PATHS", fonts());
                let outcome = outcome(command.output().unwrap());
                code = outcome.code;
                // Diagnostics are shown before the line that counts them, and the
                // names of files before the summary.
                let (out, err) = (outcome.stdout, outcome.stderr);
                plain(&match err.starts_with("错误") || err.starts_with("警告") {
                    true => err + &out,
                    false => out + &err,
                })
            }
        };
        if fits(&plain(&expected), &printed) {
            now.push_str(&piece.concat());
        } else {
            wrong.push(format!(
                "{place}\n-- shown\n{expected}-- printed\n{printed}"
            ));
            now.push_str(&format!("{command}\n{printed}"));
        }
    }
    assert_eq!(
        code, 0,
        "{DOCUMENT}, block at line {at}: the last command failed"
    );
    now
}

/// What is printed, without what no run repeats, and blank lines at its end.
fn plain(printed: &str) -> String {
    let lines = printed.lines().map(|line| match line.find("，用时 ") {
        Some(at) => format!("{}，用时 0.2 秒\n", &line[..at]),
        None => format!("{line}\n"),
    });
    let text: String = lines.collect();
    match text.trim_end() {
        "" => String::new(),
        text => format!("{text}\n"),
    }
}

/// Whether this was printed; nothing shown is anything printed.
fn fits(shown: &str, printed: &str) -> bool {
    let mut at = 0;
    let pieces: Vec<&str> = shown.split("…\n").collect();
    let last = pieces.len() - 1;
    if shown.is_empty() || last == 0 {
        return shown.is_empty() || shown == printed;
    }
    pieces.iter().enumerate().all(|(index, piece)| {
        let found = match index {
            0 => printed.starts_with(piece).then_some(0),
            _ if index == last => printed
                .ends_with(piece)
                .then(|| printed.len() - piece.len()),
            _ => printed[at..].find(piece).map(|found| at + found),
        };
        let after = found.filter(|found| *found >= at);
        at = after.unwrap_or(at) + piece.len();
        after.is_some()
    })
}

/// A file with the lines of a diff changed: those with `-` or a blank stand
/// there once, one below another.
fn changed(text: &str, diff: &str, at: usize) -> String {
    let side = |sign: char| -> String {
        let lines = diff.split_inclusive('\n');
        let own = lines.filter(|line| line.starts_with([sign, ' ']));
        own.map(|line| &line[1..]).collect()
    };
    let (before, after) = (side('-'), side('+'));
    assert_eq!(
        text.matches(&before).count(),
        1,
        "{DOCUMENT}:{at}: not there once:\n{before}"
    );
    text.replacen(&before, &after, 1)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the switch that writes the document anew"
)]
fn update() -> bool {
    std::env::var_os("UPDATE").is_some()
}
