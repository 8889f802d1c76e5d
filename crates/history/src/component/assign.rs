//! Whose change it is, by the paths that it touches.
//!
//! A path belongs to the component with the longest directory that it is in, and to every component whose `include` names it. It is
//! nobody's where `ignore` names it; not that component's where its `exclude` does; and nobody's where it is in no component.
//! A lock file in the directory of a component that holds others is nobody's: it changes with each of them.
//!
//! Invariants: the cost of a path is that of its own parts, whatever the number of components.
//!
//! Must not: know commits.

use super::{Component, Fault};
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use std::collections::HashMap;

/// Files that package managers write.
const LOCK_FILES: [&str; 10] = [
    "Cargo.lock",
    "package-lock.json",
    "npm-shrinkwrap.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "bun.lock",
    "bun.lockb",
    "uv.lock",
    "poetry.lock",
    "pdm.lock",
];

/// Tells the components that a path belongs to.
pub struct Assignment {
    /// The first is the top.
    nodes: Vec<Node>,
    ignored: GlobSet,
    /// By pattern, the component.
    includes: (GlobSet, Vec<usize>),
    excludes: (GlobSet, Vec<usize>),
}

#[derive(Default)]
struct Node {
    below: HashMap<String, usize>,
    component: Option<usize>,
}

/// Whose the files below a directory are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// All of them this one's.
    One(usize),
    /// Nobody's.
    Nobody,
    /// Each has to be asked for.
    Several,
}

impl Assignment {
    /// # Errors
    /// [`Fault::Pattern`] for patterns that cannot be read.
    pub fn new(components: &[Component], ignore: &[String]) -> Result<Self, Vec<Fault>> {
        let mut nodes = vec![Node::default()];
        for (index, component) in components.iter().enumerate() {
            let mut at = 0;
            for part in component.path.split('/').filter(|part| !part.is_empty()) {
                at = match nodes[at].below.get(part) {
                    Some(below) => *below,
                    None => {
                        let new = nodes.len();
                        nodes.push(Node::default());
                        nodes[at].below.insert(part.to_owned(), new);
                        new
                    }
                };
            }
            nodes[at].component = Some(index);
        }
        let mut faults = Vec::new();
        let named = || {
            let numbered = components.iter().enumerate();
            numbered.filter_map(|(at, one)| Some((at, one.named.as_ref()?)))
        };
        let includes = named().flat_map(|(at, one)| one.include.iter().map(move |text| (at, text)));
        let excludes = named().flat_map(|(at, one)| one.exclude.iter().map(move |text| (at, text)));
        let ignored = ignore.iter().map(|text| (0, text));
        let (ignored, _) = patterns(ignored, &mut faults);
        let includes = patterns(includes, &mut faults);
        let excludes = patterns(excludes, &mut faults);
        if faults.is_empty() {
            Ok(Self {
                nodes,
                ignored,
                includes,
                excludes,
            })
        } else {
            Err(faults)
        }
    }

    /// Adds the components that a path belongs to. The path of a directory ends with `/` and stands for all files in it.
    pub fn owners(&self, path: &str, found: &mut Vec<usize>) {
        if self.ignored.is_match(path) {
            return;
        }
        if let Some(component) = self.by_directory(path)
            && !matching(&self.excludes, path).any(|one| one == component)
        {
            found.push(component);
        }
        found.extend(matching(&self.includes, path));
    }

