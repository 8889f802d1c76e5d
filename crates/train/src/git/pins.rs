//! The pins that one commit of the engine holds, in whichever of its layouts.
//!
//! Invariants: an entry whose revision or address is not written out keeps its place and says why; one broken file does not
//! hide the others.

use super::layout::{Layout, repository_of};
use super::mirror::{Mirror, oid};
use super::tree::Tree;
use crate::cmake::{self, Load, Settings, State, Value};
use crate::facts::{Known, Patch, Pin, PinState, Pins, Place, Reason, Revision, Span, Unknown};
use gix::ObjectId;
use gix::objs::tree::{EntryKind, EntryMode};
use shipway_core::name::Oid;
use std::collections::BTreeMap;

const MOST_PATCHES: usize = 1_000;

/// The paths whose content decides about the pins.
pub(crate) fn watched(layout: &Layout) -> Vec<String> {
    let mut paths: Vec<String> = layout
        .configs
        .iter()
        .map(|it| {
            it.split_once("/*")
                .map_or(it.as_str(), |(directory, _)| directory)
                .to_owned()
        })
        .collect();
    paths.push(patches_root(layout).to_owned());
    paths.sort();
    paths.dedup();
    // A directory's state has that of what is in it.
    let inside = |path: &String| paths.iter().any(|it| path.starts_with(&format!("{it}/")));
    paths.iter().filter(|path| !inside(path)).cloned().collect()
}

fn patches_root(layout: &Layout) -> &str {
    let root = layout.patches.split("{name}").next().unwrap_or_default();
    root.trim_end_matches('/')
}

/// Reads the pins of a commit.
///
/// # Errors
/// The commit or its tree is not there.
pub(crate) fn read(mirror: &Mirror, commit: ObjectId, layout: &Layout) -> Result<Pins, Unknown> {
    let tree = Tree::of(mirror, commit)?;
    let id = oid(&commit);
    let mut reader = Reader {
        mirror,
        tree: &tree,
        layout,
        problems: Vec::new(),
        patches: BTreeMap::new(),
    };
    let files = reader.files();
    let (tables, scripts): (Vec<String>, Vec<String>) = files
        .into_iter()
        .partition(|it| it.rsplit_once('.').is_some_and(|it| it.1 == "csv"));
    let mut pins = Vec::new();
    reader.scripts(&scripts, &mut pins);
    for path in &tables {
        reader.table(path, &mut pins);
    }
    pins.sort_by(|a, b| (&a.name, &a.place, &a.span).cmp(&(&b.name, &b.place, &b.span)));
    Ok(Pins {
        commit: id,
        pins,
        problems: reader.problems,
    })
}

struct Reader<'a> {
    mirror: &'a Mirror,
    tree: &'a Tree<'a>,
    layout: &'a Layout,
    problems: Vec<Unknown>,
    patches: BTreeMap<String, Vec<Patch>>,
}

