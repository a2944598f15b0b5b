//! A batch that is killed leaves whole files, and a rerun makes the rest only.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::process::Stdio;
use std::time::Duration;

use crate::support::program::{Trial, root};

const FORMS: usize = 300;
const KILLS: usize = 100;
const ARGUMENTS: [&str; 2] = ["render", "全省"];

/// Three hundred counties of one base.
fn counties() -> Trial {
    let data = root().join("data/hunan-cbec-2024");
    let base = std::fs::read(data.join("base.yaml")).unwrap();
    let mut trial = Trial::new().file("全省/base.yaml", base);
    for index in 0..FORMS {
        let mut project = String::from("extends: base.yaml\n");
        let _ = writeln!(project, "departments: [第{index}县商务局]");
        let _ = writeln!(project, "funds: {{province: {}}}", index * 7 % 300);
        trial = trial.file(&format!("全省/{index:03}.yaml"), project);
    }
    trial
}

type Files = BTreeMap<String, Vec<u8>>;

fn artifacts(trial: &Trial) -> Files {
    let names = trial.names("out").into_iter();
    names
        .map(|name| (name.clone(), trial.read(&format!("out/{name}"))))
        .collect()
}

/// Names that a finished run says it wrote.
fn written(trial: &Trial) -> BTreeSet<String> {
    let outcome = trial.run_well(&ARGUMENTS);
    let names = outcome
        .stdout
        .lines()
        .map(|line| line.trim_start_matches("out/").to_owned());
    names.collect()
}

/// The next of a row of numbers that look random and are always the same.
fn next(state: &mut u64) -> u64 {
    *state = state
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    *state >> 33
}

#[test]
fn a_killed_batch_is_completed_and_nothing_is_made_twice() {
    let trial = counties();
    let base = String::from_utf8(trial.read("全省/base.yaml")).unwrap();
    let edited = base.replace("≥90%", "≥95%");
    assert_ne!(base, edited);

    // What there should be, before and after an edit of the base.
    #[expect(
        clippy::disallowed_methods,
        reason = "a run's length tells when to kill one"
    )]
    let clock = std::time::Instant::now();
    trial.run_well(&ARGUMENTS);
    let whole_run = clock.elapsed().as_millis() as u64;
    let mut old = artifacts(&trial);
    assert_eq!(old.len(), 2 * FORMS);
    std::fs::write(trial.path("全省/base.yaml"), &edited).unwrap();
    assert_eq!(written(&trial).len(), 2 * FORMS);
    let mut new = artifacts(&trial);

    let mut random = 20_241_121;
    for kill in 0..KILLS {
        // From time to time a run is let through; then the base is edited
        // again, or everything is lost, so that there is something to kill.
        if kill % 10 == 0 {
            let before = artifacts(&trial);
            let missing = new
                .iter()
                .filter(|(name, bytes)| before.get(*name) != Some(bytes));
            let missing: BTreeSet<String> = missing.map(|(name, _)| name.clone()).collect();
            assert_eq!(written(&trial), missing, "kill {kill}");
            assert_eq!(artifacts(&trial), new, "kill {kill}");
            assert_eq!(written(&trial), BTreeSet::new(), "kill {kill}");
            match kill % 20 {
                0 => std::fs::remove_dir_all(trial.path("out")).unwrap(),
                _ => {
                    std::mem::swap(&mut old, &mut new);
                    let now = if kill % 40 == 10 { &base } else { &edited };
                    std::fs::write(trial.path("全省/base.yaml"), now).unwrap();
                }
            }
        }
        let mut program = trial.command(&ARGUMENTS);
        let program = program.stdout(Stdio::null()).stderr(Stdio::null());
        let mut program = program.spawn().unwrap();
        // Ten kills in the time of one run.
        std::thread::sleep(Duration::from_millis(next(&mut random) % (whole_run / 5)));
        program.kill().unwrap();
        program.wait().unwrap();
        for (name, bytes) in artifacts(&trial) {
            let is_whole = [&old, &new]
                .iter()
                .any(|files| files.get(&name) == Some(&bytes));
            assert!(is_whole, "{name} is torn after kill {kill}");
        }
    }
}