    /// The components that some of the paths belong to, sorted, each once.
    pub fn of<'p>(&self, paths: impl IntoIterator<Item = &'p str>) -> Vec<usize> {
        let mut found = Vec::new();
        for path in paths {
            self.owners(path, &mut found);
            // Paths come by directory, so that most repeat the last.
            if let [.., before, last] = found[..]
                && before == last
            {
                found.pop();
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Whose the files in a directory are, as far as it can be told without their names.
    pub fn below(&self, directory: &str) -> Owner {
        if !(self.ignored.is_empty() && self.includes.0.is_empty() && self.excludes.0.is_empty()) {
            return Owner::Several;
        }
        let (node, component, is_last) = self.walk(directory);
        match component {
            // The directory is a component's that holds others, or leads to one.
            _ if is_last && !self.nodes[node].below.is_empty() => Owner::Several,
            Some(component) => Owner::One(component),
            None => Owner::Nobody,
        }
    }

    fn by_directory(&self, path: &str) -> Option<usize> {
        let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
        let (node, component, is_last) = self.walk(directory);
        let holds_others = is_last && !self.nodes[node].below.is_empty();
        component.filter(|_| !(holds_others && LOCK_FILES.contains(&name)))
    }

    /// The deepest node on the way, the component that the directory is in, and whether the node is the directory itself.
    fn walk(&self, directory: &str) -> (usize, Option<usize>, bool) {
        let (mut at, mut component) = (0, self.nodes[0].component);
        for part in directory.split('/').filter(|part| !part.is_empty()) {
            let Some(below) = self.nodes[at].below.get(part) else {
                return (at, component, false);
            };
            at = *below;
            component = self.nodes[at].component.or(component);
        }
        (at, component, true)
    }
}

fn matching<'s>(
    (set, owners): &'s (GlobSet, Vec<usize>),
    path: &str,
) -> impl Iterator<Item = usize> + use<'s> {
    let matches = if set.is_empty() {
        Vec::new()
    } else {
        set.matches(path)
    };
    matches.into_iter().filter_map(|at| owners.get(at).copied())
}

