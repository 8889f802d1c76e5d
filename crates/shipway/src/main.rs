#[allow(dead_code, reason = "the command line calls it once it is wired")]
mod init;

fn main() {}
