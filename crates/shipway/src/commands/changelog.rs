//! `shipway changelog`: what the changelog would say, the whole file anew, and whether it tells what happened.

use crate::cli::{ChangelogArgs, ChangelogCheckArgs, ChangelogCommand};
use crate::error::CommandError;
use crate::exit::Exit;
use crate::look::{self, Past, Product, Scene, Told, Wish, history_error};
use crate::output::document::{self, FindingRow};
use crate::output::history;
use crate::session::Session;
use shipway_core::config::{Changelog, ChangelogFormat};
use shipway_core::version::Version;
use shipway_history::changelog::{
    self, ChangelogError, Closing, Earlier, Facts, Format, Guide, Links, Log, Look, Making,
    NewSection, Options, Patterns, Present, Severity, Source, Tagged, Template,
};
use shipway_history::{ReleaseTag, TagPattern};

pub fn run(session: &Session, args: &ChangelogArgs) -> Result<(), CommandError> {
    let component = match &args.command {
        Some(ChangelogCommand::Check(check)) => &check.component,
        None => &args.component,
    };
    let scene = Scene::look(session)?.of(component.as_deref())?;
    scene.tell(session);
    let pattern =
        TagPattern::new(&scene.config.project.tag).map_err(|error| history_error(&error))?;
    let paper = Paper::of(&scene, args)?;
    let product = scene.product(&pattern);
    match &args.command {
        Some(ChangelogCommand::Check(args)) => check(session, &scene, &product, &paper, args),
        None => write(session, &scene, &product, &paper, args),
    }
}

/// The changelog's file, and how it is written.
struct Paper {
    log: Changelog,
    /// As the head has it.
    before: Option<Vec<u8>>,
    format: Form,
    links: Option<Links>,
}

/// What a format is made with.
enum Form {
    /// A file whose other bytes stay.
    File,
    Other(Format),
}

impl Paper {
    fn of(scene: &Scene, args: &ChangelogArgs) -> Result<Self, CommandError> {
        let log = scene.config.changelog.clone().unwrap_or(Changelog {
            path: "CHANGELOG.md".to_owned(),
            unreleased: None,
            format: ChangelogFormat::KeepAChangelog,
            links: None,
            migration_guide: None,
        });
        let before = scene
            .repository
            .file(&scene.head, &log.path)
            .map_err(|error| history_error(&error))?;
        let address = log.links.as_deref().or(scene.url.as_deref());
        let links = address.and_then(|url| Links::new(url, None, &Patterns::default()));
        Ok(Self {
            format: form(scene, &log, args)?,
            before: before.map(|file| file.bytes),
            links,
            log,
        })
    }

    /// How entries look in the file.
    fn look(&self) -> Look {
        look::look_of(self.links.as_ref())
    }
}

fn form(scene: &Scene, log: &Changelog, args: &ChangelogArgs) -> Result<Form, CommandError> {
    let built_in = |name| Template::built_in(name).map_err(|error| template_error(&error));
    let named = args.format.as_deref();
    Ok(match (named, &log.format) {
        (Some("keep-a-changelog"), _) | (None, ChangelogFormat::KeepAChangelog) => Form::File,
        (Some("plain"), _) | (None, ChangelogFormat::Plain) => Form::Other(Format::Plain),
        (Some("json"), _) | (None, ChangelogFormat::Json) => Form::Other(Format::Json),
        (Some("angular"), _) | (None, ChangelogFormat::Angular) => {
            Form::Other(Format::Template(built_in("conventional")?))
        }
        (Some("github"), _) | (None, ChangelogFormat::Github) => {
            Form::Other(Format::Template(built_in("github")?))
        }
        (Some(path), _) => {
            let text = fs_err::read_to_string(path).map_err(|error| {
                CommandError::from_error(
                    Exit::Usage,
                    format!("{path} is no format, and cannot be read as a template"),
                    &error,
                )
                .hinted("formats are keep-a-changelog, plain, json, angular and github")
            })?;
            Form::Other(Format::Template(template(path, &text)?))
        }
        (None, ChangelogFormat::Template(path)) => {
            let file = scene
                .repository
                .file(&scene.head, path)
                .map_err(|error| history_error(&error))?;
            let file = file.ok_or_else(|| {
                CommandError::usage(format!("the template {path} is not in the repository"))
                    .hinted("correct [changelog] template in shipway.toml, or commit it")
            })?;
            let text = String::from_utf8_lossy(&file.bytes).into_owned();
            Form::Other(Format::Template(template(path, &text)?))
        }
    })
}

