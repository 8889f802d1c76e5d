use super::*;
use proptest::prelude::*;
use shipway_core::config::{self, Initial, Rule, Scheme};
use shipway_core::version::Version;

fn settings(text: &str) -> Fragments {
    let found = Fragments::settings("pyproject.toml", text.as_bytes()).unwrap();
    found.unwrap_or_else(|| panic!("{text}"))
}

fn read(fragments: &Fragments, files: &[(&str, &str)]) -> Result<Vec<Change>, FragmentError> {
    let files = files.iter().map(|(path, text)| (*path, text.as_bytes()));
    fragments.read(files, &Convention::default())
}

fn told(changes: &[Change]) -> Vec<String> {
    let one = |change: &Change| {
        format!(
            "{} {} {} [{}]",
            change
                .level
                .map_or("none".to_owned(), |level| level.to_string()),
            change.group.as_deref().unwrap_or("nowhere"),
            change,
            change.references.join(" ")
        )
    };
    changes.iter().map(one).collect()
}

#[test]
fn names_say_what_the_news_are() {
    let changes = read(
        &Fragments::within("changes/"),
        &[
            ("changes/12.feature.rst", "Add it,\nas #3 wants.\n\nMore\n"),
            ("changes/9.feature", "- First"),
            (
                "changes/+orphan.bugfix.1.md",
                "\u{feff}\r\nRepair\r\nit\r\n",
            ),
            ("changes/repo.123.feature", "Other"),
            ("changes/007.misc", ""),
            ("changes/gh-5.doc.md", "Tell \u{1b}[31m"),
            ("changes/1.removal.txt", "Drop it"),
            ("changes/bugfix.doc.2.bugfix.3.md", "The last type counts"),
            ("changes/README", "x"),
            ("changes/ReadMe.rst", "x"),
            ("changes/.gitignore", "!.gitignore"),
            ("changes/old/1.feature", "not here"),
            ("elsewhere/1.feature", "not here"),
        ],
    );
    assert_eq!(
        told(&changes.unwrap()),
        [
            "minor Features feat: First (changes/9.feature) [#9]",
            "minor Features feat: Add it, as #3 wants. (changes/12.feature.rst) [#12 #3]",
            "minor Features feat: Other (changes/repo.123.feature) []",
            "patch Bugfixes fix: Repair it (changes/+orphan.bugfix.1.md) []",
            "patch Bugfixes fix: The last type counts (changes/bugfix.doc.2.bugfix.3.md) []",
            "none Improved Documentation doc: Tell \u{fffd}[31m (changes/gh-5.doc.md) [GH-5]",
            "major Deprecations and Removals removal!: Drop it (changes/1.removal.txt) [#1]",
            "none Misc misc: #7 (changes/007.misc) [#7]",
        ]
    );
}

#[test]
fn what_would_be_lost_is_refused() {
    let changes = Fragments::within("changes");
    for (files, error, hint) in [
        (
            &[("changes/12.feture.rst", "x")][..],
            "the name of changes/12.feture.rst has no type of news in it",
            "name it ISSUE.TYPE.md, with a type out of feature, bugfix, doc, removal, misc; or list it in towncrier's setting ignore",
        ),
        (
            &[("changes/feature", "x")],
            "the name of changes/feature has no type of news in it",
            "",
        ),
        (
            &[("changes/.feature", "x"), ("changes/12.Feature", "x")],
            "the name of changes/12.Feature has no type of news in it",
            "",
        ),
        (
            &[("changes/ .doc.md", "x")],
            "the name of changes/ .doc.md has no type of news in it",
            "",
        ),
        (
            &[("changes/1.feature", " \n")],
            "changes/1.feature says nothing",
            "write a sentence for users, or delete the file",
        ),
        (
            &[("changes/+a.misc", "")],
            "changes/+a.misc says nothing",
            "",
        ),
        (
            &[("changes/1.doc.rst", "a"), ("changes/01.doc.md", "b")],
            "changes/01.doc.md and changes/1.doc.rst have the same issue, type and number",
            "put a number behind the type of one of them, as in 123.feature.1.md",
        ),
    ] {
        let found = read(&changes, files).unwrap_err();
        assert_eq!(found.to_string(), error);
        assert!(found.hint().starts_with(hint), "{}", found.hint());
    }
    let latin = [("changes/1.doc", &b"gr\xfc\xdfe"[..])];
    let found = changes.read(latin, &Convention::default()).unwrap_err();
    assert_eq!(found.to_string(), "changes/1.doc is not UTF-8 text");
}

