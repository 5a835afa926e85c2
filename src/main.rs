//! The `secrets` program.
fn main() {}
