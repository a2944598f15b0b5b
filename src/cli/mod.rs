//! The command line: one file per command.
//!
//! `main` → [`args`] → a command → exit code. Only here are the environment
//! and the clock read, and only here is anything printed.

mod args;
mod batch;
mod check;
mod clean;
mod diff;
mod extract;
mod fonts;
mod form_check;
mod form_new;
mod forms;
mod guard;
mod merge;
mod progress;
mod render;
mod report;
mod setup;
mod verify;
mod watch;

use std::panic;
use std::process::ExitCode;

use args::Command;

use crate::diagnostic::Diagnostic;
use crate::error::{Error, Failure};

/// Everything came out.
const GOOD: u8 = 0;
/// Documents were wrong.
const DIAGNOSTICS: u8 = 1;
/// The command line or the set-up was wrong, or the system refused.
const USAGE: u8 = 2;
/// Somebody stopped it.
const STOPPED: u8 = 130;
/// A mistake of ours.
const INTERNAL: u8 = 255;

/// Runs the program on the process's arguments.
pub fn main() -> ExitCode {
    let code = match args::parse() {
        Ok(args) => panic::catch_unwind(|| run(args)).unwrap_or_else(|_| {
            eprintln!("程序内部错误，请把上面的信息连同所用的项目文件一起反馈。");
            INTERNAL
        }),
        Err(code) => code,
    };
    ExitCode::from(code)
}

fn run(args: args::Args) -> u8 {
    let json = args.command.wants_json();
    let result = match args.command {
        Command::Render(command) => render::execute(command),
        Command::Check(command) => check::execute(command),
        Command::Watch(command) => watch::execute(command),
        Command::Verify(command) => verify::execute(command),
        Command::Diff(command) => diff::execute(command),
        Command::Clean(command) => clean::execute(command),
        Command::Extract(command) => extract::execute(command),
        Command::Merge(command) => merge::execute(command),
        Command::Forms(command) => forms::execute(command),
        Command::Fonts(command) => fonts::execute(command),
        Command::Batch {
            command: args::BatchCommand::Template(command),
        } => batch::execute(command),
        Command::Form {
            command: args::FormCommand::New(command),
        } => form_new::execute(command),
        Command::Form {
            command: args::FormCommand::Check(command),
        } => form_check::execute(command),
    };
    match result {
        Ok(code) => code,
        Err(Failure::Rejected(diagnostics)) => {
            report::diagnostics(&diagnostics, json);
            DIAGNOSTICS
        }
        Err(Failure::Broken(error)) => {
            report::error(&error, json);
            exit_code(&error)
        }
    }
}

fn exit_code(error: &Error) -> u8 {
    match error {
        Error::Usage(_) | Error::Io { .. } => USAGE,
        Error::Internal(_) => INTERNAL,
    }
}

/// The exit code of diagnostics that did not stop the command.
fn verdict(diagnostics: &[Diagnostic]) -> u8 {
    if crate::diagnostic::any_error(diagnostics) {
        DIAGNOSTICS
    } else {
        GOOD
    }
}
