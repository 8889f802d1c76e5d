//! The real pypiserver, as a child process on a free port of loopback.
//!
//! Invariants: it serves one directory, never forwards to another index, and ends when the value is dropped or the process that
//! holds it ends in any way, also by SIGKILL and with the value in a static.

use std::ffi::OsString;
use std::io::{Error, Result};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Tries to find a port that stays free until the server has it.
const PORTS: u32 = 5;

/// Runs the rest of the arguments until they end by themselves or standard input does.
const UNTIL_LEFT_ALONE: &str = r#"
exec 3<&0
"$@" </dev/null 3<&- & server=$!
{ read -r _ <&3; kill -9 "$server"; } & watch=$!
wait "$server"
kill "$watch"
"#;

/// A running pypiserver.
pub struct PypiServer {
    child: Child,
    port: u16,
    directory: PathBuf,
}

/// The program to run: what the caller's environment names, or the one in the checkout's test environment.
pub fn find(named: Option<OsString>, workspace: &Path) -> Option<PathBuf> {
    let program = named.map_or_else(
        || workspace.join(".cache/test-venv/bin/pypi-server"),
        PathBuf::from,
    );
    program.is_file().then_some(program)
}

impl PypiServer {
    /// Serves this directory, which may hold files already. Everybody may upload.
    pub fn start(program: &Path, directory: &Path) -> Result<Self> {
        let mut last = Error::other("no free port");
        for _ in 0..PORTS {
            let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
            let child = Command::new("sh")
                .args(["-c", UNTIL_LEFT_ALONE, "pypiserver"])
                .arg(program)
                .args(["run", "-i", "127.0.0.1", "-p", &port.to_string()])
                .args([
                    "-P",
                    ".",
                    "-a",
                    ".",
                    "--disable-fallback",
                    "--backend",
                    "simple-dir",
                ])
                .arg(directory)
                .env_clear()
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()?;
            let mut server = Self {
                child,
                port,
                directory: directory.to_owned(),
            };
            match server.wait() {
                Ok(()) => return Ok(server),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// `http://127.0.0.1:PORT`; uploads go to its root, the simple API is below `/simple/`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where the files are.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Until it accepts connections, or ended, or half a minute passed.
    fn wait(&mut self) -> Result<()> {
        for _ in 0..600 {
            if let Some(status) = self.child.try_wait()? {
                return Err(Error::other(format!("pypiserver ended: {status}")));
            }
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Err(Error::other("pypiserver does not listen"))
    }
}

impl Drop for PypiServer {
    fn drop(&mut self) {
        // The shell notices, and kills the server.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