fn patterns<'t>(
    texts: impl Iterator<Item = (usize, &'t String)>,
    faults: &mut Vec<Fault>,
) -> (GlobSet, Vec<usize>) {
    let (mut set, mut owners) = (GlobSetBuilder::new(), Vec::new());
    let fault = |text: &str, error: &globset::Error| Fault::Pattern {
        path: "shipway.toml".to_owned(),
        pattern: text.to_owned(),
        why: error.kind().to_string(),
    };
    for (owner, text) in texts {
        // A directory means all that is in it.
        let whole = text.trim_end_matches('/');
        let forms = [whole.to_owned(), format!("{whole}/**")];
        for form in forms {
            match GlobBuilder::new(&form).literal_separator(true).build() {
                Ok(glob) => {
                    set.add(glob);
                    owners.push(owner);
                }
                Err(error) => {
                    faults.push(fault(text, &error));
                    break;
                }
            }
        }
    }
    match set.build() {
        Ok(set) => (set, owners),
        Err(error) => {
            faults.push(fault("", &error));
            (GlobSet::empty(), Vec::new())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::component::plan::tests::settings;
    use crate::component::{Memory, discover};
    use proptest::prelude::*;
    use shipway_core::config;

    fn components(paths: &[&str], named: Vec<config::Component>) -> Vec<Component> {
        let mut settings = settings();
        settings.named = named;
        let members: Vec<String> = paths
            .iter()
            .filter(|path| !path.is_empty())
            .map(|path| format!("\"{path}\""))
            .collect();
        let (name, private) = if paths.contains(&"") {
            ("top", "false")
        } else {
            ("", "true")
        };
        let root = format!(
            "{{\"name\": \"{name}\", \"version\": \"1.0.0\", \"private\": {private}, \"workspaces\": [{}]}}",
            members.join(", ")
        );
        let manifest = |path: &&str| {
            let text = format!("{{\"name\": \"{path}\", \"version\": \"1.0.0\"}}");
            (format!("{path}/package.json"), text)
        };
        let files: Memory = std::iter::once(("package.json".to_owned(), root))
            .chain(paths.iter().filter(|path| !path.is_empty()).map(manifest))
            .collect();
        discover(&files, &settings).unwrap()
    }

    fn named(path: &str, include: &[&str], exclude: &[&str]) -> config::Component {
        let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
        config::Component {
            name: path.to_owned(),
            path: path.to_owned(),
            tag: None,
            version_files: Vec::new(),
            changelog: None,
            depends_on: Vec::new(),
            include: texts(include),
            exclude: texts(exclude),
        }
    }

    fn owners(components: &[Component], ignore: &[&str], path: &str) -> String {
        let ignore: Vec<String> = ignore.iter().map(|text| (*text).to_owned()).collect();
        let assignment = Assignment::new(components, &ignore).unwrap();
        let found = assignment.of([path]);
        let names: Vec<&str> = found
            .iter()
            .map(|at| components[*at].name.as_str())
            .collect();
        names.join(" ")
    }

    #[test]
    fn the_longest_directory_owns_a_path() {
        let components = components(&["p/a", "p/a/inner", "p/ab"], Vec::new());
        for (path, owner) in [
            ("p/a/src/x", "p/a"),
            ("p/a/inner/x", "p/a/inner"),
            ("p/a/inner2/x", "p/a"),
            ("p/ab/x", "p/ab"),
            ("p/a", ""),
            ("p/x", ""),
            ("README.md", ""),
            ("p/a/", "p/a"),
            ("p/ab/deep/", "p/ab"),
        ] {
            assert_eq!(owners(&components, &[], path), owner, "{path}");
        }
    }

    #[test]
    fn lock_files_of_many_are_nobodys() {
        let all = components(&["", "p/a"], Vec::new());
        for (path, owner) in [
            ("package.json", "top"),
            ("package-lock.json", ""),
            ("src/Cargo.lock", "top"),
            ("p/a/yarn.lock", "p/a"),
        ] {
            assert_eq!(owners(&all, &[], path), owner, "{path}");
        }
        assert_eq!(
            owners(&components(&[""], Vec::new()), &[], "package-lock.json"),
            "top"
        );
    }

    #[test]
    fn patterns_add_take_away_and_ignore() {
        let named = vec![
            named("a", &["shared", "proto/*.proto"], &["a/docs/**"]),
            named("b", &["shared/", "top.txt"], &[]),
        ];
        let components = components(&["a", "b"], named);
        let ignore = ["**/tests", "*.md"];
        for (path, owner) in [
            ("shared/x/y", "a b"),
            ("proto/x.proto", "a"),
            ("proto/deep/x.proto", ""),
            ("top.txt", "b"),
            ("a/docs/x", ""),
            ("a/doc/x", "a"),
            ("a/tests/x", ""),
            ("shared/tests/x", ""),
            ("x.md", ""),
            ("b/x.md", "b"),
        ] {
            assert_eq!(owners(&components, &ignore, path), owner, "{path}");
        }
        let bad = Assignment::new(&components, &["[".to_owned()]);
        assert!(matches!(&bad.err().unwrap()[..], [Fault::Pattern { .. }]));
    }

    proptest! {
        /// What is told of a directory holds of each file in it, and both agree with looking at every component.
        #[test]
        fn directories_and_files_agree(
            paths in proptest::collection::btree_set("[ab]{1,2}(/[ab]{1,2}){0,2}", 1..6),
            file in "[ab]{1,2}(/[ab]{1,2}){0,4}",
        ) {
            let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
            let components = components(&paths, Vec::new());
            let assignment = Assignment::new(&components, &[]).unwrap();
            let found = assignment.of([file.as_str()]);
            let holds = |one: &&Component| file.starts_with(&format!("{}/", one.path));
            let longest = components.iter().filter(holds).max_by_key(|one| one.path.len());
            prop_assert_eq!(found.first().map(|at| &components[*at]), longest);
            for (at, _) in file.match_indices('/') {
                match assignment.below(&file[..at]) {
                    Owner::One(owner) => prop_assert_eq!(&found, &[owner]),
                    Owner::Nobody => prop_assert!(found.is_empty()),
                    Owner::Several => {}
                }
            }
        }
    }
}
