//! Times a program: `stopwatch COUNT PREPARE PROGRAM ARGUMENT...` prints the median in milliseconds.
//!
//! A shell takes longer to start a program than `secrets` takes for a Secret, so `benches/compare`
//! leaves that to this. Before each run `sh -c PREPARE` is run, which does not count. Standard input is
//! the file `STOPWATCH_INPUT`, if that is set; what the program prints is dropped. Exit codes that are
//! no failure beside 0 are named in `STOPWATCH_EXITS`, as `1 3`.
#![allow(clippy::print_stdout, missing_docs)]

use std::error::Error;
use std::fs::File;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let count: usize = arguments
        .next()
        .and_then(|count| count.to_str()?.parse().ok())
        .ok_or("usage: stopwatch COUNT PREPARE PROGRAM ARGUMENT...")?;
    let prepare = arguments.next().ok_or("PREPARE is missing")?;
    let program = arguments.next().ok_or("PROGRAM is missing")?;
    let arguments: Vec<_> = arguments.collect();
    let input = std::env::var_os("STOPWATCH_INPUT");
    let exits = std::env::var("STOPWATCH_EXITS").unwrap_or_default();
    let allowed = |code: Option<i32>| {
        let mut codes = exits
            .split_whitespace()
            .filter_map(|code| code.parse().ok());
        code == Some(0) || codes.any(|allowed| code == Some(allowed))
    };
    let mut times: Vec<Duration> = Vec::with_capacity(count);
    for _ in 0..count {
        if !prepare.is_empty()
            && !Command::new("sh")
                .arg("-c")
                .arg(&prepare)
                .status()?
                .success()
        {
            return Err("PREPARE failed".into());
        }
        let stdin = match &input {
            Some(path) => Stdio::from(File::open(path)?),
            None => Stdio::null(),
        };
        let mut command = Command::new(&program);
        command.args(&arguments).stdin(stdin).stdout(Stdio::null());
        let start = Instant::now();
        let status = command.status()?;
        times.push(start.elapsed());
        if !allowed(status.code()) {
            return Err(format!("{}: {status}", program.display()).into());
        }
    }
    times.sort_unstable();
    let median = times.get(times.len() / 2).ok_or("COUNT is 0")?;
    println!("{:.1}", median.as_secs_f64() * 1000.0);
    Ok(())
}
