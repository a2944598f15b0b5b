//! The same project gives the same bytes: again, in another process, on another
//! number of threads, in another folder.

use crate::support::program::{Trial, root};

fn render(threads: &str, more: &[&str]) -> Vec<(String, Vec<u8>)> {
    let trial = Trial::new();
    let data = root().join("data/hunan-cbec-2024");
    let mut arguments = vec!["render", data.to_str().unwrap()];
    arguments.extend(more);
    let output = trial
        .command(&arguments)
        .env("RAYON_NUM_THREADS", threads)
        .output()
        .unwrap();
    assert!(output.status.success());
    trial
        .names("out")
        .into_iter()
        .map(|name| (name.clone(), trial.read(&format!("out/{name}"))))
        .collect()
}

#[test]
fn the_same_project_gives_the_same_bytes() {
    let once = render("1", &[]);
    assert_eq!(once.len(), 28);
    assert!(once == render("1", &[]));
    assert!(once == render("4", &[]));
}

#[test]
fn the_date_is_the_one_that_was_asked_for() {
    let dated = render("2", &["--creation-timestamp", "1735689600"]);
    let docx = dated
        .iter()
        .find(|(name, _)| name.ends_with("株洲市商务局.docx"))
        .unwrap();
    let core = tianbao::parity::word::part(&docx.1, "docProps/core.xml")
        .unwrap()
        .unwrap();
    assert!(core.contains("2025-01-01T00:00:00Z"), "{core}");
    assert!(dated != render("2", &[]));
}