#[test]
fn files_that_say_the_same_are_one_change() {
    let changes = read(
        &Fragments::within("news"),
        &[
            ("news/2.bugfix", "Repair it\n"),
            ("news/1.bugfix", "Repair it"),
            ("news/1.feature", "Repair it"),
            ("news/3.misc", ""),
            ("news/4.misc", ""),
        ],
    );
    let changes = changes.unwrap();
    let references: Vec<String> = changes.iter().map(|one| one.references.join(" ")).collect();
    assert_eq!(references, ["#1", "#1 #2", "#3", "#4"]);
}

#[test]
fn settings_say_where_news_are_and_what_they_mean() {
    let fragments = settings(
        "[tool.towncrier]
package = 'my.driver'
package_dir = './src'
template = 'src/my/driver/newsfragments/_template.rst'
filename = 'NEWS.md'
orphan_prefix = '~'
ignore = ['*.Draft', 'x?.txt']
[[tool.towncrier.section]]
path = ''
name = 'All'
[[tool.towncrier.section]]
path = 'web'
name = 'Web'
[[tool.towncrier.type]]
directory = 'breaking'
name = 'Breaking Changes'
showcontent = true
[[tool.towncrier.type]]
name = 'Deprecation'
showcontent = true
[[tool.towncrier.type]]
directory = 'vendor'
name = 'Libraries'
[[tool.towncrier.type]]
directory = 'trivial'
name = 'Trivial'
showcontent = false
",
    );
    assert_eq!(
        fragments.directories().collect::<Vec<_>>(),
        [
            "src/my/driver/newsfragments",
            "src/my/driver/web/newsfragments"
        ]
    );
    assert_eq!(
        fragments.groups().collect::<Vec<_>>(),
        ["Breaking Changes", "Deprecation", "Libraries", "Trivial"]
    );
    let base = "src/my/driver";
    let paths = [
        "newsfragments/1.breaking",
        "newsfragments/~x.deprecation.md",
        "web/newsfragments/2.vendor",
        "newsfragments/3.trivial",
        "newsfragments/_TEMPLATE.rst",
        "newsfragments/news.md",
        "newsfragments/a.draft",
        "newsfragments/x1.txt",
    ]
    .map(|path| format!("{base}/{path}"));
    let files: Vec<(&str, &str)> = paths
        .iter()
        .map(|path| (path.as_str(), "It is so"))
        .collect();
    assert_eq!(
        told(&read(&fragments, &files).unwrap()),
        [
            format!(
                "major Breaking Changes breaking!: It is so ({}) [#1]",
                paths[0]
            ),
            format!("minor Deprecation deprecation: It is so ({}) []", paths[1]),
            format!("none Trivial trivial: #3 ({}) [#3]", paths[3]),
            format!("patch Libraries vendor(Web): It is so ({}) [#2]", paths[2]),
        ]
    );
    let tables = settings(
        "tool.towncrier = { directory = 'a/../news', fragment = { Feat = {}, fix = { name = 'Bugs', showcontent = false } } }",
    );
    assert_eq!(tables.directories().collect::<Vec<_>>(), ["news"]);
    assert_eq!(tables.groups().collect::<Vec<_>>(), ["Feat", "Bugs"]);
    assert!(
        tables.holds("news/1.feat") && !tables.holds("news/readme.md") && !tables.holds("1.feat")
    );
    let plain = Fragments::settings("libs/a/towncrier.toml", b"[tool.towncrier]\n").unwrap();
    assert_eq!(
        plain.unwrap().directories().collect::<Vec<_>>(),
        ["libs/a/newsfragments"]
    );
    assert!(
        Fragments::settings("pyproject.toml", b"[project]\nname = 'x'\n")
            .unwrap()
            .is_none()
    );
}

