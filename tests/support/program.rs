//! Running the program as a user does, in a folder of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The project's own folder.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A temporary folder with files in it, and the program run there.
pub(crate) struct Trial {
    folder: tempfile::TempDir,
    templates: PathBuf,
}

/// What a run gave.
pub(crate) struct Outcome {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Trial {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            templates: root().join("templates"),
        }
    }

    /// With a copy of the form packs that a test may damage. The faces stay
    /// where they are: pass `--font-path` with [`fonts`].
    pub(crate) fn with_own_templates() -> Self {
        let mut trial = Self::new();
        trial.templates = trial.path("templates");
        copy(&root().join("templates"), &trial.templates);
        trial
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Puts a file there.
    pub(crate) fn file(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    /// Puts a whole folder there.
    pub(crate) fn folder(self, from: &Path) -> Self {
        copy(from, self.folder.path());
        self
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The names in a folder, sorted, without what the program keeps for itself
    /// and for whoever asks what lies there.
    pub(crate) fn names(&self, folder: &str) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.path(folder)) else {
            return Vec::new();
        };
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != ".tianbao" && name != "manifest.json")
            .collect();
        names.sort();
        names
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tianbao"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("TIANBAO_TEMPLATES", &self.templates)
            .env_remove("SOURCE_DATE_EPOCH")
            .env_remove("TYPST_FONT_PATHS");
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome {
        outcome(self.command(arguments).output().unwrap())
    }

    /// Runs and demands that everything came out.
    pub(crate) fn run_well(&self, arguments: &[&str]) -> Outcome {
        let outcome = self.run(arguments);
        assert_eq!(
            outcome.code, 0,
            "{arguments:?}\n{}{}",
            outcome.stdout, outcome.stderr
        );
        outcome
    }
}

/// The shipped faces.
pub(crate) fn fonts() -> String {
    root().join("templates/fonts").to_str().unwrap().to_owned()
}

pub(crate) fn outcome(output: Output) -> Outcome {
    Outcome {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Copies a folder, faces apart.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        let is_face = path
            .extension()
            .is_some_and(|ending| ending == "otf" || ending == "ttf");
        if path.is_dir() {
            copy(&path, &target);
        } else if !is_face {
            fs::copy(&path, &target).unwrap();
        }
    }
}
