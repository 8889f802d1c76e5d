//! Release tags, read from the references in one pass, whatever the number of patterns.
//!
//! Invariants: names that fit no pattern, or hold no version, are passed over before anything else is done with them. No object
//! is looked up for a packed tag that git has peeled already (`git pack-refs` does).

use crate::error::HistoryError;
use crate::objects::CommitId;
use crate::repository::Repository;
use crate::tag::{ReleaseTag, TagPattern};
use gix::ObjectId;
use gix::bstr::{BStr, ByteSlice as _};
use gix::objs::Kind;
use shipway_core::config::Scheme;
use shipway_core::name::RefName;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

/// Release tags, by pattern.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tags {
    /// One list for each pattern that was given, lowest version first.
    pub by_pattern: Vec<Vec<ReleaseTag>>,
    /// What a person may want to know of.
    pub oddities: Vec<Oddity>,
}

/// A tag whose name says that it is a release, and that is not quite one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Oddity {
    /// It leads to a tree or to the content of a file. It is not among the release tags.
    NoCommit { name: RefName },
    /// It points at another reference, so that it moves with it. It is not among the release tags.
    Symbolic { name: RefName },
    /// It leads to an object that is not there. It is not among the release tags.
    Dangling { name: RefName },
    /// Several tags of one pattern on one commit, lowest version first.
    SameCommit { names: Vec<RefName> },
    /// Several tags of one pattern for one version: `v1.0` and `v1.0.0` under PEP 440.
    SameVersion { names: Vec<RefName> },
}

/// Patterns, found by what stands before the version.
struct Patterns<'p> {
    by_start: HashMap<&'p str, Vec<(usize, &'p TagPattern)>>,
}

impl<'p> Patterns<'p> {
    fn new(patterns: &'p [TagPattern]) -> Self {
        let mut by_start: HashMap<&str, Vec<_>> = HashMap::new();
        for (at, pattern) in patterns.iter().enumerate() {
            let of_start = by_start.entry(pattern.before()).or_default();
            of_start.push((at, pattern));
        }
        Self { by_start }
    }

    /// Those that may fit: versions begin with a digit.
    fn fitting<'s>(&'s self, short: &'s str) -> impl Iterator<Item = (usize, &'p TagPattern)> + 's {
        let digits = short
            .bytes()
            .enumerate()
            .filter(|(_, b)| b.is_ascii_digit());
        digits
            .filter_map(|(at, _)| self.by_start.get(short.get(..at)?))
            .flatten()
            .copied()
    }
}

enum Peeled {
    Commit(ObjectId, ObjectId),
    NoCommit,
    Symbolic,
    Dangling,
}

impl Repository {
    /// The tags that fit a pattern and hold a version of the scheme, for many patterns at once.
    ///
    /// A packed lightweight tag is taken for that of a commit; whether it is one shows when its commit is read.
    ///
    /// # Errors
    /// [`HistoryError::Read`] where the references are damaged.
    pub fn tags(&self, patterns: &[TagPattern], scheme: Scheme) -> Result<Tags, HistoryError> {
        let read = |source| HistoryError::read("the tags", source);
        let mut pass = Pass {
            patterns: Patterns::new(patterns),
            scheme,
            found: Tags {
                by_pattern: vec![Vec::new(); patterns.len()],
                oddities: Vec::new(),
            },
        };
        // Loose ones first, as git does: one that is being packed is found in both places, never in none.
        let mut loose = HashSet::new();
        let prefix = b"refs/tags/".try_into().map_err(read)?;
        let references = self.git.refs.loose_iter_prefixed(prefix);
        for reference in references.map_err(|source| HistoryError::read("the tags", source))? {
            let reference = reference.map_err(read)?;
            let object = reference.target.try_id().map(ToOwned::to_owned);
            pass.take(reference.name.as_bstr(), || self.peel(object))?;
            loose.insert(reference.name);
        }
        if let Some(packed) = self.git.refs.cached_packed_buffer().map_err(read)? {
            let is_peeled = is_peeled(&self.git.refs.packed_refs_path())?;
            for reference in packed.iter_prefixed("refs/tags/".into()).map_err(read)? {
                let reference = reference.map_err(read)?;
                if loose.contains(reference.name) {
                    continue;
                }
                pass.take(reference.name.as_bstr(), || {
                    if is_peeled || reference.object.is_some() {
                        Ok(Peeled::Commit(reference.target(), reference.object()))
                    } else {
                        self.peel(Some(reference.target()))
                    }
                })?;
            }
        }
        let mut found = pass.found;
        for tags in &mut found.by_pattern {
            tags.sort_by(|a, b| (&a.version, &a.name).cmp(&(&b.version, &b.name)));
            doubles(tags, &mut found.oddities);
        }
        Ok(found)
    }

