//! The most memory that merging may take.
//!
//! A template can double a text in each step of a loop; the template engine
//! counts steps, not bytes. So a thread watches the size of the whole process
//! and ends it. Knows nothing of templates.

use std::fs;
use std::process;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::{DIAGNOSTICS, report};
use crate::diagnostic::Diagnostic;

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(10);

/// Watches the process until it is dropped. Only where Linux tells the size.
pub(super) struct Guard {
    /// Nothing is sent: that it is gone ends the thread.
    held: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Guard {
    /// Ends the process, with a diagnostic, once it has more than these
    /// megabytes in memory.
    pub(super) fn start(limit: u64, json: bool) -> Self {
        let (held, gone) = mpsc::channel();
        let watch = move || {
            while let Err(RecvTimeoutError::Timeout) = gone.recv_timeout(PAUSE) {
                match resident() {
                    Some(kilobytes) if kilobytes > limit * 1000 => stop(limit, json),
                    Some(_) => {}
                    None => return,
                }
            }
        };
        Self {
            held: Some(held),
            thread: thread::Builder::new().spawn(watch).ok(),
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.held = None;
        // What is done next, such as writing a file, is not to be cut short.
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What the process has in memory, in kilobytes, if the system tells it.
fn resident() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

fn stop(limit: u64, json: bool) -> ! {
    let words = format!("合并要的内存超过 {limit} MB，已停止");
    let problem =
        Diagnostic::error("template/size", words).hint("检查模板里的循环和反复相接的文字");
    report::diagnostics(&[problem], json);
    process::exit(DIAGNOSTICS.into())
}
