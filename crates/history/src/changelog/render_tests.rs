use super::*;
use crate::change::{Change, Changes};
use crate::convention::Convention;
use crate::walk::{Author, Commit};
use insta::assert_snapshot;
use shipway_core::config::Scheme;
use shipway_core::name::Oid;
use shipway_core::version::Version;
use std::fmt::Write as _;

fn version(text: &str) -> Version {
    Version::parse(text, Scheme::Semver).unwrap()
}

/// Changes of commits by their author, the last the newest.
fn changes(commits: &[(&str, &str)]) -> Vec<Change> {
    let commit = |(at, (name, message)): (usize, &(&str, &str))| Commit {
        id: Oid::new(format!("abc{at:04}{}", "0".repeat(33))).unwrap(),
        parents: Vec::new(),
        time: 0,
        author: Author {
            name: (*name).to_owned(),
            email: format!("{}@users.noreply.github.com", name.to_lowercase()),
        },
        message: (*message).to_owned(),
    };
    let commits: Vec<Commit> = commits.iter().enumerate().map(commit).rev().collect();
    Changes::of(&commits, &Convention::default()).listed
}

fn links() -> Links {
    Links::new("git@github.com:o/r.git", None, &Patterns::default()).unwrap()
}

struct World {
    old: Vec<Change>,
    new: Vec<Change>,
    versions: [Version; 2],
    links: Links,
}

impl World {
    fn new() -> Self {
        Self {
            old: changes(&[("Ann", "feat: begin")]),
            new: changes(&[
                ("Ann", "feat(api): a call (#12)"),
                ("Bob", "fix: x < y\n\nCloses #7"),
                ("Bob", "fix: bound the input, CVE-2026-12345"),
                (
                    "Cy",
                    "feat(cli)!: drop --old\n\nBREAKING CHANGE: call --new\ninstead of --old",
                ),
                ("dependabot[bot]", "fix: bump a library"),
                ("Ann", "docs: words"),
            ]),
            versions: [version("1.1.0"), version("1.0.0")],
            links: links(),
        }
    }

    fn sources(&self) -> [Source<'_>; 2] {
        let source = |at: usize, tag, previous_tag, date, changes| Source {
            version: Some(&self.versions[at]),
            tag: Some(tag),
            previous_tag,
            date: Some(date),
            yanked: at == 1,
            migration: (at == 0).then_some("docs/migration/1.1.md"),
            changes,
        };
        [
            source(0, "v1.1.0", Some("v1.0.0"), "2026-11-21", &self.new),
            source(1, "v1.0.0", None, "2026-11-01", &self.old),
        ]
    }