#[test]
fn settings_that_mean_nothing_are_told_with_their_line() {
    for (text, error) in [
        (
            "[tool.towncrier]\n[[tool.towncrier.type]]\nname = 'A'\n[[tool.towncrier.type]]\ndirectory = 'a'\nname = 'B'\n",
            "t.toml, line 4: there are two types of news with the name \"a\"",
        ),
        (
            "[tool.towncrier.fragment.Fix]\n[tool.towncrier.fragment.fix]\n",
            "t.toml, line 2: there are two types of news with the name \"fix\"",
        ),
        (
            "[tool.towncrier]\n[[tool.towncrier.type]]\nshowcontent = true\n",
            "t.toml, line 2: the type has no name",
        ),
        (
            "[tool.towncrier]\n[[tool.towncrier.type]]\nname = 'a.b'\n",
            "t.toml, line 2: \"a.b\" cannot be a part of a file's name",
        ),
        (
            "[tool.towncrier]\n\ndirectory = 1\n",
            "t.toml, line 3: directory is a text",
        ),
        (
            "[tool.towncrier]\ndirectory = '../news'\n",
            "t.toml, line 2: the directory is outside the repository",
        ),
        (
            "[tool.towncrier]\ntype = 'x'\n",
            "t.toml, line 2: type is a list of tables",
        ),
        (
            "[tool.towncrier]\ntype = []\n",
            "t.toml, line 1: the settings name no type of news",
        ),
        (
            "[tool.towncrier]\nignore = ['[']\n",
            "t.toml, line 2: unclosed character class; missing ']'",
        ),
        (
            "[tool]\ntowncrier = 1\n",
            "t.toml, line 2: towncrier is a table",
        ),
        (
            "[tool.towncrier]\nx = \n",
            "t.toml, line 2: string values must be quoted, expected literal string",
        ),
    ] {
        let found = Fragments::settings("t.toml", text.as_bytes()).unwrap_err();
        assert_eq!(found.to_string(), error);
    }
    let bytes = Fragments::settings("t.toml", b"\xff").unwrap_err();
    assert_eq!(bytes.to_string(), "t.toml is not UTF-8 text");
}

#[test]
fn rules_of_the_project_stand_above_the_names() {
    let mut changes = config::Changes::default();
    let rule = |level, group| Rule {
        level: Some(level),
        group,
    };
    changes.types = [
        ("removal".to_owned(), rule(Asked::Level(Level::Minor), None)),
        (
            "doc".to_owned(),
            rule(
                Asked::Level(Level::Patch),
                Some(Listed::In("Docs".to_owned())),
            ),
        ),
        (
            "misc".to_owned(),
            rule(Asked::Nothing, Some(Listed::Hidden)),
        ),
    ]
    .into();
    let convention = Convention::of(&changes).unwrap();
    let files = [
        ("n/1.removal", &b"a"[..]),
        ("n/1.doc", b"b"),
        ("n/1.misc", b"c"),
    ];
    let found = Fragments::within("n").read(files, &convention).unwrap();
    assert_eq!(
        told(&found),
        [
            "patch Docs doc: b (n/1.doc) [#1]",
            "minor Deprecations and Removals removal: a (n/1.removal) [#1]",
            "none nowhere misc: #1 (n/1.misc) [#1]",
        ]
    );
}

#[test]
fn below_the_first_release_a_removal_asks_for_what_a_breaking_commit_asks_for() {
    let changes = read(&Fragments::within("n"), &[("n/1.removal", "Drop it")]).unwrap();
    let level = |current: &str| {
        let current = Version::parse(current, Scheme::Semver).unwrap();
        crate::next::level(Some(&current), &changes[0], Initial::FeaturesMinor)
    };
    assert_eq!(level("1.2.0"), Some(Level::Major));
    assert_eq!(level("0.2.0"), Some(Level::Minor));
}

proptest! {
    #[test]
    fn any_file_is_read_or_refused(
        names in proptest::collection::vec("([0-9a-z+. é\u{202e}]|feature|bugfix|misc|/){0,8}", 0..5),
        bytes in proptest::collection::vec(any::<u8>(), 0..30),
    ) {
        let paths: Vec<String> = names.iter().map(|name| format!("n/{name}")).collect();
        let fragments = Fragments::within("n");
        let files = paths.iter().map(|path| (path.as_str(), bytes.as_slice()));
        if let Ok(changes) = fragments.read(files, &Convention::default()) {
            let held = paths.iter().filter(|path| fragments.holds(path)).count();
            prop_assert!(changes.len() <= held);
            prop_assert!(held == 0 || !changes.is_empty());
            for change in changes {
                prop_assert!(!change.description.is_empty());
                prop_assert_eq!(shown(&change.description), change.description);
            }
        }
    }

    #[test]
    fn any_settings_are_read_or_refused(text in "(\\[tool.towncrier\\]\n|\\[\\[tool.towncrier.(type|section)\\]\\]\n|(name|directory|path|package|ignore|type|fragment) = ('[a-z./*]{0,4}'|\\[\\]|1|\\{\\})\n){0,8}") {
        if let Ok(Some(fragments)) = Fragments::settings("a/b.toml", text.as_bytes()) {
            prop_assert!(fragments.directories().next().is_some() && fragments.groups().next().is_some());
        }
    }
}
