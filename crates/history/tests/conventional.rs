//! Conventional Commits 1.0.0, paragraph by paragraph: messages, and what they say.
//!
//! Each row names the paragraph of the specification that decides it. Rows with 0 are decided by the grammar that the
//! paragraphs leave open, as the module's documentation has it.

use shipway_history::conventional::{Conventional, Separator};

/// `type | scope | ! | description | body | Token: value; Token #value | what breaks`, or `none`.
fn told(message: &str) -> String {
    let Some(found) = Conventional::parse(message) else {
        return "none".to_owned();
    };
    let footer = |footer: &shipway_history::conventional::Footer| {
        let sign = match footer.separator {
            Separator::Colon => ": ",
            Separator::Hash => " #",
        };
        format!("{}{sign}{}", footer.token, footer.value)
    };
    let footers: Vec<String> = found.footers.iter().map(footer).collect();
    [
        found.kind.as_str(),
        found.scope.as_deref().unwrap_or_default(),
        if found.marked_breaking { "!" } else { "" },
        &found.description,
        &found.body,
        &footers.join("; "),
        found.breaking().unwrap_or_default(),
    ]
    .join("|")
    .replace('\n', "/")
}

const TABLE: &[(u8, &str, &str)] = &[
    // 1: a type, an optional scope, an optional !, and the colon and space that must follow.
    (1, "feat: add the reader", "feat|||add the reader|||"),
    (1, "feat(reader): add it", "feat|reader||add it|||"),
    (1, "feat!: add it", "feat||!|add it|||add it"),
    (1, "feat(reader)!: add it", "feat|reader|!|add it|||add it"),
    (1, "add the reader", "none"),
    (1, "feat add the reader", "none"),
    (1, "feat:add the reader", "none"),
    (1, "feat : add the reader", "none"),
    (1, "feat(reader) add the reader", "none"),
    (1, "feat!(reader): add it", "none"),
    (1, "(reader): add it", "none"),
    (1, "!: add it", "none"),
    (1, ": add it", "none"),
    (1, "feat；add it", "none"),
    (1, "feat：add it", "none"),
    (1, "feat\u{a0}: add it", "none"),
    // 2, 3: feat and fix are types like any other to a reader.
    (2, "feat: a", "feat|||a|||"),
    (3, "fix: a", "fix|||a|||"),
    // 4: the scope is a noun in parentheses.
    (4, "fix(parser): a", "fix|parser||a|||"),
    (4, "fix(): a", "none"),
    (4, "fix( ): a", "none"),
    (4, "fix(parser: a", "none"),
    (4, "fix parser): a", "none"),
    (4, "fix[parser]: a", "none"),
    (4, "fix (parser): a", "none"),
    (4, "fix(parser) : a", "none"),
    (4, "fix(parser)(lexer): a", "none"),
    (4, "fix(@scope/name): a", "fix|@scope/name||a|||"),
    (4, "fix(a,b): a", "fix|a,b||a|||"),
    (4, "fix(größe): a", "fix|größe||a|||"),
    // 5: the description follows at once.
    (
        5,
        "fix: array parsing issue when several spaces stand in a text",
        "fix|||array parsing issue when several spaces stand in a text|||",
    ),
    (5, "fix: ", "none"),
    (5, "fix:", "none"),
    (5, "fix: \n\nbody", "none"),
    (5, "fix: a: b", "fix|||a: b|||"),
    (5, "fix: feat: b", "fix|||feat: b|||"),
    (5, "fix: a (#12)", "fix|||a (#12)|||"),
    (5, "fix: trailing space  ", "fix|||trailing space|||"),
    (5, "fix:   many spaces", "fix|||many spaces|||"),
    (5, "fix: 修复", "fix|||修复|||"),
    // 6, 7: a body after a blank line, free in form, of any number of paragraphs.
    (6, "fix: a\n\nbody", "fix|||a|body||"),
    (6, "fix: a\r\n\r\nbody\r\n", "fix|||a|body||"),
    (6, "fix: a\n\n\n\nbody", "fix|||a|body||"),
    (0, "fix: a\nbody", "fix|||a|body||"),
    (7, "fix: a\n\none\ntwo\n\nthree", "fix|||a|one/two//three||"),
    (7, "fix: a\n\n* one\n* two", "fix|||a|* one/* two||"),
    (
        8,
        "fix: a\n\nfeat: in the body",
        "fix|||a||feat: in the body|",
    ),
    // 8: footers, with `: ` or ` #`.
    (8, "fix: a\n\nRefs: #1", "fix|||a||Refs: #1|"),
    (8, "fix: a\n\nCloses #1", "fix|||a||Closes #1|"),
    (
        8,
        "fix: a\n\nbody\n\nReviewed-by: Z\nRefs #133",
        "fix|||a|body|Reviewed-by: Z; Refs #133|",
    ),
    (8, "fix: a\n\nbody\n\nRefs:#1", "fix|||a|body//Refs:#1||"),
    (8, "fix: a\n\nbody\nRefs: #1", "fix|||a|body/Refs: #1||"),
    (
        8,
        "fix: a\n\nbody\n\nRefs:\t#1",
        "fix|||a|body//Refs:\t#1||",
    ),
    // 9: a token has - in place of white space.
    (
        9,
        "fix: a\n\nbody\n\nAcked-by: Z",
        "fix|||a|body|Acked-by: Z|",
    ),
    (
        9,
        "fix: a\n\nbody\n\nAcked by: Z",
        "fix|||a|body//Acked by: Z||",
    ),
    (
        9,
        "fix: a\n\nbody\n\nCo-authored-by: Z <z@example.org>",
        "fix|||a|body|Co-authored-by: Z <z@example.org>|",
    ),
    // 10: a value goes on over spaces and lines, up to the next token.
    (10, "fix: a\n\nNote: one\ntwo", "fix|||a||Note: one/two|"),
    (
        10,
        "fix: a\n\nNote: one\n\ntwo\nRefs: #1",
        "fix|||a||Note: one//two; Refs: #1|",
    ),
    (
        10,
        "fix: a\n\nNote: one two: three",
        "fix|||a||Note: one two: three|",
    ),
    // 11, 12: what breaks is told by ! or by a footer in upper case.
    (
        11,
        "chore!: drop Node 6",
        "chore||!|drop Node 6|||drop Node 6",
    ),
    (
        12,
        "feat: a\n\nBREAKING CHANGE: b",
        "feat|||a||BREAKING CHANGE: b|b",
    ),
    (
        12,
        "feat: a\n\nBREAKING CHANGE b",
        "feat|||a|BREAKING CHANGE b||",
    ),
    (
        12,
        "feat: a\n\nBREAKING CHANGE #b",
        "feat|||a|BREAKING CHANGE #b||",
    ),
    (
        12,
        "feat: a\n\nBREAKING  CHANGE: b",
        "feat|||a|BREAKING  CHANGE: b||",
    ),
    (
        12,
        "feat: a\n\nBREAKING CHANGES: b",
        "feat|||a|BREAKING CHANGES: b||",
    ),
    (12, "feat: a\n\nBREAKING: b", "feat|||a||BREAKING: b|"),
    (
        12,
        "feat: a\n\nbody\n\nBREAKING CHANGE: b\nmore\n\nRefs: #1",
        "feat|||a|body|BREAKING CHANGE: b/more; Refs: #1|b/more",
    ),
    (
        12,
        "feat: a\n\nRefs: #1\n\nBREAKING CHANGE: b",
        "feat|||a||Refs: #1; BREAKING CHANGE: b|b",
    ),
    (12, "BREAKING CHANGE: b", "none"),
    // 13: with ! the footer may be left out, and the description tells; with both the footer tells.
    (13, "feat!: a\n\nbody", "feat||!|a|body||a"),
    (
        13,
        "feat!: a\n\nBREAKING CHANGE: b",
        "feat||!|a||BREAKING CHANGE: b|b",
    ),
    (13, "feat!!: a", "none"),
    (13, "feat !: a", "none"),
    (13, "feat! : a", "none"),
    // 14: any type.
    (14, "docs: a", "docs|||a|||"),
    (
        14,
        "revert: feat: a\n\nRefs: 676104e, a215868",
        "revert|||feat: a||Refs: 676104e, a215868|",
    ),
    (14, "my-type: a", "my-type|||a|||"),
    (14, "type2: a", "type2|||a|||"),
    (14, "two words: a", "none"),
    (14, "修复: a", "修复|||a|||"),
    // 15: case does not matter, except in BREAKING CHANGE.
    (15, "Feat: a", "feat|||a|||"),
    (15, "FIX(Parser)!: a", "fix|Parser|!|a|||a"),
    (
        15,
        "fix: a\n\nbreaking change: b",
        "fix|||a|breaking change: b||",
    ),
    (
        15,
        "fix: a\n\nBreaking-Change: b",
        "fix|||a||Breaking-Change: b|",
    ),
    // 16: with a hyphen it is the same.
    (
        16,
        "fix: a\n\nBREAKING-CHANGE: b",
        "fix|||a||BREAKING-CHANGE: b|b",
    ),
    (
        16,
        "fix: a\n\nBREAKING-CHANGE #b",
        "fix|||a||BREAKING-CHANGE #b|",
    ),
];

#[test]
fn every_paragraph_is_followed() {
    let wrong: Vec<String> = TABLE
        .iter()
        .filter(|(_, message, expected)| told(message) != *expected)
        .map(|(paragraph, message, expected)| {
            format!(
                "[{paragraph}] {message:?}\n  is {}\nnot {expected}",
                told(message)
            )
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // The specification has sixteen.
    for paragraph in 1..=16 {
        assert!(
            TABLE.iter().any(|(one, ..)| *one == paragraph),
            "[{paragraph}]"
        );
    }
}