    fn log<'a>(&'a self, sources: &[Source<'a>]) -> Log<'a> {
        let options = Options {
            project: "tool",
            links: Some(&self.links),
            earlier: Earlier::Nothing,
            ..Options::default()
        };
        Log::of(sources, &options)
    }

    fn written(&self, format: &Format) -> String {
        render(&self.log(&self.sources()), format).unwrap()
    }
}

#[test]
fn keep_a_changelog_has_groups_and_compare_links() {
    assert_snapshot!(World::new().written(&Format::KeepAChangelog(Look::default())), @r#"
    ## [1.1.0] - 2026-11-21

    ### Added

    - **Breaking:** cli: drop --old
      - call --new instead of --old
    - api: a call (#12)

    ### Fixed

    - x \< y (#7)
    - bump a library

    ### Security

    - bound the input, CVE-2026-12345

    Migration: docs/migration/1.1.md

    ## [1.0.0] - 2026-11-01 [YANKED]

    ### Added

    - begin

    [1.1.0]: https://github.com/o/r/compare/v1.0.0...v1.1.0
    [1.0.0]: https://github.com/o/r/releases/tag/v1.0.0
    "#);
}

#[test]
fn entries_tell_more_where_they_are_asked_to() {
    let look = Look {
        links: true,
        commits: true,
        authors: true,
        mentions: Mentions::Defuse,
    };
    let world = World::new();
    let sources = world.sources();
    let log = world.log(&sources[..1]);
    assert_snapshot!(section_body(&log.releases[0], look), @r#"
    ### Added

    - **Breaking:** cli: drop --old ([abc0003](https://github.com/o/r/commit/abc0003000000000000000000000000000000000)) by @cy
      - call --new instead of --old
    - api: a call ([#12](https://github.com/o/r/pull/12)) ([abc0000](https://github.com/o/r/commit/abc0000000000000000000000000000000000000)) by @ann

    ### Fixed

    - x \< y ([#7](https://github.com/o/r/issues/7), [abc0001](https://github.com/o/r/commit/abc0001000000000000000000000000000000000)) by @bob
    - bump a library ([abc0004](https://github.com/o/r/commit/abc0004000000000000000000000000000000000)) by @dependabot[bot]

    ### Security

    - bound the input, CVE-2026-12345 ([abc0002](https://github.com/o/r/commit/abc0002000000000000000000000000000000000)) by @bob

    Migration: docs/migration/1.1.md
    "#);
}

#[test]
fn plain_text_has_columns_and_no_markup() {
    assert_snapshot!(World::new().written(&Format::Plain), @r#"
    tool 1.1.0 (2026-11-21)
    =======================

    Added:
     * Breaking: cli: drop --old
       - call --new instead of --old
     * api: a call (#12)

    Fixed:
     * x < y (#7)
     * bump a library

    Security:
     * bound the input, CVE-2026-12345

    Migration: docs/migration/1.1.md

    https://github.com/o/r/compare/v1.0.0...v1.1.0


    tool 1.0.0 (2026-11-01), taken back
    ===================================

    Added:
     * begin

    https://github.com/o/r/releases/tag/v1.0.0
    "#);
}

#[test]
fn the_model_is_a_contract() {
    let world = World::new();
    let sources = world.sources();
    let mut log = world.log(&sources[..1]);
    log.releases[0].groups.truncate(1);
    assert_snapshot!(render(&log, &Format::Json).unwrap(), @r##"
    {
      "format": 1,
      "project": "tool",
      "repository": {
        "link": "https://github.com/o/r",
        "forge": "github"
      },
      "releases": [
        {
          "version": "1.1.0",
          "tag": "v1.1.0",
          "previous_tag": "v1.0.0",
          "date": "2026-11-21",
          "unreleased": false,
          "yanked": false,
          "link": "https://github.com/o/r/releases/tag/v1.1.0",
          "compare": "https://github.com/o/r/compare/v1.0.0...v1.1.0",
          "groups": [
            {
              "title": "Added",
              "entries": [
                {
                  "description": "drop --old",
                  "scope": "cli",
                  "kind": "feat",
                  "breaking": "call --new instead of --old",
                  "security": false,
                  "references": [],
                  "authors": [
                    {
                      "name": "Cy",
                      "handle": "cy",
                      "link": "https://github.com/cy"
                    }
                  ],
                  "commit": {
                    "id": "abc0003000000000000000000000000000000000",
                    "short": "abc0003",
                    "link": "https://github.com/o/r/commit/abc0003000000000000000000000000000000000"
                  },
                  "file": null,
                  "components": []
                },
                {
                  "description": "a call (#12)",
                  "scope": "api",
                  "kind": "feat",
                  "breaking": null,
                  "security": false,
                  "references": [
                    {
                      "text": "#12",
                      "link": "https://github.com/o/r/pull/12",
                      "pull_request": true
                    }
                  ],
                  "authors": [
                    {
                      "name": "Ann",
                      "handle": "ann",
                      "link": "https://github.com/ann"
                    }
                  ],
                  "commit": {
                    "id": "abc0000000000000000000000000000000000000",
                    "short": "abc0000",
                    "link": "https://github.com/o/r/commit/abc0000000000000000000000000000000000000"
                  },
                  "file": null,
                  "components": []
                }
              ]
            }
          ],
          "breaking": [
            {
              "text": "call --new instead of --old",
              "description": "drop --old",
              "scope": "cli",
              "commit": {
                "id": "abc0003000000000000000000000000000000000",
                "short": "abc0003",
                "link": "https://github.com/o/r/commit/abc0003000000000000000000000000000000000"
              }
            }
          ],
          "migration": "docs/migration/1.1.md",
          "advisories": [
            {
              "id": "CVE-2026-12345",
              "link": "https://www.cve.org/CVERecord?id=CVE-2026-12345"
            }
          ],
          "contributors": [
            {
              "name": "Ann",
              "handle": "ann",
              "link": "https://github.com/ann",
              "changes": 2,
              "reference": null
            },
            {
              "name": "Bob",
              "handle": "bob",
              "link": "https://github.com/bob",
              "changes": 2,
              "reference": null
            },
            {
              "name": "Cy",
              "handle": "cy",
              "link": "https://github.com/cy",
              "changes": 1,
              "reference": null
            }
          ],
          "new_contributors": [
            {
              "name": "Ann",
              "handle": "ann",
              "link": "https://github.com/ann",
              "changes": 2,
              "reference": {
                "text": "#12",
                "link": "https://github.com/o/r/pull/12",
                "pull_request": true
              }
            },
            {
              "name": "Bob",
              "handle": "bob",
              "link": "https://github.com/bob",
              "changes": 2,
              "reference": {
                "text": "#7",
                "link": "https://github.com/o/r/issues/7",
                "pull_request": false
              }
            },
            {
              "name": "Cy",
              "handle": "cy",
              "link": "https://github.com/cy",
              "changes": 1,
              "reference": null
            }
          ],
          "statistics": {
            "commits": 6,
            "entries": 5,
            "breaking": 1,
            "contributors": 3,
            "days": null
          }
        }
      ]
    }
    "##);
}

#[test]
fn built_in_templates_write_what_people_know() {
    let written = |name| World::new().written(&Format::Template(Template::built_in(name).unwrap()));
    assert_snapshot!(written("conventional"), @r#"
    ## [1.1.0](https://github.com/o/r/compare/v1.0.0...v1.1.0) (2026-11-21)

    ### ⚠ BREAKING CHANGES

    * **cli:** call --new instead of --old

    ### Added

    * **cli:** drop --old ([abc0003](https://github.com/o/r/commit/abc0003000000000000000000000000000000000))
    * **api:** a call (#12) ([abc0000](https://github.com/o/r/commit/abc0000000000000000000000000000000000000))

    ### Fixed

    * x \< y ([abc0001](https://github.com/o/r/commit/abc0001000000000000000000000000000000000)), closes [#7](https://github.com/o/r/issues/7)
    * bump a library ([abc0004](https://github.com/o/r/commit/abc0004000000000000000000000000000000000))

    ### Security

    * bound the input, CVE-2026-12345 ([abc0002](https://github.com/o/r/commit/abc0002000000000000000000000000000000000))

    ## [1.0.0](https://github.com/o/r/releases/tag/v1.0.0) (2026-11-01) [YANKED]

    ### Added

    * begin ([abc0000](https://github.com/o/r/commit/abc0000000000000000000000000000000000000))
    "#);
    assert_snapshot!(written("github"), @r#"
    # 1.1.0

    ## Breaking Changes

    * **cli:** call --new instead of --old

    ## Security

    This release closes [CVE-2026-12345](https://www.cve.org/CVERecord?id=CVE-2026-12345).

    ## What's Changed

    ### Added

    * **cli:** drop --old by @cy
    * **api:** a call (#12) by @ann

    ### Fixed

    * x \< y by @bob in #7
    * bump a library by @dependabot\[bot\]

    ### Security

    * bound the input, CVE-2026-12345 by @bob

    Migration: docs/migration/1.1.md

    ## New Contributors

    * @bob made their first contribution in #7
    * @cy made their first contribution

    **Full Changelog**: https://github.com/o/r/compare/v1.0.0...v1.1.0

    # 1.0.0

    ## What's Changed

    * begin by @ann

    ## New Contributors

    * @ann made their first contribution
    "#);
    assert_snapshot!(written("announcement"), @r#"
    tool 1.1.0 is released.

    It closes CVE-2026-12345: update soon.

    What to change when you update:
    - cli: call --new instead of --old
    See docs/migration/1.1.md

    Added:
    - cli: drop --old
    - api: a call (#12)

    Fixed:
    - x < y
    - bump a library

    Security:
    - bound the input, CVE-2026-12345

    Thanks to Ann, Bob, Cy.

    https://github.com/o/r/releases/tag/v1.1.0

    tool 1.0.0 is taken back.

    Added:
    - begin

    Thanks to Ann.

    https://github.com/o/r/releases/tag/v1.0.0
    "#);
    let error = Template::built_in("angular").unwrap_err();
    assert!(error.hint().unwrap().contains("conventional"));
}

#[test]
fn groups_scopes_and_breaking_changes_go_where_the_options_say() {
    let changes = changes(&[
        ("A", "fix(b): one"),
        ("A", "fix: two"),
        ("A", "fix(a): three"),
        ("A", "feat!: four"),
        ("A", "feat(b): five"),
        ("A", "security: six"),
    ]);
    let source = Source {
        version: None,
        tag: None,
        previous_tag: None,
        date: None,
        yanked: false,
        migration: None,
        changes: &changes,
    };
    let order = ["Security".to_owned(), "Fixed".to_owned()];
    let options = Options {
        groups: &order,
        breaking: BreakingPlace::Group("Breaking changes"),
        scopes: Scopes::Together,
        ..Options::default()
    };
    let sources = [source];
    let log = Log::of(&sources, &options);
    let listed: Vec<(&str, Vec<&str>)> = log.releases[0]
        .groups
        .iter()
        .map(|group| {
            (
                group.title,
                group
                    .entries
                    .iter()
                    .map(|entry| entry.description.as_ref())
                    .collect(),
            )
        })
        .collect();
    assert_eq!(
        listed,
        [
            ("Breaking changes", vec!["four"]),
            ("Security", vec!["six"]),
            ("Fixed", vec!["two", "three", "one"]),
            ("Added", vec!["five"]),
        ]
    );
    assert!(log.releases[0].unreleased && log.releases[0].new_contributors.is_empty());
}

#[test]
fn nothing_from_a_commit_is_markup() {
    let titles = [
        "<img src=x onerror=alert(1)>",
        "[a](javascript:x)",
        "![a](http://h/x.png)",
        "# heading",
        "- [ ] task",
        "```sh",
        "~~~",
        "</details><script>",
        "a\u{202e}b\u{1b}[2J\u{7}",
        "[Unreleased]: http://evil",
        "<!-- ",
        "{{ 7 * 7 }}{% raw %}",
        "@everyone",
        "> quote",
        "***bold***",
        "&#60;b&#62;",
    ];
    let messages: Vec<String> = titles
        .iter()
        .map(|title| format!("fix: {title}\n\nBREAKING CHANGE: {title}"))
        .collect();
    let commits: Vec<(&str, &str)> = messages
        .iter()
        .map(|message| ("[x](y) <b>", message.as_str()))
        .collect();
    let changes = changes(&commits);
    let version = version("1.0.0");
    let source = Source {
        version: Some(&version),
        tag: Some("v1)](x"),
        previous_tag: Some("v0<b>"),
        date: None,
        yanked: false,
        migration: Some("<b>"),
        changes: &changes,
    };
    let links = links();
    let options = Options {
        project: "<b>",
        links: Some(&links),
        earlier: Earlier::Nothing,
        ..Options::default()
    };
    let sources = [source];
    let log = Log::of(&sources, &options);
    let look = Look {
        links: true,
        commits: true,
        authors: true,
        mentions: Mentions::Defuse,
    };
    let own = Template::new(
        "own.md.j2",
        "{% for release in releases %}{{ release.groups }}\n{% for group in release.groups %}{% for entry in group.entries %}\n- {{ entry.description|upper_first }} {{ entry.description|link('https://h') }} {{ entry.authors[0].name }}{% endfor %}{% endfor %}{% endfor %}",
    );
    let formats = [
        Format::KeepAChangelog(look),
        Format::Template(
            Template::built_in("conventional")
                .unwrap()
                .with_mentions(Mentions::Defuse),
        ),
        Format::Template(
            Template::built_in("github")
                .unwrap()
                .with_mentions(Mentions::Defuse),
        ),
        Format::Template(own.unwrap().with_mentions(Mentions::Defuse)),
    ];
    for format in &formats {
        let text = render(&log, format).unwrap();
        assert!(
            !text.contains(|c: char| c != '\n' && c.is_control() || c == '\u{202e}'),
            "{text}"
        );
        assert!(
            !text.contains("@everyone") || matches!(format, Format::Template(_)),
            "{text}"
        );
        // What is in code spans is no markup.
        let bare: String = text.replace("\\`", "").split('`').step_by(2).collect();
        for sign in ["<img", "<script", "<!--", "<b", "</details"] {
            for (at, _) in bare.match_indices(sign) {
                assert!(bare[..at].ends_with('\\'), "{sign} in {format:?}: {text}");
            }
        }
        for line in text.lines() {
            let item = line
                .trim_start()
                .trim_start_matches(['-', '*'])
                .trim_start();
            assert!(
                !item.starts_with("> ")
                    && !item.starts_with("# heading")
                    && !item.starts_with("~~~"),
                "{line}"
            );
        }
        assert!(
            !text.contains("](javascript:x)") || text.contains("\\](javascript:x)"),
            "{text}"
        );
    }
}

#[test]
fn a_template_that_is_wrong_says_where() {
    let world = World::new();
    let sources = world.sources();
    let log = world.log(&sources);
    let error = Template::new("a.md", "{{ project }}\n{% for x in %}\n").unwrap_err();
    assert_snapshot!(error, @"template a.md, line 2: unexpected end of block: {% for x in %}");
    let failed = |source: &str| {
        let template = Template::new("a.md", source).unwrap();
        let error = template.render(&log).unwrap_err();
        assert!(error.hint().is_some(), "{error}");
        error.to_string()
    };
    assert_snapshot!(failed("one\n{{ releases[0].verzion }}\n"), @"template a.md, line 2: undefined value: {{ releases[0].verzion }}");
    assert_snapshot!(failed("one\n\n{% for a in range(90000) %}{% for b in range(90000) %}x{% endfor %}{% endfor %}"), @"template a.md, line 3: it does too much: {% for a in range(90000) %}{% for b in range(90000) %}x{% endfor %}{% endfor %}");
    assert_snapshot!(failed("{% macro again() %}\n{{ again() }}{% endmacro %}\n{{ again() }}"), @"template a.md, line 2: it does too much: {{ again() }}{% endmacro %}");
    let endless = Template::new(
        "a.md",
        "{% for a in range(30000) %}{{ 'x' * 90000 }}{% endfor %}",
    )
    .unwrap();
    let error = endless.render(&log).unwrap_err();
    assert!(
        matches!(
            error,
            TemplateError::TooLong { .. }
                | TemplateError::Endless { .. }
                | TemplateError::Wrong { .. }
        ),
        "{error}"
    );
    assert!(
        Template::new("a.md", "{{ 1|nothing }}")
            .unwrap()
            .render(&log)
            .unwrap_err()
            .to_string()
            .contains("nothing")
    );
}

#[test]
fn the_name_of_a_template_says_how_values_are_escaped() {
    let world = World::new();
    let sources = world.sources();
    let log = world.log(&sources);
    let written = |name: &str| {
        let source = "{% for entry in releases[0].groups[1].entries %}{{ entry.description }}{{ entry.scope }};{% endfor %}";
        Template::new(name, source).unwrap().render(&log).unwrap()
    };
    assert_eq!(written("a.md"), "x \\< y;bump a library;\n");
    assert_eq!(written("a.html.j2"), "x &lt; y;bump a library;\n");
    assert_eq!(written("a.txt"), "x < y;bump a library;\n");
}

#[test]
fn code_spans_hold_whatever_they_are_given() {
    let world = World::new();
    let log = world.log(&[]);
    let written = |text: &str| {
        Template::new("a.md", format!("{{{{ '{text}'|code }}}}"))
            .unwrap()
            .render(&log)
            .unwrap()
    };
    assert_eq!(written("a <b> c"), "`a <b> c`\n");
    assert_eq!(written("a ``b"), "```a ``b```\n");
    assert_eq!(written("`b"), "`` `b ``\n");
}

#[test]
fn people_are_counted_once_and_new_ones_named() {
    let world = World::new();
    let sources = world.sources();
    let log = world.log(&sources);
    let counted: Vec<(&str, usize)> = log.releases[0]
        .contributors
        .iter()
        .map(|one| (one.name.as_ref(), one.changes))
        .collect();
    assert_eq!(counted, [("Ann", 2), ("Bob", 2), ("Cy", 1)]);
    let new: Vec<&str> = log.releases[0]
        .new_contributors
        .iter()
        .map(|one| one.name.as_ref())
        .collect();
    assert_eq!(new, ["Bob", "Cy"]);
    let statistics = log.releases[0].statistics;
    assert_eq!(
        (
            statistics.commits,
            statistics.entries,
            statistics.breaking,
            statistics.days
        ),
        (6, 5, 1, Some(20))
    );
    let json = render(&log, &Format::Json).unwrap();
    assert!(!json.contains("noreply"), "addresses stay here");
}

#[test]
fn markup_of_other_files_is_escaped_as_they_need() {
    let changes = changes(&[("A", "fix: a *b* `c` d_ and e_f <g> #1")]);
    let version = version("1.1.0");
    let closing = Closing {
        version: &version,
        date: "2026-11-21",
        tag: "v1.1.0",
        unreleased: None,
        changes: &changes,
    };
    let made = |text: &str| {
        String::from_utf8(close(Some(text.as_bytes()), &closing).unwrap().text).unwrap()
    };
    assert!(
        made("1.0.0 (2026-01-01)\n~~~~~~~~~~~~~~~~~~\n\n* x\n")
            .contains("* a \\*b\\* \\`c\\` d\\_ and e_f <g> #1\n")
    );
    assert!(
        made("= Log\n\n== 1.0.0\n\n* x\n")
            .contains("* a &#42;b&#42; &#96;c&#96; d&#95; and e&#95;f &#60;g> #1\n")
    );
}

#[test]
fn thirty_thousand_changes_are_one_buffer() {
    let mut commits = Vec::new();
    let mut messages = Vec::new();
    for at in 0..3100 {
        let mut message = String::new();
        write!(message, "fix(core): a thing number {at} (#{at})").unwrap();
        messages.push(message);
    }
    for message in &messages {
        commits.push(("Ann", message.as_str()));
    }
    let changes = changes(&commits);
    let versions: Vec<Version> = (0..370)
        .map(|at| version(&format!("1.{at}.0")))
        .rev()
        .collect();
    let tags: Vec<String> = versions
        .iter()
        .map(|version| format!("v{version}"))
        .collect();
    let sources: Vec<Source> = versions
        .iter()
        .enumerate()
        .map(|(at, version)| Source {
            version: Some(version),
            tag: Some(&tags[at]),
            previous_tag: tags.get(at + 1).map(String::as_str),
            date: Some("2026-11-21"),
            yanked: false,
            migration: None,
            changes: changes.chunks(9).nth(at).unwrap_or_default(),
        })
        .collect();
    let links = links();
    let options = Options {
        links: Some(&links),
        earlier: Earlier::Nothing,
        ..Options::default()
    };
    let log = Log::of(&sources, &options);
    let text = render(&log, &Format::KeepAChangelog(Look::default())).unwrap();
    assert_eq!(text.matches("\n- core: a thing").count(), 3100);
    assert_eq!(sections(text.as_bytes(), None).unwrap().len(), 370);
    let conventional = Template::built_in("conventional")
        .unwrap()
        .render(&log)
        .unwrap();
    assert_eq!(conventional.matches("a thing number").count(), 3100);
}

#[test]
fn a_section_is_made_by_a_template_where_one_is_given() {
    let changes = changes(&[("A", "feat(api): a call (#12)")]);
    let version = version("1.1.0");
    let closing = Closing {
        version: &version,
        date: "2026-11-21",
        tag: "v1.1.0",
        unreleased: None,
        changes: &changes,
    };
    let links = links();
    let template = Template::built_in("conventional").unwrap();
    let making = Making {
        options: Options {
            links: Some(&links),
            ..Options::default()
        },
        template: Some(&template),
        previous_tag: Some("v1.0.0"),
        ..Making::default()
    };
    let closed = close_with(Some(b"## 1.0.0\n\n* old\n"), &closing, &making).unwrap();
    assert_eq!(
        String::from_utf8(closed.text).unwrap(),
        "## 1.1.0\n\n### Added\n\n* **api:** a call (#12) \
         ([abc0000](https://github.com/o/r/commit/abc0000000000000000000000000000000000000))\n\n## 1.0.0\n\n* old\n"
    );
    let broken = Template::new("a.md", "{{ nothing }}").unwrap();
    let making = Making {
        template: Some(&broken),
        ..Making::default()
    };
    let error = close_with(None, &closing, &making).unwrap_err();
    assert!(error.to_string().contains("a.md, line 1"), "{error}");
}
