//! `watch`: what an edit touches is made again, and nothing ends the watch but
//! its user.

use std::fs;
use std::process::{Child, Stdio};
use std::time::Duration;

use crate::support::program::{Trial, fonts, root};

/// Longest wait for something to happen, in steps of [`STEP`].
const STEPS: usize = 600;
const STEP: Duration = Duration::from_millis(50);

struct Watch {
    trial: Trial,
    program: Child,
}

impl Watch {
    /// Watches two counties of one base, with packs of their own.
    fn start() -> Self {
        let example = root().join("templates/hunan/cbec-fund-target/example.yaml");
        let trial = Trial::with_own_templates()
            .file("全省/base.yaml", fs::read(example).unwrap())
            .file(
                "全省/甲县.yaml",
                "extends: base.yaml\ndepartments: [甲县商务局]\n",
            )
            .file(
                "全省/乙县.yaml",
                "extends: base.yaml\ndepartments: [乙县商务局]\n",
            );
        let log = fs::File::create(trial.path("log")).unwrap();
        let arguments = ["watch", "全省", "--font-path", &fonts()];
        let mut command = trial.command(&arguments);
        let command = command.stdout(Stdio::null()).stderr(log);
        let program = command.spawn().unwrap();
        let watch = Self { trial, program };
        watch.wait_for("正在监视", 1);
        watch
    }

    fn log(&self) -> String {
        String::from_utf8(self.trial.read("log")).unwrap()
    }

    /// Waits until the program has said something so often.
    fn wait_for(&self, words: &str, times: usize) {
        for _ in 0..STEPS {
            if self.log().matches(words).count() >= times {
                return;
            }
            std::thread::sleep(STEP);
        }
        panic!("`{words}` was not said {times} times:\n{}", self.log());
    }

    fn artifact(&self, name: &str) -> Vec<u8> {
        self.trial.read(&format!("out/{name}"))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

#[test]
fn what_an_edit_touches_is_made_again() {
    let watch = Watch::start();
    let (first, second) = ("附件2-甲县商务局.pdf", "附件2-乙县商务局.pdf");
    let (old_first, old_second) = (watch.artifact(first), watch.artifact(second));
    let project = watch.trial.path("全省/甲县.yaml");
    let good = fs::read_to_string(&project).unwrap();

    // A project, saved as editors do: written beside it, then renamed.
    let beside = watch.trial.path("全省/.甲县.yaml.swp");
    fs::write(&beside, format!("{good}funds: {{province: 7}}\n")).unwrap();
    fs::rename(&beside, &project).unwrap();
    watch.wait_for("生成 1 份，写出 2 个文件，1 份没有变化", 1);
    assert!(watch.artifact(first) != old_first);
    assert!(watch.artifact(second) == old_second);

    // It breaks, and is mended: the artifacts stay, the watch goes on.
    fs::write(&project, "departments: [").unwrap();
    watch.wait_for("yaml/", 1);
    fs::write(&project, &good).unwrap();
    watch.wait_for("生成 1 份，写出 2 个文件，1 份没有变化", 2);
    assert!(watch.artifact(first) == old_first);

    // The base, and the template.
    let base = watch.trial.path("全省/base.yaml");
    let text = fs::read_to_string(&base).unwrap();
    fs::write(&base, text.replace("year: 2024", "year: 2025")).unwrap();
    watch.wait_for("生成 2 份，写出 4 个文件", 2);
    let template = watch
        .trial
        .path("templates/hunan/cbec-fund-target/form.typ");
    let text = fs::read_to_string(&template).unwrap();
    fs::write(&template, format!("{text}// 注\n")).unwrap();
    watch.wait_for("生成 2 份，写出 2 个文件", 1);

    // A new project.
    let new = watch.trial.path("全省/丙县.yaml");
    fs::write(new, good.replace('甲', "丙")).unwrap();
    watch.wait_for("生成 1 份，写出 2 个文件，2 份没有变化", 1);
}

#[test]
fn artifacts_may_lie_among_what_is_watched() {
    let example = root().join("templates/hunan/cbec-fund-target/example.yaml");
    let example = fs::read_to_string(example).unwrap();
    let trial = Trial::new().file("全省/甲县.yaml", &example);
    let log = fs::File::create(trial.path("log")).unwrap();
    let mut command = trial.command(&["watch", "全省", "--out", "全省", "--to", "docx"]);
    let program = command.stdout(Stdio::null()).stderr(log).spawn().unwrap();
    let watch = Watch { trial, program };
    watch.wait_for("正在监视", 1);
    let project = watch.trial.path("全省/甲县.yaml");
    fs::write(project, example.replace("year: 2024", "year: 2025")).unwrap();
    watch.wait_for("生成 1 份", 2);
    // What the run itself wrote is no edit.
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(watch.log().matches("用时").count(), 2, "{}", watch.log());
}
