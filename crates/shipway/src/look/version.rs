//! Deciding which version is released, and why.

use super::repository::{Ground, history_error};
use crate::cli::{LevelArg, VersionArgs};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::session::Session;
use shipway_core::config::Initial;
use shipway_core::version::{Level, Pre, Version, VersionError};
use shipway_core::{Oid, RefName};
use shipway_history::{Change, Changes, Convention, Kind, ReleaseTag, next_version};

/// Message of the commit after a release.
pub const NEXT_VERSION: &str = "Begin the development of {version}";

/// How many reasons a plan lists.
const REASONS: usize = 20;

/// A version that is to be released.
pub struct Decided {
    pub version: Version,
    pub previous: Option<ReleaseTag>,
    pub because: Vec<String>,
    /// What came since the last release that users have.
    pub changes: Changes,
    pub tag: RefName,
    /// The tag that exists already, for a release from a tag: its object and its commit.
    pub existing: Option<(Oid, Oid)>,
}

/// Decides from what was asked for, or from the commits.
pub fn decide(
    session: &Session,
    ground: &Ground,
    args: &VersionArgs,
) -> Result<Decided, CommandError> {
    let scheme = ground.config.project.scheme;
    let tags = ground
        .repository
        .release_tags(&ground.pattern, scheme)
        .map_err(|error| history_error(&error))?;
    let previous = ground
        .repository
        .latest(&ground.head, &tags)
        .map_err(|error| history_error(&error))?;
    let pre = args
        .pre
        .as_deref()
        .map(str::parse::<Pre>)
        .transpose()
        .map_err(|error| version_error(&error))?;
    // A final release tells of everything since the last final one; a pre-release only of what is new.
    let finals: Vec<ReleaseTag> = tags
        .iter()
        .filter(|tag| !tag.version.is_prerelease())
        .cloned()
        .collect();
    let asks_for_pre = pre.is_some()
        || args
            .version
            .as_deref()
            .is_some_and(|text| is_pre(text, ground));
    let since = if asks_for_pre {
        previous.cloned()
    } else {
        ground
            .repository
            .latest(&ground.head, &finals)
            .map_err(|error| history_error(&error))?
            .cloned()
    };
    let commits = ground
        .repository
        .commits_since(&ground.head, since.as_ref().map(|tag| &tag.commit))
        .map_err(|error| history_error(&error))?;
    let changes = without_our_own(Changes::of(&commits, &convention(ground)?), ground);
    let current = previous.map(|tag| &tag.version);
    let (version, because) = match (&args.version, args.level) {
        (Some(text), _) => {
            let version = Version::parse(text, scheme).map_err(|error| version_error(&error))?;
            (
                version,
                vec![format!("{} asked for {text}", session.user())],
            )
        }
        (None, Some(level)) => {
            let level = match level {
                LevelArg::Patch => Level::Patch,
                LevelArg::Minor => Level::Minor,
                LevelArg::Major => Level::Major,
            };
            (
                raise(session, ground, current, level, pre.as_ref())?,
                asked(
                    session,
                    level,
                    &changes,
                    current,
                    ground.config.changes.initial,
                ),
            )
        }
        (None, None) => from_commits(session, ground, current, &changes, pre.as_ref())?,
    };
    if let Some(highest) = tags.last() {
        version
            .must_follow(&highest.version)
            .map_err(|error| version_error(&error))?;
    }
    let tag = tag_name(ground, &version)?;
    if let Some(object) = ground.reference(&tag)? {
        return Err(CommandError::new(
            Exit::Conflict,
            format!(
                "tag {} exists already, at {}",
                tag.short(),
                object.abbreviated()
            ),
        )
        .hinted("a tag that was used is never moved: choose a higher version")
        .then(
            format!("shipway release --tag {}", tag.short()),
            "releases what the tag names",
        ));
    }
    Ok(Decided {
        version,
        previous: previous.cloned(),
        because,
        changes,
        tag,
        existing: None,
    })
}

