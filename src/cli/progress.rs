//! How far a run is: a bar on a terminal, plain lines elsewhere; and the
//! interrupt that ends it.

use std::io::{self, IsTerminal};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};

use indicatif::{ProgressBar, ProgressStyle};

use super::STOPPED;
use super::render::Stopwatch;
use crate::batch;

/// Seconds between two plain lines.
const PAUSE: f64 = 5.0;
/// Fewer than so many documents need no bar.
const MIN_BAR: usize = 20;

/// Set by the first interrupt.
static STOP: AtomicBool = AtomicBool::new(false);

/// Whether somebody wants the run to end. From here on, the first interrupt
/// lets files in hand be finished, the second ends the program.
pub(super) fn stop_on_interrupt() -> &'static AtomicBool {
    // If it cannot be set, an interrupt ends the program as ever.
    let _ = ctrlc::set_handler(|| {
        if STOP.swap(true, Ordering::Relaxed) {
            std::process::exit(STOPPED.into());
        }
        eprintln!("\n正在中断：写完手上的文件就停；再按一次 Ctrl-C 立即结束");
    });
    &STOP
}

/// Shows how far a run is.
pub(super) struct Progress {
    bar: ProgressBar,
    lines: Option<Mutex<Lines>>,
}

struct Lines {
    clock: Stopwatch,
    total: usize,
    done: usize,
    /// When the last line was written, in seconds.
    last: f64,
}

impl Progress {
    /// A bar on a terminal, plain lines otherwise, nothing if `quiet`.
    pub(super) fn new(quiet: bool) -> Self {
        let terminal = io::stderr().is_terminal();
        Self {
            bar: ProgressBar::hidden(),
            lines: (!quiet).then(|| {
                Mutex::new(Lines {
                    clock: Stopwatch::start(),
                    total: 0,
                    done: 0,
                    last: 0.0,
                })
            }),
        }
        .on_terminal(terminal && !quiet)
    }

    fn on_terminal(mut self, terminal: bool) -> Self {
        if terminal {
            let style = "{wide_bar} {pos}/{len}  已用 {elapsed}，约剩 {eta}";
            let style = ProgressStyle::with_template(style);
            self.bar = ProgressBar::no_length()
                .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            self.lines = None;
        }
        self
    }

    /// Takes news of the run in.
    pub(super) fn hear(&self, news: batch::Progress) {
        match news {
            batch::Progress::Planned(total) if total >= MIN_BAR => {
                self.bar.set_length(total as u64);
                self.bar.tick();
            }
            batch::Progress::Planned(_) => self.bar.finish_and_clear(),
            batch::Progress::Done => self.bar.inc(1),
        }
        let Some(lines) = &self.lines else {
            return;
        };
        let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
        match news {
            batch::Progress::Planned(total) => lines.total = total,
            batch::Progress::Done => lines.done += 1,
        }
        let now = lines.clock.seconds();
        if now - lines.last >= PAUSE {
            lines.last = now;
            eprintln!("已完成 {}/{}", lines.done, lines.total);
        }
    }

    /// Takes the bar away.
    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }
}