fn template(path: &str, text: &str) -> Result<Template, CommandError> {
    Template::new(path, text).map_err(|error| template_error(&error))
}

fn template_error(error: &changelog::TemplateError) -> CommandError {
    CommandError::of(Exit::Usage, error, error.hint())
}

fn write(
    session: &Session,
    scene: &Scene,
    product: &Product,
    paper: &Paper,
    args: &ChangelogArgs,
) -> Result<(), CommandError> {
    let line = look::line(&scene.config, args.line.as_deref())?.or(scene.line()?);
    let past = product.past(line.as_ref())?;
    let text = if args.all {
        all(product, paper, &past, args.overwrite)?
    } else if let Some(text) = &args.version {
        of_version(product, paper, &past, text)?
    } else {
        coming(session, product, paper, args.unreleased, line)?
    };
    let text = match (session.screen.json, &paper.format) {
        (true, Form::File) => text,
        _ => text,
    };
    if !args.write {
        session.screen.data(text.trim_end_matches('\n'));
        return Ok(());
    }
    if !matches!(paper.format, Form::File) && !args.all {
        return Err(
            CommandError::usage("only whole files are written in this format")
                .hinted("add --all, or leave --write out and redirect the output"),
        );
    }
    let Some(top) = &scene.top else {
        return Err(
            CommandError::usage("a bare repository has no file to write")
                .hinted("leave --write out and redirect the output"),
        );
    };
    let path = top.join(&paper.log.path);
    fs_err::write(&path, &text)?;
    if session.screen.json {
        session.screen.json(&document::Proposed {
            format: document::FORMAT,
            path: &path,
            written: true,
            text: &text,
            notes: &[],
        });
    } else {
        session.screen.data(&path.display().to_string());
    }
    Ok(())
}

/// What the model needs beside the releases.
fn options<'a>(product: &'a Product<'a>, paper: &'a Paper, earlier: Earlier<'a>) -> Options<'a> {
    Options {
        project: &product.config.project.name,
        links: paper.links.as_ref(),
        groups: product.convention.groups(),
        earlier,
        ..Options::default()
    }
}

fn source(told: &Told) -> Source<'_> {
    let tag = told.release.as_ref();
    Source {
        version: tag.map(|tag| &tag.version),
        tag: tag.map(|tag| tag.name.short()),
        previous_tag: told.previous.as_deref(),
        date: Some(told.date.as_str()).filter(|date| !date.is_empty()),
        yanked: false,
        migration: None,
        changes: &told.changes,
    }
}

fn rendered(log: &Log, format: &Format) -> Result<String, CommandError> {
    changelog::render(log, format).map_err(|error| match &error {
        changelog::RenderError::Template(inner) => template_error(inner),
        changelog::RenderError::Json(_) => CommandError::internal(error.to_string()),
    })
}

