//! Deciding which version is released, and why.

use super::product::{Past, Product};
use super::repository::{Ground, history_error};
use crate::cli::{LevelArg, VersionArgs};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::session::Session;
use shipway_core::config::Config;
use shipway_core::version::{Goal, Level, Line, Pre, Request, Version, VersionError};
use shipway_core::{Oid, RefName};
use shipway_history::{Changes, Decision, ReleaseTag, Repository, next_version};

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
    /// No final release is higher.
    pub is_newest: bool,
    pub tag: RefName,
    /// The tag that exists already, for a release from a tag: its object and its commit.
    pub existing: Option<(Oid, Oid)>,
}

/// What a next version is asked for.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    pub pre: Option<Pre>,
    pub line: Option<Line>,
    /// Count changes since here instead of the last release.
    pub since: Option<Oid>,
}

/// The next version that the changes ask for, and what was looked at.
pub struct Next {
    pub past: Past,
    /// What came since the last final release, or since where the wish says.
    pub changes: Changes,
    /// `None`: nothing asks for a release.
    pub decision: Option<Decision>,
    pub version: Option<Version>,
    /// How the version comes from the level, in words.
    pub why: String,
}

/// Decides from the changes alone.
pub fn next(session: &Session, product: &Product, wish: &Wish) -> Result<Next, CommandError> {
    let past = product.past(wish.line.as_ref())?;
    let base = past.last_final.as_ref().map(|tag| &tag.commit);
    let changes = product.changes(wish.since.as_ref().or(base))?;
    let initial = product.config.changes.initial;
    // A pre-release that brings nothing new is none.
    let nothing_new = wish.since.is_none()
        && past.previous != past.last_final
        && wish.pre.is_some()
        && past.previous.as_ref().is_some_and(|tag| {
            let new = product.changes(Some(&tag.commit));
            new.is_ok_and(|new| next_version(past.current(), &new.listed, initial).is_none())
        });
    let decision =
        next_version(past.last_version(), &changes.listed, initial).filter(|_| !nothing_new);
    let mut next = Next {
        past,
        changes,
        decision,
        version: None,
        why: String::new(),
    };
    let asked = match &next.decision {
        None => return Ok(next),
        Some(decision) => match (decision.asked_version(), decision.level) {
            (Some(text), _) => {
                let version = Version::parse(text, product.scheme());
                Ask::Exact(version.map_err(|error| {
                    let change = decision.release_as.as_ref().map(ToString::to_string);
                    let mut failed = version_error(&error);
                    failed.causes.push(format!(
                        "Release-As stands in {}",
                        change.unwrap_or_default()
                    ));
                    failed
                })?)
            }
            (None, Some(level)) => Ask::Level(level),
            (None, None) => return Ok(next),
        },
    };
    let found = asked.next(session, product, &next.past, wish)?;
    next.version = Some(found.version);
    next.why = found.why;
    Ok(next)
}

/// A level, or a version by name.
enum Ask {
    Level(Level),
    Exact(Version),
}

impl Ask {
    fn next(
        &self,
        session: &Session,
        product: &Product,
        past: &Past,
        wish: &Wish,
    ) -> Result<shipway_core::version::Next, CommandError> {
        let scheme = product.scheme();
        let version = |tag: &ReleaseTag| tag.version.clone();
        let own: Vec<Version> = (past.previous.iter().chain(&past.last_final))
            .map(version)
            .collect();
        let all: Vec<Version> = past.tags.iter().map(version).collect();
        let asked = wish.line.as_ref();
        let (line, lines) = if product.scope.is_none() {
            (asked, lines(product.config)?)
        } else {
            // A component that a line's branch carries along keeps its own numbers.
            let its_own = |line: &&Line| past.current().is_none_or(|last| line.contains(last));
            let lines = owned(product.repository, product.config, past.previous.as_ref())?;
            (asked.filter(its_own), lines)
        };
        let initial = (product.config.project.initial_version.as_deref())
            .map(|text| Version::parse(text, scheme))
            .transpose()
            .map_err(|error| version_error(&error))?;
        let request = Request {
            scheme,
            own: &own,
            all: &all,
            line,
            lines: &lines,
            goal: match self {
                Self::Level(level) => Goal::Level(*level),
                Self::Exact(version) => Goal::Exact(version),
            },
            channel: wish.pre.as_ref(),
            initial: initial.as_ref(),
            today: session.now(),
        };
        shipway_core::version::next(&request).map_err(|error| version_error(&error))
    }
}

/// The lines that the configuration keeps alive.
pub fn lines(config: &Config) -> Result<Vec<Line>, CommandError> {
    let scheme = config.project.scheme;
    let read = |line: &shipway_core::config::Line| Line::parse(&line.name, scheme);
    let lines: Result<_, _> = config.lines.iter().map(read).collect();
    lines.map_err(|error| version_error(&error))
}

