use super::*;
use std::collections::BTreeMap;

fn configured(edit: impl FnOnce(&mut config::Changes)) -> Result<Convention, ConventionError> {
    let mut changes = config::Changes::default();
    edit(&mut changes);
    Convention::of(&changes)
}

fn rule(level: Option<Asked>, group: Option<Listed>) -> Rule {
    Rule { level, group }
}

fn rules(rules: &[(&str, Rule)]) -> BTreeMap<String, Rule> {
    rules
        .iter()
        .map(|(name, rule)| ((*name).to_owned(), rule.clone()))
        .collect()
}

const NOTHING: Option<Asked> = Some(Asked::Nothing);
const PATCH: Option<Asked> = Some(Asked::Level(Level::Patch));

#[test]
fn the_angular_convention_is_read_as_semantic_release_reads_it() {
    let angular = Convention::preset(Preset::Angular);
    for (line, read) in [
        ("feat: a", Some(("feat", None, "a"))),
        ("FEAT: a", Some(("FEAT", None, "a"))),
        ("Feat: a", Some(("Feat", None, "a"))),
        ("fix(a(b)): c", Some(("fix", Some("a(b)"), "c"))),
        ("fix(): c", Some(("fix", None, "c"))),
        ("feat!: a", None),
        ("feat(a)!: a", None),
        ("my-type: a", None),
        ("feat:a", None),
        ("feat: ", None),
    ] {
        let said = angular.header(line);
        let said = said
            .as_ref()
            .map(|said| (said.key.as_ref(), said.scope, said.description));
        assert_eq!(said, read, "{line}");
    }
    let level = |key| angular.meaning(key, None, false).0;
    assert_eq!(level("feat"), Some(Level::Minor));
    assert_eq!(level("FEAT"), Some(Level::Minor));
    assert_eq!(level("Feat"), None);
    assert_eq!(level("perf"), Some(Level::Patch));
    assert_eq!(level("docs"), None);
    assert_eq!(
        angular.meaning("docs", None, true),
        (Some(Level::Major), Some("Documentation".to_owned()))
    );
}

#[test]
fn an_emoji_says_what_it_is() {
    let gitmoji = Convention::preset(Preset::Gitmoji);
    for (line, key, scope, description, level) in [
        ("✨ Add it", "sparkles", None, "Add it", Some(Level::Minor)),
        (
            ":sparkles: Add it",
            "sparkles",
            None,
            "Add it",
            Some(Level::Minor),
        ),
        (
            "⚡️ (core): Faster",
            "zap",
            Some("core"),
            "Faster",
            Some(Level::Patch),
        ),
        ("⚡ Faster", "zap", None, "Faster", Some(Level::Patch)),
        (
            "♻️ (components) Hooks",
            "recycle",
            Some("components"),
            "Hooks",
            None,
        ),
        (
            "🐛 fix(api): Null",
            "bug",
            Some("api"),
            "Null",
            Some(Level::Patch),
        ),
        ("💥 Drop it", "boom", None, "Drop it", Some(Level::Major)),
        ("✨ feat!: New", "sparkles", None, "New", Some(Level::Major)),
        ("🧑‍💻 Better", "technologist", None, "Better", None),
        ("🐛: Null", "bug", None, "Null", Some(Level::Patch)),
        ("fix: plain", "fix", None, "plain", Some(Level::Patch)),
    ] {
        let said = gitmoji.header(line).unwrap_or_else(|| panic!("{line}"));
        let (found, group) = gitmoji.meaning(&said.key, said.scope, said.marked);
        assert_eq!(
            (said.key.as_ref(), said.scope, said.description),
            (key, scope, description)
        );
        assert_eq!(found, level, "{line}");
        assert_eq!(group.is_some(), level.is_some(), "{line}");
    }
    for line in [
        "Add it",
        "🦀 Rust",
        ":crab: Rust",
        "✨",
        ":sparkles:",
        "a ✨ b",
    ] {
        assert_eq!(gitmoji.header(line), None, "{line}");
    }
}