    /// The tags of one pattern, lowest version first.
    ///
    /// # Errors
    /// As [`Repository::tags`].
    pub fn release_tags(
        &self,
        pattern: &TagPattern,
        scheme: Scheme,
    ) -> Result<Vec<ReleaseTag>, HistoryError> {
        let found = self.tags(std::slice::from_ref(pattern), scheme)?;
        Ok(found.by_pattern.into_iter().flatten().collect())
    }

    /// The object of a tag and the commit behind it.
    fn peel(&self, object: Option<ObjectId>) -> Result<Peeled, HistoryError> {
        // A symbolic tag: nobody makes releases with them.
        let Some(object) = object else {
            return Ok(Peeled::Symbolic);
        };
        let mut at = object;
        loop {
            let read = |source| HistoryError::read(format!("object {at}"), source);
            let Some(header) = self.git.try_find_header(at).map_err(read)? else {
                return Ok(Peeled::Dangling);
            };
            match header.kind() {
                Kind::Commit => return Ok(Peeled::Commit(object, at)),
                Kind::Tag => {
                    let tag = self.git.find_tag(at).map_err(read)?;
                    at = tag.target_id().map_err(read)?.detach();
                }
                Kind::Tree | Kind::Blob => return Ok(Peeled::NoCommit),
            }
        }
    }
}

/// One reading of all tags.
struct Pass<'p> {
    patterns: Patterns<'p>,
    scheme: Scheme,
    found: Tags,
}

impl Pass<'_> {
    fn take(
        &mut self,
        full: &BStr,
        peel: impl FnOnce() -> Result<Peeled, HistoryError>,
    ) -> Result<(), HistoryError> {
        let Ok(full) = full.to_str() else {
            return Ok(());
        };
        let short = full.strip_prefix("refs/tags/").unwrap_or(full);
        let fitting = self.patterns.fitting(short);
        let versions: Vec<_> = fitting
            .filter_map(|(at, pattern)| Some((at, pattern.version(short, self.scheme)?)))
            .collect();
        // A name that cannot be used is no release's.
        let Some(name) = (!versions.is_empty())
            .then(|| RefName::new(full).ok())
            .flatten()
        else {
            return Ok(());
        };
        let odd = match peel()? {
            Peeled::Commit(object, commit) => {
                for (at, version) in versions {
                    self.found.by_pattern[at].push(ReleaseTag {
                        name: name.clone(),
                        version,
                        object: CommitId(object).oid()?,
                        commit: CommitId(commit).oid()?,
                    });
                }
                return Ok(());
            }
            Peeled::NoCommit => Oddity::NoCommit { name },
            Peeled::Symbolic => Oddity::Symbolic { name },
            Peeled::Dangling => Oddity::Dangling { name },
        };
        self.found.oddities.push(odd);
        Ok(())
    }
}

/// Whether git wrote down what each packed tag leads to: `# pack-refs with: peeled fully-peeled sorted`.
fn is_peeled(packed: &Path) -> Result<bool, HistoryError> {
    let read = |source| HistoryError::read("packed-refs", source);
    let file = fs_err::File::open(packed).map_err(read)?;
    let mut first = Vec::new();
    let line = BufReader::new(file.take(1024)).read_until(b'\n', &mut first);
    line.map_err(read)?;
    let words = first.strip_prefix(b"# pack-refs with:").unwrap_or_default();
    Ok(words
        .split(u8::is_ascii_whitespace)
        .any(|word| word == b"peeled" || word == b"fully-peeled"))
}

fn doubles(tags: &[ReleaseTag], oddities: &mut Vec<Oddity>) {
    let mut by_commit: BTreeMap<&str, Vec<RefName>> = BTreeMap::new();
    for tag in tags {
        let names = by_commit.entry(tag.commit.as_str()).or_default();
        names.push(tag.name.clone());
    }
    let several = by_commit.into_values().filter(|names| names.len() > 1);
    oddities.extend(several.map(|names| Oddity::SameCommit { names }));
    let same = tags.chunk_by(|a, b| a.version == b.version);
    oddities.extend(same.filter(|tags| tags.len() > 1).map(|tags| {
        let names = tags.iter().map(|tag| tag.name.clone()).collect();
        Oddity::SameVersion { names }
    }));
}
