//! Towncrier's settings, as far as they say where fragments are and what their names mean. Everything else is passed over.
//!
//! Must not: read fragments.

use super::{FragmentError, Fragments, NewsType, Section};
use crate::conventional::shown;
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use std::collections::HashMap;
use std::ops::Range;
use toml_edit::{Item, TableLike, Value};

/// Word, title, and whether the text is shown.
const DEFAULT: [(&str, &str, bool); 5] = [
    ("feature", "Features", true),
    ("bugfix", "Bugfixes", true),
    ("doc", "Improved Documentation", true),
    ("removal", "Deprecations and Removals", true),
    ("misc", "Misc", false),
];

/// In a package, and where the settings name no directory.
const DIRECTORY: &str = "newsfragments";

impl Fragments {
    /// Fragments of the default types in one directory, where there are no settings.
    pub fn within(directory: &str) -> Self {
        let section = Section {
            name: String::new(),
            directory: directory.trim_matches('/').to_owned(),
        };
        let types = DEFAULT.map(|(word, title, shows_text)| NewsType {
            word: word.to_owned(),
            title: title.to_owned(),
            shows_text,
        });
        Self::made(vec![section], types.to_vec(), GlobSet::empty(), "+")
    }

    /// What the settings say, of `towncrier.toml` or `pyproject.toml`; `None` where there is no `[tool.towncrier]`. Directories
    /// are relative to the settings' own. Where both files have such a table, towncrier takes `towncrier.toml`.
    ///
    /// # Errors
    /// [`FragmentError`], with the line.
    pub fn settings(path: &str, bytes: &[u8]) -> Result<Option<Self>, FragmentError> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let text =
            std::str::from_utf8(bytes).map_err(|_| FragmentError::NotText { path: shown(path) })?;
        let file = File { path, text };
        let document = toml_edit::Document::parse(text)
            .map_err(|error| file.fault(error.span(), error.message().replace('\n', ", ")))?;
        let tool = document.get("tool").and_then(|tool| tool.get("towncrier"));
        let Some(item) = tool else {
            return Ok(None);
        };
        let table = item
            .as_table_like()
            .ok_or_else(|| file.fault(item.span(), "towncrier is a table"))?;
        let sections = file.sections(table)?;
        let types = file.types(table)?;
        let orphan = file.text(table, "orphan_prefix")?;
        let orphan = orphan.filter(|orphan| !orphan.is_empty()).unwrap_or("+");
        let ignored = file.ignored(table)?;
        Ok(Some(Self::made(sections, types, ignored, orphan)))
    }

    fn made(sections: Vec<Section>, types: Vec<NewsType>, ignored: GlobSet, orphan: &str) -> Self {
        let word = |(at, kind): (usize, &NewsType)| (kind.word.clone(), at);
        Self {
            sections,
            by_word: types.iter().enumerate().map(word).collect(),
            types,
            ignored,
            orphan: orphan.to_owned(),
        }
    }
}

/// A table of a list, and where it stands.
type Placed<'t> = (&'t dyn TableLike, Option<Range<usize>>);

struct File<'a> {
    path: &'a str,
    text: &'a str,
}

impl<'a> File<'a> {
    fn line(&self, at: Option<Range<usize>>) -> usize {
        let before = at.and_then(|at| self.text.get(..at.start));
        1 + before.unwrap_or_default().matches('\n').count()
    }

    fn fault(&self, at: Option<Range<usize>>, why: impl AsRef<str>) -> FragmentError {
        FragmentError::Setting {
            path: shown(self.path),
            line: self.line(at),
            why: shown(why.as_ref()),
        }
    }