#[test]
fn rules_of_a_project_stand_above_the_preset() {
    let convention = configured(|changes| {
        changes.types = rules(&[
            (
                "docs",
                rule(PATCH, Some(Listed::In("Documentation".to_owned()))),
            ),
            ("feat", rule(None, Some(Listed::In("New".to_owned())))),
            ("fix", rule(NOTHING, None)),
        ]);
        changes.scopes = rules(&[
            (
                "deps",
                rule(PATCH, Some(Listed::In("Dependencies".to_owned()))),
            ),
            ("site", rule(NOTHING, Some(Listed::Hidden))),
            ("quiet", rule(NOTHING, None)),
        ]);
        changes.groups = vec!["New".to_owned(), "Fixed".to_owned()];
    })
    .unwrap();
    let meaning = |key, scope, breaking| {
        let (level, group) = convention.meaning(key, scope, breaking);
        (level, group.unwrap_or_default())
    };
    let (patch, minor, major) = (Some(Level::Patch), Some(Level::Minor), Some(Level::Major));
    assert_eq!(
        meaning("docs", None, false),
        (patch, "Documentation".to_owned())
    );
    assert_eq!(meaning("feat", None, false), (minor, "New".to_owned()));
    assert_eq!(meaning("fix", None, false), (None, "Fixed".to_owned()));
    assert_eq!(meaning("fix", None, true), (major, "Fixed".to_owned()));
    assert_eq!(
        meaning("chore", Some("Deps"), false),
        (patch, "Dependencies".to_owned())
    );
    assert_eq!(meaning("feat", Some("site"), true), (None, String::new()));
    assert_eq!(
        meaning("feat", Some("quiet"), false),
        (None, "New".to_owned())
    );
    assert_eq!(
        meaning("feat", Some("quiet"), true),
        (major, "New".to_owned())
    );
    assert_eq!(
        meaning("fix", Some("security"), false),
        (None, "Security".to_owned())
    );
    assert_eq!(
        convention.groups(),
        [
            "New",
            "Fixed",
            "Added",
            "Changed",
            "Deprecated",
            "Removed",
            "Security",
            "Other",
            "Documentation",
            "Dependencies"
        ]
    );
}

#[test]
fn a_project_decides_about_squash_merges_or_its_preset_does() {
    let squash = |preset, squash| {
        let convention = configured(|changes| {
            changes.preset = preset;
            changes.squash = squash;
        });
        convention.unwrap().squash
    };
    for preset in [Preset::Conventional, Preset::Angular, Preset::Gitmoji] {
        assert_eq!(squash(preset, None), preset != Preset::Angular);
        assert!(squash(preset, Some(true)) && !squash(preset, Some(false)));
    }
}

#[test]
fn what_could_never_have_an_effect_is_refused() {
    let group = configured(|changes| changes.groups = vec!["Fixes".to_owned()]).unwrap_err();
    assert_eq!(
        group.to_string(),
        "nothing is listed in the group \"Fixes\""
    );
    assert_eq!(
        group.hint(),
        "the groups are Added, Changed, Deprecated, Removed, Fixed, Security, Other"
    );
    let twice = configured(|changes| changes.groups = vec!["Fixed".to_owned(); 2]).unwrap_err();
    assert!(matches!(twice, ConventionError::SameGroup { .. }));
    for name in ["new feature", "feat!", ":", ""] {
        let bad =
            configured(|changes| changes.types = rules(&[(name, Rule::default())])).unwrap_err();
        assert!(matches!(bad, ConventionError::Type { .. }), "{name}");
    }
    let scopes = configured(|changes| {
        changes.scopes = rules(&[("Deps", Rule::default()), ("deps", Rule::default())]);
    });
    assert!(matches!(scopes.unwrap_err(), ConventionError::Twice { .. }));
    let empty =
        configured(|changes| changes.labels = rules(&[(" ", Rule::default())])).unwrap_err();
    assert_eq!(empty.to_string(), "an empty text is no label");
    let emoji = configured(|changes| {
        changes.preset = Preset::Gitmoji;
        changes.types = rules(&[("🔥", rule(PATCH, None)), (":memo:", rule(PATCH, None))]);
    });
    let emoji = emoji.unwrap();
    assert_eq!(emoji.meaning("fire", None, false).0, Some(Level::Patch));
    assert_eq!(emoji.meaning("memo", None, false).0, Some(Level::Patch));
}
