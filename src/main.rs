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

fn main() -> ExitCode {
    // What cannot be had is forbidden by a sandbox, which is no reason to refuse the work.
    let _ = harden::harden();
    ExitCode::from(run().code())
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