    fn text<'t>(
        &self,
        table: &'t dyn TableLike,
        key: &str,
    ) -> Result<Option<&'t str>, FragmentError> {
        let Some(item) = table.get(key) else {
            return Ok(None);
        };
        let text = item.as_str();
        text.map(Some)
            .ok_or_else(|| self.fault(item.span(), format!("{key} is a text")))
    }

    fn tables<'t>(
        &self,
        table: &'t dyn TableLike,
        key: &str,
    ) -> Result<Option<Vec<Placed<'t>>>, FragmentError> {
        let Some(item) = table.get(key) else {
            return Ok(None);
        };
        let wrong = || self.fault(item.span(), format!("{key} is a list of tables"));
        match item {
            Item::ArrayOfTables(list) => {
                let each = list.iter().map(|one| (one as &dyn TableLike, one.span()));
                Ok(Some(each.collect()))
            }
            Item::Value(Value::Array(list)) => {
                let each = list.iter().map(|one| {
                    let table = one.as_inline_table().ok_or_else(wrong)?;
                    Ok((table as &dyn TableLike, one.span()))
                });
                each.collect::<Result<_, _>>().map(Some)
            }
            _ => Err(wrong()),
        }
    }

    fn types(&self, table: &dyn TableLike) -> Result<Vec<NewsType>, FragmentError> {
        let mut types: Vec<NewsType> = Vec::new();
        let mut lines: HashMap<String, usize> = HashMap::new();
        let mut add = |kind: NewsType, at: Option<Range<usize>>| {
            let line = self.line(at.clone());
            if kind.word.is_empty() || kind.word.contains(['.', '/']) {
                let why = format!("{:?} cannot be a part of a file's name", kind.word);
                return Err(self.fault(at, why));
            }
            if lines.insert(kind.word.clone(), line).is_some() {
                return Err(FragmentError::Twice {
                    path: shown(self.path),
                    line,
                    name: shown(&kind.word),
                });
            }
            types.push(kind);
            Ok(())
        };
        if let Some(list) = self.tables(table, "type")? {
            for (one, at) in list {
                let title = self
                    .text(one, "name")?
                    .ok_or_else(|| self.fault(at.clone(), "the type has no name"))?;
                let word = self.text(one, "directory")?;
                let word = word.map_or_else(|| title.to_lowercase(), str::to_owned);
                add(self.kind(one, word, title)?, at)?;
            }
        } else if let Some(item) = table.get("fragment") {
            let named = item
                .as_table_like()
                .ok_or_else(|| self.fault(item.span(), "fragment is a table"))?;
            for (key, item) in named.iter() {
                let one = item
                    .as_table_like()
                    .ok_or_else(|| self.fault(item.span(), format!("fragment.{key} is a table")))?;
                let title = match self.text(one, "name")? {
                    Some(name) => name.to_owned(),
                    None => capitalised(key),
                };
                add(self.kind(one, key.to_lowercase(), &title)?, item.span())?;
            }
        } else {
            return Ok(Fragments::within("").types);
        }
        if types.is_empty() {
            return Err(self.fault(None, "the settings name no type of news"));
        }
        Ok(types)
    }

    fn kind(
        &self,
        table: &dyn TableLike,
        word: String,
        title: &str,
    ) -> Result<NewsType, FragmentError> {
        let shows_text = match table.get("showcontent") {
            None => true,
            Some(item) => item
                .as_bool()
                .ok_or_else(|| self.fault(item.span(), "showcontent is true or false"))?,
        };
        let title = shown(title.trim());
        Ok(NewsType {
            word,
            title,
            shows_text,
        })
    }

    fn sections(&self, table: &dyn TableLike) -> Result<Vec<Section>, FragmentError> {
        let own = self.path.rsplit_once('/').map_or("", |(own, _)| own);
        let (base, within) = match (self.text(table, "directory")?, self.text(table, "package")?) {
            (Some(directory), _) => (directory.to_owned(), ""),
            (None, package) => {
                let place = self.text(table, "package_dir")?.unwrap_or_default();
                let package = package.unwrap_or_default().replace('.', "/");
                (format!("{place}/{package}"), DIRECTORY)
            }
        };
        let at = |part: &str, span: Option<Range<usize>>| {
            let directory = format!("{own}/{base}/{part}/{within}");
            plain(&directory)
                .ok_or_else(|| self.fault(span, "the directory is outside the repository"))
        };
        let mut sections = Vec::new();
        for (one, span) in self.tables(table, "section")?.unwrap_or_default() {
            let part = self.text(one, "path")?.unwrap_or_default();
            let name = self.text(one, "name")?.unwrap_or_default();
            sections.push(Section {
                // The section at the top is that of all the rest.
                name: if part.is_empty() {
                    String::new()
                } else {
                    shown(name.trim())
                },
                directory: at(part, span)?,
            });
        }
        if sections.is_empty() {
            let span = table.get("directory").and_then(Item::span);
            sections.push(Section {
                name: String::new(),
                directory: at("", span)?,
            });
        }
        Ok(sections)
    }

    /// The template, the news file itself, and what `ignore` names.
    fn ignored(&self, table: &'a dyn TableLike) -> Result<GlobSet, FragmentError> {
        let mut all = GlobSetBuilder::new();
        let mut add = |pattern: &str, span: Option<Range<usize>>| {
            let glob = GlobBuilder::new(&pattern.to_lowercase()).build();
            let glob = glob.map_err(|error| self.fault(span, error.kind().to_string()))?;
            all.add(glob);
            Ok(())
        };
        for key in ["template", "filename"] {
            if let Some(path) = self.text(table, key)? {
                let name = path.rsplit('/').next().unwrap_or(path);
                add(&globset::escape(name), None)?;
            }
        }
        if let Some(item) = table.get("ignore") {
            let wrong = || self.fault(item.span(), "ignore is a list of texts");
            for one in item.as_array().ok_or_else(wrong)? {
                add(one.as_str().ok_or_else(wrong)?, one.span())?;
            }
        }
        all.build().map_err(|error| {
            self.fault(table.get("ignore").and_then(Item::span), error.to_string())
        })
    }
}

fn capitalised(word: &str) -> String {
    let mut chars = word.chars();
    let first = chars.next().into_iter().flat_map(char::to_uppercase);
    first.chain(chars.flat_map(char::to_lowercase)).collect()
}

/// Without empty parts, `.` and `..`; `None` where it leads out.
fn plain(path: &str) -> Option<String> {
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}
