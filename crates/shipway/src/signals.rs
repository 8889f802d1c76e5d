//! Signals: the first asks to stop between steps, the second stops what is running.

use shipway_engine::Stop;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Listens from now on. `kill` is set by the second signal.
pub fn listen(stop: Arc<Stop>, kill: Arc<AtomicBool>) -> std::io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            for (number, signal) in signals.forever().enumerate() {
                if number == 0 {
                    stop.request(match signal {
                        SIGINT => "Ctrl-C",
                        SIGTERM => "SIGTERM",
                        _ => "the terminal hung up",
                    });
                } else {
                    kill.store(true, Ordering::Relaxed);
                }
            }
        })?;
    Ok(())
}
