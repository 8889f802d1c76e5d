//! `shipway train …`: arguments and help texts.

use super::Driving;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

#[derive(Args, Debug)]
pub struct TrainArgs {
    /// The train's file [default: train.toml here or above]
    #[arg(long, global = true, value_name = "FILE")]
    pub train: Option<PathBuf>,
    /// Judge as of this date instead of now: 2026-07-22, or with a time 2026-07-22T18:00:00Z
    #[arg(long, global = true, value_name = "DATE")]
    pub at: Option<String>,
    #[command(subcommand)]
    pub command: TrainCommand,
}

#[derive(Subcommand, Debug)]
pub enum TrainCommand {
    /// Show lines, phase, dates, what blocks departure, who can act, and the cheapest way out
    Status(StatusArgs),
    /// Say where a change goes: the branch to merge into, or a refusal with the rule and the cheapest way out
    Where(WhereArgs),
    /// Name the exact commit of every member that a release ships, and why that one
    Ship(VersionArg),
    /// List pins that must still move before departure, and what else will be in its way
    Radar(RadarArgs),
    /// Make one reviewable commit that moves the engine's pins to what the rules say
    Bump(BumpArgs),
    /// Say whether a member may change its branch type, and at which commits the branch may be made
    Switch(SwitchArgs),
    /// Show which fix is on which supported line, what is missing since when, and forward merges that are owed
    Backports(BackportsArgs),
    /// Say what opening the pre-release needs; with --write, note it in the train's file
    OpenPreRelease(EventArgs),
    /// Say what declaring the feature freeze needs; with --write, note it in the train's file
    Freeze(EventArgs),
    /// Take back a freeze; with --write, note it in the train's file
    Thaw(EventArgs),
    /// Tag every member and the engine as one run, which resumes and never tags twice
    Depart(DepartArgs),
    /// Say what the policy would have said on each day, from git alone
    Replay(ReplayArgs),
    /// Hold the whole train against its rules, and the rules against themselves
    Lint,
    /// Estimate the chance to leave on time, from the train's own past
    Simulate(SimulateArgs),
}

#[derive(Args, Debug, Default)]
pub struct StatusArgs {
    /// Write one HTML page instead
    #[arg(long, value_name = "FILE", conflicts_with = "line")]
    pub html: Option<PathBuf>,
    /// Print one line, for a chat
    #[arg(long)]
    pub line: bool,
}

#[derive(Args, Debug)]
#[group(required = true, multiple = false, id = "kind")]
pub struct ChangeKind {
    /// The change repairs something
    #[arg(long, group = "kind")]
    pub fix: bool,
    /// The change adds something
    #[arg(long, group = "kind")]
    pub feature: bool,
}

#[derive(Args, Debug)]
pub struct WhereArgs {
    #[command(flatten)]
    pub kind: ChangeKind,
    /// Release that it is wanted in: 1.4.5
    #[arg(long = "for", value_name = "VERSION")]
    pub version: String,
    /// Member that it changes [default: the engine]
    #[arg(long, value_name = "NAME")]
    pub member: Option<String>,
    /// Commit that is to be moved: says also which lines have it already
    #[arg(long, value_name = "SHA")]
    pub commit: Option<String>,
}

#[derive(Args, Debug)]
pub struct VersionArg {
    /// Release: v1.5.5
    #[arg(value_name = "VERSION")]
    pub version: String,
}

#[derive(Args, Debug)]
pub struct RadarArgs {
    /// Day of departure: 2026-07-22 [default: the next planned release]
    #[arg(long, value_name = "DATE")]
    pub departs: Option<String>,
}

#[derive(Args, Debug)]
pub struct BumpArgs {
    /// Members whose pins move
    #[arg(value_name = "MEMBER", required_unless_present = "all")]
    pub members: Vec<String>,
    /// Every pin that the rules want elsewhere
    #[arg(long)]
    pub all: bool,
    /// Of this release [default: the next planned one]
    #[arg(long = "for", value_name = "VERSION")]
    pub version: Option<String>,
    /// Make the commit on a branch of this name; without it the diff is printed
    #[arg(long, value_name = "BRANCH")]
    pub branch: Option<String>,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum BranchTypeArg {
    Single,
    Two,
    Three,
}

#[derive(Args, Debug)]
pub struct SwitchArgs {
    /// Member
    #[arg(value_name = "MEMBER")]
    pub member: String,
    /// Branch type that it gets
    #[arg(value_enum, value_name = "TYPE")]
    pub to: BranchTypeArg,
    /// Make the branch here, in the member's mirror
    #[arg(long, value_name = "SHA")]
    pub create: Option<String>,
}

#[derive(Args, Debug, Default)]
pub struct BackportsArgs {
    /// Of this member [default: the engine and all members]
    #[arg(long, value_name = "NAME")]
    pub member: Option<String>,
    /// Only fixes that some supported line lacks
    #[arg(long)]
    pub missing: bool,
}

#[derive(Args, Debug, Default)]
pub struct EventArgs {
    /// Note the event, dated now or as of --at, if nothing stands against it
    #[arg(long)]
    pub write: bool,
}

#[derive(Args, Debug)]
pub struct DepartArgs {
    /// Release: v1.5.5
    #[arg(value_name = "VERSION")]
    pub version: String,
    /// Print everything that will be done, and stop
    #[arg(long)]
    pub plan_only: bool,
    /// Start without asking
    #[arg(short, long)]
    pub yes: bool,
    #[command(flatten)]
    pub driving: Driving,
}

#[derive(Args, Debug)]
pub struct ReplayArgs {
    /// First day: 2025-01-01
    #[arg(long, value_name = "DATE")]
    pub from: String,
    /// Last day: 2025-12-31
    #[arg(long, value_name = "DATE")]
    pub to: String,
}

#[derive(Args, Debug)]
pub struct SimulateArgs {
    /// Day of departure [default: the next planned release]
    #[arg(long, value_name = "DATE")]
    pub departs: Option<String>,
    /// How many times the dice are thrown
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
    pub runs: u32,
    /// The same number gives the same answer
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
}
