//! `shipway train open-pre-release`, `freeze` and `thaw`: whether a transition may happen, and noting that it did.

use super::station::{Station, undecided};
use crate::cli::train::EventArgs;
use crate::error::CommandError;
use crate::exit::Exit;
use crate::output::document;
use crate::output::train;
use crate::session::Session;
use shipway_core::time::Timestamp;
use shipway_train::model::Train;
use std::fmt::Write as _;

pub fn run(
    session: &Session,
    station: &Station,
    event: &str,
    args: &EventArgs,
) -> Result<(), CommandError> {
    let facts = station.facts(session);
    let situation = station.situation(&facts);
    let check = situation
        .event(event, None, None)
        .map_err(|error| undecided(&error))?;
    let may = check.may_happen();
    let written = if args.write && may {
        note(station, event)?;
        true
    } else {
        false
    };
    if session.screen.json {
        session.screen.json(&document::of_train(
            "event",
            &serde_json::json!({"check": check, "may-happen": may, "written": written}),
        ));
    } else {
        let paint = session.screen.out();
        session.screen.data(&train::event(&check, written, paint));
    }
    if may {
        return Ok(());
    }
    Err(CommandError::new(Exit::GateFailed, format!("{event} may not happen now")).told())
}

/// Adds the event to the train's file, behind all that is there.
fn note(station: &Station, event: &str) -> Result<(), CommandError> {
    let mut text = station.text.clone();
    if !text.ends_with('\n') {
        text.push('\n');
    }
    let at = moment(station.at);
    let _ = write!(text, "\n[[log]]\ndate = {at}\nevent = {event:?}\n");
    // What would not be read again is not written.
    Train::parse(&text, "train.toml")
        .map_err(|error| CommandError::internal(format!("the event cannot be noted: {error}")))?;
    let beside = station.file.with_extension("toml.new");
    fs_err::write(&beside, &text)?;
    fs_err::rename(&beside, &station.file)?;
    Ok(())
}

/// As TOML writes a point in time, to the second.
fn moment(at: Timestamp) -> String {
    let text = Timestamp(at.seconds() * 1000).to_string();
    let (start, _) = text
        .split_once('.')
        .unwrap_or((text.trim_end_matches('Z'), ""));
    format!("{start}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_as_toml_reads_it() {
        let at = Timestamp::parse("2026-07-22T18:00:01.500Z").unwrap();
        assert_eq!(moment(at), "2026-07-22T18:00:01Z");
    }
}