/// The version that an existing tag names; nothing is committed for it.
pub fn from_tag(ground: &Ground, short: &str) -> Result<Decided, CommandError> {
    let scheme = ground.config.project.scheme;
    let tags = ground
        .repository
        .release_tags(&ground.pattern, scheme)
        .map_err(|error| history_error(&error))?;
    let short = short.strip_prefix("refs/tags/").unwrap_or(short);
    let Some(found) = tags.iter().find(|tag| tag.name.short() == short) else {
        return Err(
            CommandError::usage(format!("there is no release tag named {short:?}")).hinted(
                format!(
                    "release tags look like {}; fetch them with git fetch --tags",
                    ground.config.project.tag
                ),
            ),
        );
    };
    let earlier: Vec<ReleaseTag> = tags
        .iter()
        .filter(|tag| tag.version < found.version)
        .cloned()
        .collect();
    let previous = ground
        .repository
        .latest(&found.commit, &earlier)
        .map_err(|error| history_error(&error))?
        .cloned();
    let commits = ground
        .repository
        .commits_since(&found.commit, previous.as_ref().map(|tag| &tag.commit))
        .map_err(|error| history_error(&error))?;
    Ok(Decided {
        version: found.version.clone(),
        previous,
        because: vec![format!("tag {short} names it")],
        changes: Changes::of(&commits, &convention(ground)?),
        tag: found.name.clone(),
        existing: Some((found.object.clone(), found.commit.clone())),
    })
}

/// What changes mean, by `[changes]`.
fn convention(ground: &Ground) -> Result<Convention, CommandError> {
    Convention::of(&ground.config.changes)
        .map_err(|error| CommandError::usage(format!("[changes]: {error}")).hinted(error.hint()))
}

/// What releases before this one committed is no change of the project.
fn without_our_own(mut changes: Changes, ground: &Ground) -> Changes {
    let patterns = [ground.config.project.commit_message.as_str(), NEXT_VERSION];
    let begins: Vec<&str> = patterns
        .iter()
        .filter_map(|pattern| pattern.split('{').next().filter(|begin| !begin.is_empty()))
        .collect();
    let ours = |change: &Change| {
        change.kind == Kind::Other
            && begins
                .iter()
                .any(|begin| change.description.starts_with(begin))
    };
    changes.listed.retain(|change| !ours(change));
    changes
}

fn from_commits(
    session: &Session,
    ground: &Ground,
    current: Option<&Version>,
    changes: &Changes,
    pre: Option<&Pre>,
) -> Result<(Version, Vec<String>), CommandError> {
    let initial = ground.config.changes.initial;
    if let Some(decision) = next_version(current, &changes.listed, initial) {
        let version = match (decision.asked_version(), decision.level) {
            (None, Some(level)) => raise(session, ground, current, level, pre)?,
            (asked, _) => {
                let text = asked.unwrap_or_default();
                Version::parse(text, ground.config.project.scheme)
                    .map_err(|error| version_error(&error))?
            }
        };
        Ok((version, decision.reasons(REASONS)))
    } else {
        let since = current.map_or(
            "the first commit".to_owned(),
            std::string::ToString::to_string,
        );
        let mut failed = CommandError::new(
            Exit::NothingToRelease,
            format!("nothing since {since} asks for a release"),
        );
        failed.causes.push(format!(
            "{} commits, of which {} do not say what kind of change they are",
            changes.listed.len(),
            changes.others().count()
        ));
        Err(failed.then("shipway release patch", "releases all the same"))
    }
}

fn raise(
    session: &Session,
    ground: &Ground,
    current: Option<&Version>,
    level: Level,
    pre: Option<&Pre>,
) -> Result<Version, CommandError> {
    let scheme = ground.config.project.scheme;
    match current {
        Some(current) => current.bump(level, pre, session.now()),
        None => Version::first(scheme, level, pre, session.now()),
    }
    .map_err(|error| version_error(&error))
}

fn asked(
    session: &Session,
    level: Level,
    changes: &Changes,
    current: Option<&Version>,
    initial: Initial,
) -> Vec<String> {
    let mut because = vec![format!("{} asked for {level}", session.user())];
    if let Some(decision) = next_version(current, &changes.listed, initial) {
        match decision.level.filter(|asked| *asked > level) {
            Some(asked) => because.push(format!(
                "although the commits ask for {asked}: {}",
                decision.reasons(1).join("; ")
            )),
            None => because.extend(decision.reasons(REASONS)),
        }
    }
    because
}

fn is_pre(text: &str, ground: &Ground) -> bool {
    Version::parse(text, ground.config.project.scheme).is_ok_and(|version| version.is_prerelease())
}

fn tag_name(ground: &Ground, version: &Version) -> Result<RefName, CommandError> {
    RefName::tag(&ground.pattern.name(version))
        .map_err(|error| CommandError::usage(error.to_string()))
}

pub fn version_error(error: &VersionError) -> CommandError {
    let failed = CommandError::usage(error.to_string());
    match error.hint() {
        Some(hint) => failed.hinted(hint),
        None => failed,
    }
}
