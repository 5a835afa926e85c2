//! The `secrets` program.

mod cli;
mod commands;
mod context;
mod harden;
#[allow(dead_code)] // until the commands use all of it
mod ui;

use std::process::ExitCode;

use clap::Parser;

use cli::Cli;
use commands::Exit;
use context::Context;

/// Stack of the thread that does the work, in bytes. Documents nest up to 500 levels, and the first
/// thread of a process has as little as 1 MiB (Windows).
const STACK: usize = 16 * 1024 * 1024;

fn main() -> ExitCode {
    // What cannot be had is forbidden by a sandbox, which is no reason to refuse the work.
    let _ = harden::harden();
    let work = std::thread::Builder::new().stack_size(STACK).spawn(run);
    let exit = match work.map(std::thread::JoinHandle::join) {
        Ok(Ok(exit)) => exit,
        // The panic hook has said where.
        Ok(Err(_)) => Exit::Failed,
        // No memory for a stack of that size: small documents need less.
        Err(_) => run(),
    };
    ExitCode::from(exit.code())
}

fn run() -> Exit {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version go to standard output; a reader that is gone is no failure.
            let _ = error.print();
            return if error.use_stderr() {
                Exit::Failed
            } else {
                Exit::Done
            };
        }
    };
    let context = Context::from_process(cli.quiet);
    match commands::run(cli.command, &context) {
        Ok(exit) => exit,
        Err(errors) => context.report(&errors),
    }
}
