//! The folders in `tests/cases`: each is copied to a temporary place and its
//! `command` is run there; exit code and messages must be those of
//! `expected.txt`. `UPDATE=1 cargo test --test tests cases` writes them anew.

use std::fs;

use crate::support::program::{Outcome, Trial, root};

#[test]
fn every_case_says_what_it_should() {
    let cases = root().join("tests/cases");
    let mut folders: Vec<_> = fs::read_dir(&cases)
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    folders.sort();
    let mut wrong = Vec::new();
    for folder in folders {
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let read = |file: &str| {
            fs::read_to_string(folder.join(file)).unwrap_or_else(|_| panic!("{name} lacks {file}"))
        };
        let command = read("command");
        let arguments: Vec<&str> = command.split_whitespace().collect();
        let trial = Trial::new().folder(&folder);
        let shown = shown(&trial.run(&arguments));
        if update() {
            fs::write(folder.join("expected.txt"), shown).unwrap();
        } else if shown != read("expected.txt") {
            wrong.push(format!(
                "== {name}\n-- expected\n{}-- got\n{shown}",
                read("expected.txt")
            ));
        }
        // What is wrong never leaves an artifact behind.
        if command.starts_with("render") {
            let good = shown_files(&trial);
            let promised = read("expected.txt").matches("out/").count();
            assert_eq!(good, promised, "{name}: artifacts and promises differ");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn shown_files(trial: &Trial) -> usize {
    trial.names("out").len()
}

/// Exit code, standard output and standard error, without what no run repeats.
fn shown(outcome: &Outcome) -> String {
    let stderr: String = outcome
        .stderr
        .lines()
        .map(|line| match line.find("，用时 ") {
            Some(at) => format!("{}，用时 … 秒\n", &line[..at]),
            None => format!("{line}\n"),
        })
        .collect();
    format!("退出码 {}\n{}{stderr}", outcome.code, outcome.stdout)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the switch that writes expectations anew"
)]
pub(crate) fn update() -> bool {
    std::env::var_os("UPDATE").is_some()
}
