//! Whoever kills the program finds whole files or none.

use std::process::Stdio;
use std::time::Duration;

use tianbao::parity::{pdf, word};

use crate::support::program::{Trial, root};

#[test]
fn a_kill_at_any_moment_leaves_no_torn_file() {
    let trial = Trial::new();
    let data = root().join("data/hunan-cbec-2024");
    let arguments = ["render", data.to_str().unwrap()];
    // From before the first file to after the last, and over files that exist.
    for moment in (0..400).step_by(20) {
        let mut program = trial
            .command(&arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(moment));
        program.kill().unwrap();
        program.wait().unwrap();
        for name in trial.names("out") {
            let bytes = trial.read(&format!("out/{name}"));
            if name.ends_with(".pdf") {
                assert!(
                    pdf::page_count(&bytes).unwrap() >= 1,
                    "{name} after {moment} ms"
                );
            } else if name.ends_with(".docx") {
                // A sheet, or the volume of all thirteen.
                let tables = word::grids(&bytes).unwrap().len();
                assert!([1, 13].contains(&tables), "{name} after {moment} ms");
            } else {
                panic!("{name} after {moment} ms");
            }
        }
    }
    trial.run_well(&arguments);
    assert_eq!(trial.names("out").len(), 28);
}