impl Reader<'_> {
    fn place(&self, path: &str, line: u32) -> Place {
        Place {
            path: path.to_owned(),
            line,
            ..self.mirror.place()
        }
    }

    /// The configuration files that are there, sorted.
    fn files(&mut self) -> Vec<String> {
        let mut files = Vec::new();
        for pattern in &self.layout.configs {
            let Some((directory, ending)) = pattern.split_once("/*") else {
                match self.tree.entry(pattern) {
                    Ok(Some(entry)) if !entry.mode.is_tree() => files.push(pattern.clone()),
                    Ok(_) => {}
                    Err(why) => self.problems.push(why),
                }
                continue;
            };
            let is_config = |name: &str, mode: EntryMode| {
                name.ends_with(ending) && !mode.is_tree() && !mode.is_commit()
            };
            match self.tree.directory(directory) {
                Ok(listing) => files.extend(
                    listing
                        .iter()
                        .flat_map(|it| it.iter())
                        .filter(|(name, it)| is_config(name, it.mode))
                        .map(|(name, _)| format!("{directory}/{name}")),
                ),
                Err(why) => self.problems.push(why),
            }
        }
        files.sort();
        files.dedup();
        files
    }

    fn scripts(&mut self, paths: &[String], pins: &mut Vec<Pin>) {
        let settings = Settings {
            functions: self.layout.functions.clone(),
            variables: self.layout.variables.clone(),
        };
        let tree = self.tree;
        let found = cmake::evaluate(paths, &settings, &mut |path| {
            tree.file(path).map_err(|why| (why.reason, why.detail))
        });
        for problem in found.problems {
            let place = self.place(&problem.path, problem.line);
            self.problems
                .push(Unknown::new(problem.reason, problem.detail, place));
        }
        for load in found.loads {
            if let Some(pin) = self.pin(&load) {
                pins.push(pin);
            }
        }
    }

    fn pin(&mut self, load: &Load) -> Option<Pin> {
        let place = self.place(&load.path, load.line);
        let name = match known(&load.name, &place, "the name of the extension") {
            Known::Known(name) => name,
            Known::Unknown(why) => {
                self.problems.push(why);
                return None;
            }
        };
        let url = load
            .fields
            .get("GIT_URL")
            .map(|it| known(it, &place, "GIT_URL"));
        let tag = load.fields.get("GIT_TAG");
        let revision = match (tag, &url) {
            (Some(value), _) => Some(known(value, &place, "GIT_TAG").map(|it| revision(&it))),
            (None, Some(_)) => {
                let detail = "the entry has GIT_URL and no GIT_TAG";
                Some(Known::unknown(Reason::NotWritten, detail, place.clone()))
            }
            (None, None) => None,
        };
        let written = tag
            .and_then(|it| it.single())
            .and_then(|it| it.written.as_ref());
        let span = written.map(|it| Span {
            path: it.path.to_string(),
            line: it.line,
            start: it.span.start,
            end: it.span.end,
        });
        let values = load
            .fields
            .iter()
            .filter(|(key, _)| !matches!(**key, "GIT_URL" | "GIT_TAG"));
        let mut options = load.options.clone();
        options.extend(values.map(|(key, value)| {
            let text = value
                .texts()
                .map_or_else(|| "?".to_owned(), |it| it.join("|"));
            format!("{key}={text}")
        }));
        Some(Pin {
            repository: repository(url.as_ref(), &place),
            patches: self.patches(&name),
            name,
            url,
            revision,
            state: match &load.state {
                State::Enabled => PinState::Enabled,
                State::Conditional(condition) => PinState::Conditional {
                    condition: condition.clone(),
                },
                State::SwitchedOff(condition) => PinState::SwitchedOff {
                    condition: condition.clone(),
                },
                State::CommentedOut => PinState::CommentedOut,
            },
            apply_patches: load.apply_patches,
            options,
            place,
            span,
        })
    }

    /// The patch files for an extension.
    fn patches(&mut self, name: &str) -> Vec<Patch> {
        if let Some(patches) = self.patches.get(name) {
            return patches.clone();
        }
        let mut patches = Vec::new();
        // A name with a slash in it would lead elsewhere.
        if !name.contains(['/', '\\']) && name != ".." {
            let directory = self.layout.patches.replace("{name}", name);
            match self.tree.directory(&directory) {
                Ok(listing) => patches.extend(
                    listing
                        .iter()
                        .flat_map(|it| it.iter())
                        .filter(|(name, it)| is_patch(name, it.mode))
                        .take(MOST_PATCHES)
                        .map(|(name, it)| Patch {
                            path: format!("{directory}/{name}"),
                            blob: oid(&it.id),
                        }),
                ),
                Err(why) => self.problems.push(why),
            }
        }
        patches.sort();
        self.patches.insert(name.to_owned(), patches.clone());
        patches
    }

    /// The older layout: `name,url,commit,options`, one extension a line.
    fn table(&mut self, path: &str, pins: &mut Vec<Pin>) {
        let bytes = match self.tree.file(path) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return,
            Err(why) => {
                self.problems.push(why);
                return;
            }
        };
        let (mut start, mut header) = (0, "options".to_owned());
        for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
            let (number, begin) = (u32::try_from(index + 1).unwrap_or(u32::MAX), start);
            start += line.len() + 1;
            let text = String::from_utf8_lossy(line);
            let fields: Vec<&str> = text.trim_end_matches('\r').split(',').collect();
            let field = |at: usize| {
                fields
                    .get(at)
                    .map(|it| it.trim())
                    .filter(|it| !it.is_empty())
            };
            let Some(name) = field(0).filter(|it| !it.starts_with('#')) else {
                continue;
            };
            if name == "name" {
                field(3).unwrap_or("options").clone_into(&mut header);
                continue;
            }
            let place = self.place(path, number);
            if fields.len() < 3 {
                let detail = "a line with fewer than three fields";
                self.problems
                    .push(Unknown::new(Reason::Syntax, detail, place));
                continue;
            }
            let url = field(1).map(|it| Known::Known(it.to_owned()));
            let offset: usize = fields[..2].iter().map(|it| it.len() + 1).sum();
            let pad = fields[2].len() - fields[2].trim_start().len();
            let span = field(2).map(|it| Span {
                path: path.to_owned(),
                line: number,
                start: begin + offset + pad,
                end: begin + offset + pad + it.len(),
            });
            pins.push(Pin {
                name: name.to_owned(),
                repository: repository(url.as_ref(), &place),
                url,
                revision: field(2).map(|it| Known::Known(revision(it))),
                state: match field(3) {
                    None | Some("true") => PinState::Enabled,
                    Some(condition) if header == "options" => PinState::Conditional {
                        condition: condition.to_owned(),
                    },
                    Some(value) => PinState::Conditional {
                        condition: format!("{header}={value}"),
                    },
                },
                apply_patches: false,
                patches: self.patches(name),
                options: Vec::new(),
                place,
                span,
            });
        }
    }
}

