//! The command line: names, arguments and help texts, nothing else.

pub mod train;

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Options of every command stand apart in the help.
const GLOBAL: &str = "Global options";

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
    /// Print data as JSON on standard output (schema/ describes it)
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub json: bool,
    /// Work as if started in this directory
    #[arg(
        short = 'C',
        long = "directory",
        global = true,
        help_heading = GLOBAL,
        value_name = "DIR",
        default_value = "."
    )]
    pub directory: PathBuf,
    /// Keep the journal and the artifacts here [default: $SHIPWAY_STATE, or $XDG_STATE_HOME/shipway, or
    /// ~/.local/state/shipway]
    #[arg(long, global = true, help_heading = GLOBAL, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// When to use colours; auto is on a terminal and without NO_COLOR
    #[arg(long, global = true, help_heading = GLOBAL, value_enum, default_value_t = Colour::Auto)]
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
    /// Print everything that a release will do, in order, and why; change nothing
    Plan(PlanArgs),
    /// Make a plan, show it, and carry out exactly that (or a plan that was written before)
    Release(ReleaseArgs),
    /// Show how a run stands: every step, what is public, what to do next
    Status(RunArg),
    /// Print the events of a run, or the output of one step
    Log(LogArgs),
    /// List all runs of all projects, oldest first
    Runs,
    /// Carry on with a run that waited, failed, was interrupted or was killed
    Resume(ResumeArgs),
    /// Approve the plan and the sealed files of a run that asks for it
    Approve(DecideArgs),
    /// Say no to an approval, or that a task cannot be done: the run is taken back when it is resumed
    Reject(DecideArgs),
    /// Say that a task is done, or that a step whose answer was lost did happen
    Done(DecideArgs),
    /// Say that a step whose answer was lost did not happen, so that it is done again
    Repeat(DecideArgs),
    /// Take back what a run did; possible until the point of no return
    Rollback(RollbackArgs),
    /// Withdraw a published version: have it yanked, mark its release, tell its users
    Withdraw(WithdrawArgs),
    /// Read back everything that a run published, and compare digests
    Verify(VerifyArgs),
    /// Write one HTML page about a run, readable offline
    Report(ReportArgs),
    /// Say what the current version is, what the next one will be, and why; per component
    Version(NextArgs),
    /// Print what the changelog would say; rewrite or check it
    Changelog(ChangelogArgs),
    /// List the releases and what each brought, or the first releases that contain a commit
    History(HistoryArgs),
    /// Write down what a change means for users, for those who do not put it into commits
    #[command(subcommand)]
    Change(ChangeCommand),
    /// Run a train: one release over many repositories, by rules that are data
    Train(train::TrainArgs),
    /// Write the workflow file that runs the same process in CI
    Ci(CiArgs),
    /// Print a completion script
    Completions {
        /// Shell that reads it
        shell: clap_complete::Shell,
    },
    /// Look whether something outside was done: what the probes of tasks run
    #[command(hide = true, subcommand)]
    Probe(Probe),
}

#[derive(Args, Debug)]
pub struct InitArgs {
    /// Replace a shipway.toml that exists
    #[arg(long)]
    pub force: bool,
    /// Print the file instead of writing it
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
    /// Raise this part of the version [default: what the commits since the last release ask for]
    #[arg(value_enum)]
    pub level: Option<LevelArg>,
    /// Release exactly this version
    #[arg(long, value_name = "VERSION", conflicts_with_all = ["level", "pre"])]
    pub version: Option<String>,
    /// Make it a pre-release of this kind: alpha, beta, rc, or under SemVer a channel of your own; the next minor as
    /// 1.3.0rc1, then 1.3.0rc2
    #[arg(long, value_name = "KIND")]
    pub pre: Option<String>,
    /// Release a version of this maintained series from its branch: 1.4
    #[arg(long, value_name = "LINE")]
    pub line: Option<String>,
    /// Release this component of the repository
    #[arg(long, value_name = "NAME")]
    pub component: Option<String>,
    /// Release the commit of this tag, which exists already: nothing is committed or pushed
    #[arg(long, value_name = "TAG", conflicts_with_all = ["level", "version", "pre"])]
    pub tag: Option<String>,
}

#[derive(Args, Debug)]
pub struct PlanArgs {
    #[command(flatten)]
    pub version: VersionArgs,
    /// Write the plan to this file too, to be reviewed and carried out later with release --plan
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Leave out diffs, commands and reasons
    #[arg(long)]
    pub brief: bool,
}

#[derive(Args, Debug)]
pub struct Driving {
    /// Where a person is needed, wait for approve or done from elsewhere instead of ending with exit code 5
    #[arg(long)]
    pub wait: bool,
    /// Carry out at most this many steps side by side [default: number of cores]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub jobs: Option<u16>,
}

