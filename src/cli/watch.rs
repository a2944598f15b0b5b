//! `tianbao watch`: renders again what an edit touches.
//!
//! Each round is a `render` that finds for itself what changed; watching only
//! says when. Faces and packs stay in memory until one of their files changes.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};

use super::args::{Format, Render, Watch};
use super::progress::stop_on_interrupt;
use super::render::{Stopwatch, make, plan, wishes};
use super::{GOOD, report, setup};
use crate::batch::Member;
use crate::error::{Error, Failure};
use crate::project::{folder_of, real};
use crate::render::Renderer;

/// How long it must be quiet after an edit: editors write in several steps.
const QUIET: Duration = Duration::from_millis(40);
/// How long edits may go on before the first of them is rendered.
const MOST: f64 = 0.5;
/// How often the interrupt is looked for.
const TICK: Duration = Duration::from_millis(200);
/// Endings of files that may be or become projects.
const ENDINGS: [&str; 4] = ["yaml", "yml", "csv", "xlsx"];

/// Endings of files that a run writes.
const MADE: [&str; 5] = ["pdf", "docx", "zip", "typ", "json"];

pub(super) fn execute(command: Watch) -> Result<u8, Failure> {
    let stop = stop_on_interrupt();
    let command = command.render;
    let (sender, events) = channel();
    let watcher = notify::recommended_watcher(sender).map_err(refused)?;
    let mut watched = Watched::new(watcher, &command)?;
    let mut renderer = Some(self::renderer(&command)?);
    // A mistake in the command line is better said at once than watched.
    round(&command, renderer.as_ref(), &mut watched)?;
    if command.input.place.format == Format::Text && !command.quiet {
        let count = watched.folders.len();
        eprintln!("正在监视 {count} 个文件夹，按 Ctrl-C 结束");
    }
    while !stop.load(Ordering::Relaxed) {
        let Some(touched) = watched.next(&events)? else {
            continue;
        };
        if touched.packs || renderer.is_none() {
            renderer = shown(self::renderer(&command), &command);
        }
        let made = round(&command, renderer.as_ref(), &mut watched);
        shown(made, &command);
    }
    Ok(GOOD)
}

fn renderer(command: &Render) -> Result<Renderer, Failure> {
    let (place, document) = (&command.input.place, &command.document);
    Ok(setup::renderer(place, document, &command.to)?)
}

/// What came out; what went wrong is shown, and watching goes on.
fn shown<T>(result: Result<T, Failure>, command: &Render) -> Option<T> {
    let json = command.input.place.format == Format::Json;
    match result {
        Ok(value) => return Some(value),
        Err(Failure::Rejected(found)) => report::diagnostics(&found, json),
        Err(Failure::Broken(error)) => report::error(&error, json),
    }
    None
}

/// Renders what changed, and watches whatever was read for it.
fn round(
    command: &Render,
    renderer: Option<&Renderer>,
    watched: &mut Watched,
) -> Result<(), Failure> {
    let Some(renderer) = renderer else {
        return Ok(());
    };
    let clock = Stopwatch::start();
    let plan = plan(command, renderer)?;
    let run = make(command, renderer, &plan)?;
    report::run(&run, "生成", clock.seconds(), &wishes(command));
    let members = plan.members.iter().map(Member::path);
    let others = run.bases.iter().chain(&plan.sources).map(PathBuf::as_path);
    for file in members.chain(others) {
        watched.add_file(file)?;
    }
    Ok(())
}

/// What the watcher looks at, and what of it counts.
struct Watched {
    watcher: RecommendedWatcher,
    /// Folders that are watched, by their real paths.
    folders: BTreeSet<PathBuf>,
    /// Files that projects are read from, wherever they are.
    files: BTreeSet<PathBuf>,
    /// Folders of packs and faces.
    packs: Vec<PathBuf>,
    /// Where artifacts go: what happens there is our own doing.
    out: PathBuf,
}

/// What a burst of edits touched.
struct Touched {
    /// Packs, the library or faces.
    packs: bool,
}

impl Watched {
    fn new(watcher: RecommendedWatcher, command: &Render) -> Result<Self, Failure> {
        let templates = setup::templates(&command.input.place)?;
        let mut packs = vec![real(templates.folder())];
        packs.extend(
            setup::font_folders(&command.document.pdf.faces)
                .iter()
                .map(|path| real(path)),
        );
        let mut watched = Self {
            watcher,
            folders: BTreeSet::new(),
            files: BTreeSet::new(),
            out: real(&command.out),
            packs: packs.clone(),
        };
        for folder in packs {
            watched.add_folder(&folder, RecursiveMode::Recursive)?;
        }
        for path in &command.input.paths {
            match path.is_dir() {
                true => watched.add_folder(&real(path), RecursiveMode::Recursive)?,
                false => watched.add_file(path)?,
            }
        }
        Ok(watched)
    }

    fn add_folder(&mut self, folder: &Path, mode: RecursiveMode) -> Result<(), Failure> {
        if self.folders.insert(folder.to_owned()) {
            self.watcher.watch(folder, mode).map_err(refused)?;
        }
        Ok(())
    }

    /// A file is watched through its folder, because editors replace files.
    fn add_file(&mut self, file: &Path) -> Result<(), Failure> {
        let folder = real(folder_of(file));
        self.files
            .insert(folder.join(file.file_name().unwrap_or_default()));
        let covered = self.folders.iter().any(|known| folder.starts_with(known));
        match covered || !folder.is_dir() {
            true => Ok(()),
            false => self.add_folder(&folder, RecursiveMode::NonRecursive),
        }
    }

    /// The next burst of edits that counts; `None` after a while without any.
    fn next(
        &self,
        events: &Receiver<notify::Result<notify::Event>>,
    ) -> Result<Option<Touched>, Failure> {
        let mut touched = Touched { packs: false };
        let mut any = false;
        let mut wait = TICK;
        let clock = Stopwatch::start();
        loop {
            match events.recv_timeout(wait) {
                Ok(Ok(event)) => {
                    let counts = self.counts(&event, &mut touched);
                    any |= counts;
                    if any {
                        wait = QUIET;
                    }
                    if any && clock.seconds() > MOST {
                        return Ok(Some(touched));
                    }
                }
                // Events were lost: whatever changed is found by looking.
                Ok(Err(_)) => {
                    any = true;
                    touched.packs = true;
                }
                Err(RecvTimeoutError::Timeout) => return Ok(any.then_some(touched)),
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Error::Internal("监视中断了".into()).into());
                }
            }
        }
    }

    fn counts(&self, event: &notify::Event, touched: &mut Touched) -> bool {
        if matches!(event.kind, EventKind::Access(_)) {
            return false;
        }
        let mut any = false;
        for path in &event.paths {
            let ending = path.extension().unwrap_or_default().to_string_lossy();
            let ending = ending.to_lowercase();
            let is_ours = MADE.contains(&ending.as_str());
            if path.starts_with(&self.out)
                && (is_ours || path.starts_with(self.out.join(crate::output::MEMORY)))
            {
                continue;
            }
            if self.packs.iter().any(|folder| path.starts_with(folder)) {
                touched.packs = true;
                any = true;
            }
            any |= self.files.contains(path) || ENDINGS.contains(&ending.as_str());
        }
        any
    }
}

fn refused(error: notify::Error) -> Failure {
    Error::Usage(format!("无法监视文件：{error}")).into()
}