fn is_patch(name: &str, mode: EntryMode) -> bool {
    let is_file = matches!(mode.kind(), EntryKind::Blob | EntryKind::BlobExecutable);
    is_file && name.to_ascii_lowercase().ends_with(".patch")
}

/// A full id is a commit; anything else is a name.
fn revision(text: &str) -> Revision {
    match Oid::new(text.to_ascii_lowercase()) {
        Ok(commit) => Revision::Commit(commit),
        Err(_) => Revision::Named(text.to_owned()),
    }
}

fn repository(url: Option<&Known<String>>, place: &Place) -> Option<Known<String>> {
    let repository = |url: String| match repository_of(&url) {
        Some(repository) => Known::Known(repository),
        None => {
            let detail = format!("{url:?} is no address of a repository");
            Known::unknown(Reason::Syntax, detail, place.clone())
        }
    };
    url.map(|it| it.clone().and_then(repository))
}

fn known(value: &Value, place: &Place, what: &str) -> Known<String> {
    match value {
        Value::Open(why) => {
            Known::unknown(Reason::Expression, format!("{what}: {why}"), place.clone())
        }
        Value::OneOf(all) => match all.as_slice() {
            [Some(text)] if !text.text.trim().is_empty() => {
                Known::Known(text.text.trim().to_owned())
            }
            [_] => Known::unknown(
                Reason::NotWritten,
                format!("{what} is empty"),
                place.clone(),
            ),
            many => {
                let text = |it: &Option<_>| match it {
                    Some(cmake::Text { text, .. }) => text.clone(),
                    None => "nothing".to_owned(),
                };
                let all: Vec<String> = many.iter().map(text).collect();
                let detail = format!("{what} depends on a condition: {}", all.join(" or "));
                Known::unknown(Reason::Ambiguous, detail, place.clone())
            }
        },
    }
}
