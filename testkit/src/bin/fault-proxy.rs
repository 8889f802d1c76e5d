//! A proxy that commits one fault, as a program: what the benchmarks put between a publisher and a real server.
//!
//! `fault-proxy --to PORT --port-file FILE [--fault NAME --on METHOD PATHPREFIX [--met-file FILE]]`
//!
//! Faults: `500-after`, `504-after`, `reset-after` (the request is carried out), `504-before`, `reset-before`, `429` (it is not;
//! 429 asks for a second of patience). The first request with this method whose path begins with the prefix meets it; all others
//! pass. The met file is written at that moment, so that a run in which nobody met the fault can be told from one that survived.
//!
//! It writes the port that it listens on into the port file once it can be called, and stays up until it is killed.

use shipway_testkit::faults::Fault;
use shipway_testkit::http::Server;
use shipway_testkit::proxy::Proxy;
use std::io::{Error, ErrorKind, Result};
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[derive(Default)]
struct Told {
    to: Option<u16>,
    port_file: Option<PathBuf>,
    fault: Option<Fault>,
    on: Option<(String, String)>,
    met_file: Option<PathBuf>,
}

fn main() -> Result<()> {
    let told = read(std::env::args().skip(1))?;
    let to = told.to.ok_or_else(|| usage("--to is missing"))?;
    let port_file = told
        .port_file
        .ok_or_else(|| usage("--port-file is missing"))?;
    let server = Server::start(Arc::new(Proxy::to(to)));
    match (told.fault, told.on) {
        (None, None) => {}
        (Some(fault), Some((method, prefix))) => {
            let met_file = told.met_file;
            server.faults().when(
                move |request| {
                    let meets = request.method == method && request.path.starts_with(&prefix);
                    if meets && let Some(path) = &met_file {
                        // Without the file the caller takes the fault as not met: safe either way.
                        let _ = fs_err::write(path, format!("{method} {}\n", request.path));
                    }
                    meets
                },
                fault,
            );
        }
        _ => return Err(usage("--fault and --on go together")),
    }
    write_whole(&port_file, &server.port().to_string())?;
    loop {
        std::thread::park();
    }
}

fn read(mut arguments: impl Iterator<Item = String>) -> Result<Told> {
    let mut told = Told::default();
    while let Some(key) = arguments.next() {
        let mut value = || {
            arguments
                .next()
                .ok_or_else(|| usage(&format!("{key} needs a value")))
        };
        match key.as_str() {
            "--to" => {
                let port = value()?.parse();
                told.to = Some(port.map_err(|_| usage("--to needs a port"))?);
            }
            "--port-file" => told.port_file = Some(value()?.into()),
            "--met-file" => told.met_file = Some(value()?.into()),
            "--fault" => told.fault = Some(fault(&value()?)?),
            "--on" => told.on = Some((value()?, value()?)),
            _ => return Err(usage(&format!("there is no option {key}"))),
        }
    }
    Ok(told)
}

fn fault(name: &str) -> Result<Fault> {
    Ok(match name {
        "500-after" => Fault::StatusAfter(500),
        "504-after" => Fault::StatusAfter(504),
        "504-before" => Fault::StatusBefore(504),
        "reset-after" => Fault::ResetAfter,
        "reset-before" => Fault::ResetBefore,
        "429" => Fault::TooMany {
            retry_after_seconds: Some(1),
        },
        _ => return Err(usage(&format!("there is no fault {name}"))),
    })
}

/// Whoever waits for the file never reads half of it.
fn write_whole(path: &Path, text: &str) -> Result<()> {
    let new = path.with_extension("new");
    fs_err::write(&new, text)?;
    fs_err::rename(&new, path)
}

fn usage(why: &str) -> Error {
    Error::new(ErrorKind::InvalidInput, why.to_owned())
}
