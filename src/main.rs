//! The program: arguments in, exit code out.

use std::process::ExitCode;

/// Export allocates much and briefly; this allocator takes it better.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    tianbao::cli::main()
}
