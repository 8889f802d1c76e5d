//! `shipway train …`: one file per question.

mod change;
mod depart;
mod event;
mod look;
mod past;
pub mod station;

pub use past::Said;

use crate::cli::train::{TrainArgs, TrainCommand};
use crate::error::CommandError;
use crate::session::Session;
use shipway_train::pack::Shape;
use station::Station;

pub fn run(session: &Session, args: &TrainArgs) -> Result<(), CommandError> {
    let station = Station::look(session, args)?;
    // A common calendar has no engine that pins anybody.
    let of_calendars = matches!(
        args.command,
        TrainCommand::Status(_) | TrainCommand::Where(_) | TrainCommand::Lint
    );
    if station.pack.shape == Shape::Cycle && !of_calendars {
        return Err(CommandError::usage(format!(
            "the rules of {} are those of a calendar, without an engine and its pins",
            station.train.name
        ))
        .hinted("status, where and lint answer for such a train"));
    }
    match &args.command {
        TrainCommand::Status(args) => look::status(session, &station, args),
        TrainCommand::Where(args) => change::place(session, &station, args),
        TrainCommand::Ship(args) => look::ship(session, &station, args),
        TrainCommand::Radar(args) => look::radar(session, &station, args),
        TrainCommand::Bump(args) => change::bump(session, &station, args),
        TrainCommand::Switch(args) => change::switch(session, &station, args),
        TrainCommand::Backports(args) => look::backports(session, &station, args),
        TrainCommand::OpenPreRelease(args) => {
            event::run(session, &station, "open-pre-release", args)
        }
        TrainCommand::Freeze(args) => event::run(session, &station, "declare-freeze", args),
        TrainCommand::Thaw(args) => event::run(session, &station, "thaw", args),
        TrainCommand::Depart(args) => depart::run(session, &station, args),
        TrainCommand::Replay(args) => past::replay(session, &station, args),
        TrainCommand::Lint => look::lint(session, &station),
        TrainCommand::Simulate(args) => past::simulate(session, &station, args),
    }
}