#[derive(Args, Debug)]
pub struct ReleaseArgs {
    #[command(flatten)]
    pub version: VersionArgs,
    /// Carry out this file, which plan -o wrote; refused if the world has moved since
    #[arg(long, value_name = "FILE", conflicts_with_all = ["level", "version", "pre", "tag"])]
    pub plan: Option<PathBuf>,
    /// Start without the question at the beginning; approvals and tasks are asked for all the same
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
    /// Print the whole output of this step's commands instead
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
    /// Step that the decision is about [default: the only one that asks for such a decision]
    #[arg(value_name = "STEP")]
    pub step: Option<String>,
    /// Beginning of the run's id [default: this project's latest run]
    #[arg(long, value_name = "RUN")]
    pub run: Option<String>,
    /// Who decides [default: user.name and user.email of git]
    #[arg(long = "as", value_name = "NAME")]
    pub who: Option<String>,
    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    pub note: Option<String>,
    /// Decide only if this is the digest of what is asked about (a beginning is enough)
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

/// Nothing is deleted: tag and files stay, and who pinned the version keeps getting it
#[derive(Args, Debug)]
pub struct WithdrawArgs {
    /// Version, or beginning of its run's id [default: this project's latest release]
    #[arg(value_name = "RUN|VERSION")]
    pub which: Option<String>,
    /// What is wrong with it, in one line that users will read
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Print what would be done, and stop
    #[arg(long)]
    pub plan_only: bool,
    /// Start without asking
    #[arg(short, long)]
    pub yes: bool,
    #[command(flatten)]
    pub driving: Driving,
}

#[derive(Subcommand, Debug)]
pub enum Probe {
    /// Succeed once every file of a version is yanked from an index, or gone
    Yanked(YankedArgs),
}

#[derive(Args, Debug)]
pub struct YankedArgs {
    /// Address of the simple API
    #[arg(long, value_name = "URL")]
    pub index: String,
    /// Project on the index
    #[arg(long, value_name = "NAME")]
    pub project: String,
    /// Version whose files are looked at
    #[arg(long, value_name = "VERSION")]
    pub version: String,
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

/// Without a shipway.toml, tags and files say what can be said
#[derive(Args, Debug, Default)]
pub struct NextArgs {
    /// Components to tell of [default: all that have a next version]
    #[arg(value_name = "COMPONENT")]
    pub components: Vec<String>,
    /// Of this maintained series: 1.4
    #[arg(long, value_name = "LINE")]
    pub line: Option<String>,
    /// As a pre-release of this kind: alpha, beta, rc, or under SemVer a channel of your own
    #[arg(long, value_name = "KIND")]
    pub pre: Option<String>,
    /// Count changes since this tag or commit instead of the latest release
    #[arg(long, value_name = "REV")]
    pub since: Option<String>,
    /// List components without changes too
    #[arg(long)]
    pub all: bool,
    /// Print the next version and nothing else; exit code 3 where there is none
    #[arg(long)]
    pub next: bool,
}

/// Prints what a release would write; nothing is changed without --write
#[derive(Args, Debug, Default)]
#[command(args_conflicts_with_subcommands = true)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "flags of a command line are that"
)]
pub struct ChangelogArgs {
    /// Check the file instead
    #[command(subcommand)]
    pub command: Option<ChangelogCommand>,
    /// The whole file, every release anew from tags and changes; what people wrote stays
    #[arg(long, conflicts_with_all = ["unreleased", "version"])]
    pub all: bool,
    /// What came since the latest release, under the unreleased heading
    #[arg(long, conflicts_with = "version")]
    pub unreleased: bool,
    /// The section of this release
    #[arg(long = "for", value_name = "VERSION")]
    pub version: Option<String>,
    /// How it looks: keep-a-changelog, plain, json, angular, github, or the path of a template
    #[arg(long, value_name = "FORMAT|TEMPLATE")]
    pub format: Option<String>,
    /// Of this component
    #[arg(long, value_name = "NAME")]
    pub component: Option<String>,
    /// Of this maintained series: 1.4
    #[arg(long, value_name = "LINE")]
    pub line: Option<String>,
    /// With --all, also replace sections that people wrote
    #[arg(long, requires = "all")]
    pub overwrite: bool,
    /// Write the changelog's file instead of printing
    #[arg(short, long)]
    pub write: bool,
}

#[derive(Subcommand, Debug)]
pub enum ChangelogCommand {
    /// List changes that no entry covers, entries that no change stands behind, and what is wrong with the file
    Check(ChangelogCheckArgs),
}

#[derive(Args, Debug, Default)]
pub struct ChangelogCheckArgs {
    /// Of this component
    #[arg(long, value_name = "NAME")]
    pub component: Option<String>,
    /// Also fail on warnings
    #[arg(long)]
    pub strict: bool,
}

#[derive(Args, Debug, Default)]
pub struct HistoryArgs {
    /// Version or tag whose changes are listed, or a commit whose first releases are named [default: all releases]
    #[arg(value_name = "VERSION|COMMIT")]
    pub what: Option<String>,
    /// Of this component
    #[arg(long, value_name = "NAME")]
    pub component: Option<String>,
    /// List at most this many releases [default: all]
    #[arg(short, long, value_name = "N")]
    pub number: Option<usize>,
}

#[derive(Subcommand, Debug)]
pub enum ChangeCommand {
    /// Write a change file
    Add(ChangeAddArgs),
    /// List the committed change files and news fragments that wait for a release
    List,
    /// Delete change files that a release has told of from the working tree; fragments are left to towncrier
    Prune,
}

#[derive(Args, Debug, Default)]
pub struct ChangeAddArgs {
    /// What changes for users, in one line or more [default: asked for on a terminal]
    #[arg(short, long, value_name = "TEXT")]
    pub message: Option<String>,
    /// How far it raises the version
    #[arg(short, long, value_enum, value_name = "LEVEL")]
    pub level: Option<ChangeLevel>,
    /// Component that it is about; may be given several times [default: the project]
    #[arg(short, long, value_name = "NAME")]
    pub component: Vec<String>,
    /// Print the file instead of writing it
    #[arg(long)]
    pub print: bool,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeLevel {
    None,
    Patch,
    Minor,
    Major,
}

#[derive(Args, Debug)]
pub struct CiArgs {
    /// Whose CI
    #[arg(value_enum)]
    pub forge: Forge,
    /// Print the file instead of writing it
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
