//! The `secrets` program.

#[allow(dead_code)] // until the commands use all of it
mod harden;
#[allow(dead_code)] // until the commands use all of it
mod ui;

fn main() {
    harden::harden();
}
