//! The command line: names, arguments and help texts, nothing else.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Carry out a project's release process: planned, resumable, provable
#[derive(Parser, Debug)]
#[command(
    name = "shipway",
    version,
    max_term_width = 100,
    arg_required_else_help = true
)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Args, Debug, Clone)]
pub struct Global {
    /// Print data as JSON on standard output
    #[arg(long, global = true)]
    pub json: bool,
    /// Work in this directory
    #[arg(
        short = 'C',
        long = "directory",
        global = true,
        value_name = "DIR",
        default_value = "."
    )]
    pub directory: PathBuf,
    /// Keep the journal and the artifacts here [default: $SHIPWAY_STATE, or shipway in the user's state directory]
    #[arg(long, global = true, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// When to use colours
    #[arg(long, global = true, value_enum, default_value_t = Colour::Auto)]
    pub color: Colour,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    Auto,
    Always,
    Never,
}

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Look at the repository and write a shipway.toml for it
    Init(InitArgs),
    /// Check configuration, tools, credentials, destinations and repository; change nothing
    Check(VersionArgs),
    /// Print everything that a release will do, in order, and why
    Plan(PlanArgs),
    /// Carry out a plan
    Release(ReleaseArgs),
    /// Show how a run stands
    Status(RunArg),
    /// Print the events of a run, or the output of one step
    Log(LogArgs),
    /// List all runs
    Runs,
    /// Carry on with a run that was stopped, interrupted or killed
    Resume(ResumeArgs),
    /// Approve what a run asks for
    Approve(DecideArgs),
    /// Reject what a run asks for: everything that can be taken back is taken back
    Reject(DecideArgs),
    /// Say that a task is done, or that a step whose answer was lost did happen
    Done(DecideArgs),
    /// Say that a step whose answer was lost did not happen, so that it is done again
    Repeat(DecideArgs),
    /// Take back what a run did, as long as everything can be taken back
    Rollback(RollbackArgs),
    /// Read everything that a run published back and compare it
    Verify(VerifyArgs),
    /// Write one HTML page about a run, readable offline
    Report(ReportArgs),
    /// Write the workflow file that runs the same process in CI
    Ci(CiArgs),
    /// Print the completion script of a shell
    Completions { shell: clap_complete::Shell },
}

#[derive(Args, Debug)]
pub struct InitArgs {
    /// Replace a shipway.toml that exists
    #[arg(long)]
    pub force: bool,
    /// Print it instead of writing it
    #[arg(long)]
    pub print: bool,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum LevelArg {
    Patch,
    Minor,
    Major,
}

/// Which version to release; without any of these, the commits since the last release decide
#[derive(Args, Debug, Clone, Default)]
pub struct VersionArgs {
    /// Raise this part of the version
    #[arg(value_enum)]
    pub level: Option<LevelArg>,
    /// Release exactly this version
    #[arg(long, value_name = "VERSION", conflicts_with_all = ["level", "pre"])]
    pub version: Option<String>,
    /// Make it a pre-release of this kind
    #[arg(long, value_name = "KIND", value_parser = ["alpha", "beta", "rc"])]
    pub pre: Option<String>,
    /// Release what this tag names: it exists already, and nothing is committed
    #[arg(long, value_name = "TAG", conflicts_with_all = ["level", "version", "pre"])]
    pub tag: Option<String>,
}

#[derive(Args, Debug)]
pub struct PlanArgs {
    #[command(flatten)]
    pub version: VersionArgs,
    /// Write the plan as JSON, to be reviewed and run later with release --plan
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Leave out diffs, commands and reasons
    #[arg(long)]
    pub brief: bool,
}

#[derive(Args, Debug)]
pub struct Driving {
    /// Wait for people instead of ending with exit code 5
    #[arg(long)]
    pub wait: bool,
    /// Do this many things side by side at most [default: number of cores]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub jobs: Option<u16>,
}

#[derive(Args, Debug)]
pub struct ReleaseArgs {
    #[command(flatten)]
    pub version: VersionArgs,
    /// Carry out this plan, which plan -o wrote
    #[arg(long, value_name = "FILE", conflicts_with_all = ["level", "version", "pre", "tag"])]
    pub plan: Option<PathBuf>,
    /// Start without asking
    #[arg(short, long)]
    pub yes: bool,
    #[command(flatten)]
    pub driving: Driving,
}

#[derive(Args, Debug)]
pub struct RunArg {
    /// Beginning of the run's id [default: this project's latest run]
    #[arg(value_name = "RUN")]
    pub run: Option<String>,
}

#[derive(Args, Debug)]
pub struct LogArgs {
    #[command(flatten)]
    pub run: RunArg,
    /// Print the whole output of this step instead
    #[arg(long, value_name = "STEP")]
    pub step: Option<String>,
}

#[derive(Args, Debug)]
pub struct ResumeArgs {
    #[command(flatten)]
    pub run: RunArg,
    #[command(flatten)]
    pub driving: Driving,
}

#[derive(Args, Debug)]
pub struct DecideArgs {
    /// Step that the decision is about [default: the only one that asks]
    #[arg(value_name = "STEP")]
    pub step: Option<String>,
    /// Beginning of the run's id [default: this project's latest run]
    #[arg(long, value_name = "RUN")]
    pub run: Option<String>,
    /// Who decides [default: the name that git knows]
    #[arg(long = "as", value_name = "NAME")]
    pub who: Option<String>,
    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
    /// Decide only if what is approved has this digest (a beginning is enough)
    #[arg(long, value_name = "DIGEST")]
    pub subject: Option<String>,
}

#[derive(Args, Debug)]
pub struct RollbackArgs {
    #[command(flatten)]
    pub run: RunArg,
    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
}

#[derive(Args, Debug)]
pub struct VerifyArgs {
    #[command(flatten)]
    pub run: RunArg,
    /// Check the journal itself instead: every run's chain of hashes, every artifact's digest
    #[arg(long, conflicts_with = "run")]
    pub journal: bool,
}

#[derive(Args, Debug)]
pub struct ReportArgs {
    #[command(flatten)]
    pub run: RunArg,
    /// File that gets the page [default: beside the run's logs]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub struct CiArgs {
    /// Whose CI
    #[arg(value_enum)]
    pub forge: Forge,
    /// Print it instead of writing it
    #[arg(long)]
    pub print: bool,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forge {
    Github,
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_consistent() {
        <super::Cli as clap::CommandFactory>::command().debug_assert();
    }
}