/// The lines that versions after a component's last release belong to: components have numbers of their own, so a line is one of
/// a component's only where it holds that release and the line's branch has it.
pub fn owned(
    repository: &Repository,
    config: &Config,
    last: Option<&ReleaseTag>,
) -> Result<Vec<Line>, CommandError> {
    let Some(last) = last else {
        return Ok(Vec::new());
    };
    let mut owned = Vec::new();
    for line in &config.lines {
        let read = Line::parse(&line.name, last.version.scheme()).ok();
        let Some(read) = read.filter(|read| read.contains(&last.version)) else {
            continue;
        };
        let names = [
            line.branch.clone(),
            format!("{}/{}", config.project.remote, line.branch),
        ];
        for branch in names
            .iter()
            .filter_map(|name| repository.resolve(name).ok())
        {
            let has = repository.is_ancestor(&last.commit, &branch);
            if has.map_err(|error| history_error(&error))? {
                owned.push(read);
                break;
            }
        }
    }
    Ok(owned)
}

/// Decides from what was asked for, or from the commits.
pub fn decide(
    session: &Session,
    ground: &Ground,
    args: &VersionArgs,
) -> Result<Decided, CommandError> {
    let product = ground.product();
    let wish = Wish {
        pre: channel(args.pre.as_deref())?,
        line: ground.line.clone(),
        since: None,
    };
    let (past, version, because) = match (&args.version, args.level) {
        (Some(text), _) => {
            let version =
                Version::parse(text, product.scheme()).map_err(|error| version_error(&error))?;
            let past = product.past(wish.line.as_ref())?;
            let found = Ask::Exact(version).next(session, &product, &past, &wish)?;
            let because = vec![format!("{} asked for {text}", session.user())];
            (past, found.version, because)
        }
        (None, Some(level)) => {
            let level = level_of(level);
            let past = product.past(wish.line.as_ref())?;
            let base = past.last_final.as_ref().map(|tag| &tag.commit);
            let changes = product.changes(base)?;
            let found = Ask::Level(level).next(session, &product, &past, &wish)?;
            let because = asked(session, level, &product, &changes, past.last_version());
            (past, found.version, because)
        }
        (None, None) => {
            let next = next(session, &product, &wish)?;
            match (next.version.clone(), &next.decision) {
                (Some(version), Some(decision)) => {
                    let because = decision.reasons(REASONS);
                    (next.past, version, because)
                }
                _ => return Err(nothing(&next)),
            }
        }
    };
    // A final release tells of everything since the last final one; a pre-release only of what is new.
    let since = if version.is_prerelease() {
        &past.previous
    } else {
        &past.last_final
    };
    let changes = product.changes(since.as_ref().map(|tag| &tag.commit))?;
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
        is_newest: is_newest(&version, &past.tags),
        version,
        previous: past.previous,
        because,
        changes,
        tag,
        existing: None,
    })
}

pub fn level_of(level: LevelArg) -> Level {
    match level {
        LevelArg::Patch => Level::Patch,
        LevelArg::Minor => Level::Minor,
        LevelArg::Major => Level::Major,
    }
}

pub fn channel(text: Option<&str>) -> Result<Option<Pre>, CommandError> {
    text.map(str::parse::<Pre>)
        .transpose()
        .map_err(|error| version_error(&error))
}

/// The line that somebody names, or `None` for the branch that goes on.
pub fn line(config: &Config, text: Option<&str>) -> Result<Option<Line>, CommandError> {
    text.map(|text| Line::parse(text, config.project.scheme))
        .transpose()
        .map_err(|error| version_error(&error))
}

/// The version that an existing tag names; nothing is committed for it.
pub fn from_tag(ground: &Ground, short: &str) -> Result<Decided, CommandError> {
    let product = ground.product();
    let tags = ground
        .repository
        .release_tags(&ground.pattern, product.scheme())
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
    let tagged = Product {
        head: &found.commit,
        ..product
    };
    let changes = tagged.changes(previous.as_ref().map(|tag| &tag.commit))?;
    Ok(Decided {
        is_newest: is_newest(&found.version, &tags),
        version: found.version.clone(),
        previous,
        because: vec![format!("tag {short} names it")],
        changes,
        tag: found.name.clone(),
        existing: Some((found.object.clone(), found.commit.clone())),
    })
}

fn is_newest(version: &Version, tags: &[ReleaseTag]) -> bool {
    let finals = || tags.iter().filter(|tag| !tag.version.is_prerelease());
    finals().all(|tag| tag.version <= *version)
}

fn nothing(next: &Next) -> CommandError {
    let since = next.past.current().map_or(
        "the first commit".to_owned(),
        std::string::ToString::to_string,
    );
    let mut failed = CommandError::new(
        Exit::NothingToRelease,
        format!("nothing since {since} asks for a release"),
    );
    failed.causes.push(format!(
        "{} changes, of which {} do not say what kind of change they are",
        next.changes.listed.len(),
        next.changes.others().count()
    ));
    failed.then("shipway release patch", "releases all the same")
}

fn asked(
    session: &Session,
    level: Level,
    product: &Product,
    changes: &Changes,
    last: Option<&Version>,
) -> Vec<String> {
    let mut because = vec![format!("{} asked for {level}", session.user())];
    let initial = product.config.changes.initial;
    if let Some(decision) = next_version(last, &changes.listed, initial) {
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