/// Every release anew. In a file, what people wrote stays.
fn all(
    product: &Product,
    paper: &Paper,
    past: &Past,
    overwrite: bool,
) -> Result<String, CommandError> {
    // A file has no place for the authors of what it does not list.
    let is_file = matches!(paper.format, Form::File);
    let told = product.log(past, |change| !is_file || changelog::is_listed(change))?;
    let sources: Vec<Source> = told
        .iter()
        .filter(|told| told.release.is_some() || !told.changes.is_empty())
        .map(source)
        .collect();
    let options = options(product, paper, Earlier::Nothing);
    let look = match &paper.format {
        Form::Other(format) => return rendered(&Log::of(&sources, &options), format),
        Form::File => paper.look(),
    };
    // One release at a time, so that no more than one is there twice.
    let body = |source: &Source| {
        let log = Log::of(std::slice::from_ref(source), &options);
        let bodies = log.releases.iter();
        bodies
            .map(|release| changelog::section_body(release, look))
            .collect()
    };
    let bodies: Vec<String> = sources.iter().map(body).collect();
    let mut sections = Vec::new();
    for (source, body) in sources.iter().zip(&bodies) {
        let (Some(version), Some(tag)) = (source.version, source.tag) else {
            continue;
        };
        sections.push(NewSection {
            version,
            date: source.date.unwrap_or_default(),
            tag,
            previous: source.previous_tag,
            yanked: false,
            link: None,
            body,
        });
    }
    let present = if overwrite {
        Present::Replace
    } else {
        Present::Keep
    };
    let unreleased = paper.log.unreleased.as_deref();
    let bytes = changelog::set_sections(paper.before.as_deref(), &sections, present, unreleased)
        .map_err(|error| changelog_error(paper, &error))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The section of a release: what people wrote, or what its changes say.
fn of_version(
    product: &Product,
    paper: &Paper,
    past: &Past,
    text: &str,
) -> Result<String, CommandError> {
    let tag = find(product, past, text)?;
    if let (Form::File, Some(before)) = (&paper.format, &paper.before) {
        let written = changelog::section(before, &tag.version)
            .map_err(|error| changelog_error(paper, &error))?;
        if let Some(written) = written {
            return Ok(written);
        }
    }
    let told = product.told(past, tag)?;
    let log = Log::of(&[source(&told)], &options(product, paper, Earlier::Unknown));
    match &paper.format {
        Form::Other(format) => rendered(&log, format),
        Form::File => rendered(&log, &Format::KeepAChangelog(paper.look())),
    }
}

/// The tag of a version, or with that name.
pub fn find<'p>(
    product: &Product,
    past: &'p Past,
    text: &str,
) -> Result<&'p ReleaseTag, CommandError> {
    let by_version = Version::parse(text, product.scheme()).ok();
    let found = past.tags.iter().find(|tag| {
        tag.name.short() == text || by_version.as_ref().is_some_and(|it| *it == tag.version)
    });
    found.ok_or_else(|| {
        let newest: Vec<&str> = (past.tags.iter().rev().take(3))
            .map(|tag| tag.name.short())
            .collect();
        let hint = if newest.is_empty() {
            "there is no release tag; fetch them with git fetch --tags".to_owned()
        } else {
            format!("the newest are {}", newest.join(", "))
        };
        CommandError::usage(format!("there is no release {text}")).hinted(hint)
    })
}

/// What the next release would say.
fn coming(
    session: &Session,
    product: &Product,
    paper: &Paper,
    unreleased: bool,
    line: Option<shipway_core::version::Line>,
) -> Result<String, CommandError> {
    let wish = Wish {
        line,
        ..Wish::default()
    };
    let next = look::next(session, product, &wish)?;
    let version = next.version.as_ref().filter(|_| !unreleased);
    let date = session.now().date();
    let tag = version.map(|version| product.pattern.name(version));
    if let (Form::File, Some(version), Some(tag)) = (&paper.format, version, &tag) {
        let making = Making {
            options: options(product, paper, Earlier::Unknown),
            look: paper.look(),
            template: None,
            previous_tag: next.past.last_final.as_ref().map(|tag| tag.name.short()),
        };
        let closing = Closing {
            version,
            date: &date,
            tag,
            unreleased: paper.log.unreleased.as_deref(),
            changes: &next.changes.listed,
        };
        let closed = changelog::close_with(paper.before.as_deref(), &closing, &making)
            .map_err(|error| changelog_error(paper, &error))?;
        for warning in &closed.warnings {
            session.screen.talk(&format!("warning: {warning}"));
        }
        return Ok(format!("## [{version}] - {date}\n\n{}", closed.notes));
    }
    let previous = next.past.last_final.as_ref().map(|tag| tag.name.short());
    let source = Source {
        version,
        tag: tag.as_deref(),
        previous_tag: previous,
        date: version.map(|_| date.as_str()),
        yanked: false,
        migration: None,
        changes: &next.changes.listed,
    };
    let log = Log::of(&[source], &options(product, paper, Earlier::Unknown));
    match &paper.format {
        Form::Other(format) => rendered(&log, format),
        Form::File => rendered(&log, &Format::KeepAChangelog(paper.look())),
    }
}

fn changelog_error(paper: &Paper, error: &ChangelogError) -> CommandError {
    look::changelog_error(&paper.log.path, error)
}

fn check(
    session: &Session,
    scene: &Scene,
    product: &Product,
    paper: &Paper,
    args: &ChangelogCheckArgs,
) -> Result<(), CommandError> {
    let Some(before) = &paper.before else {
        return Err(CommandError::usage(format!(
            "there is no {} in the repository",
            paper.log.path
        ))
        .then(
            "shipway changelog --all --write",
            "makes one of all releases",
        ));
    };
    let wish = Wish {
        line: scene.line()?,
        ..Wish::default()
    };
    let next = look::next(session, product, &wish)?;
    let tags: Vec<Tagged> = (next.past.tags.iter())
        // What only led to a release is told of there.
        .filter(|tag| !tag.version.is_prerelease())
        .map(|tag| Tagged {
            version: &tag.version,
            tag: tag.name.short(),
        })
        .collect();
    let guide = guide(scene, paper, next.version.as_ref())?;
    let today = session.now().date();
    let facts = Facts {
        changes: &next.changes.listed,
        next: next.version.as_ref(),
        tags: &tags,
        unreleased: paper.log.unreleased.as_deref(),
        guide: match &guide {
            Some((path, exists)) => Guide::File {
                path,
                exists: *exists,
            },
            None => Guide::None,
        },
        today: Some(&today),
    };
    let report =
        changelog::check(before, &facts).map_err(|error| changelog_error(paper, &error))?;
    let rows: Vec<FindingRow> = report
        .findings
        .iter()
        .map(|finding| FindingRow {
            severity: match finding.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Note => "note",
            },
            kind: kind(&finding.problem),
            line: finding.line,
            text: finding.problem.to_string(),
        })
        .collect();
    let errors = rows.iter().filter(|row| row.severity == "error").count();
    if session.screen.json {
        session.screen.json(&document::ChangelogChecked {
            format: document::FORMAT,
            path: &paper.log.path,
            findings: &rows,
            errors,
        });
    } else {
        let paint = session.screen.out();
        session
            .screen
            .data(&history::findings(&paper.log.path, &rows, paint));
    }
    let failing =
        |row: &&FindingRow| row.severity == "error" || (args.strict && row.severity == "warning");
    let failed = rows.iter().filter(failing).count();
    if failed == 0 {
        return Ok(());
    }
    Err(CommandError::new(
        Exit::GateFailed,
        format!("{failed} findings in {}", paper.log.path),
    )
    .told())
}

/// The name of a kind of finding, as JSON has it.
fn kind(problem: &changelog::Problem) -> String {
    let value = serde_json::to_value(problem).unwrap_or_default();
    value["kind"].as_str().unwrap_or_default().to_owned()
}

/// Path of the migration guide that a major release needs, and whether it is there.
fn guide(
    scene: &Scene,
    paper: &Paper,
    next: Option<&Version>,
) -> Result<Option<(String, bool)>, CommandError> {
    let (Some(pattern), Some(next)) = (&paper.log.migration_guide, next) else {
        return Ok(None);
    };
    let release = next.release().to_string();
    let major = next.numbers()[0].to_string();
    let path = pattern
        .replace("{version}", &release)
        .replace("{major}", &major);
    let found = scene
        .repository
        .file(&scene.head, &path)
        .map_err(|error| history_error(&error))?;
    Ok(Some((path, found.is_some())))
}
