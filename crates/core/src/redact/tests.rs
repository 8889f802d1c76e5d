use super::*;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use proptest::prelude::*;

fn knowing(secrets: &[&str]) -> Redactor {
    let redactor = Redactor::new();
    for secret in secrets {
        redactor.register(&Secret::new(*secret));
    }
    redactor
}

/// All that a redactor which knows these secrets looks for.
fn forms_of(redactor: &Redactor) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut exact, mut loose) = (BTreeSet::new(), BTreeSet::new());
    for value in &redactor.shared.read().unwrap().values {
        forms::of(value, &mut exact, &mut loose);
    }
    (exact, loose)
}

/// What must come out, found by trying every form at every place.
fn by_hand(redactor: &Redactor, text: &[u8]) -> Vec<u8> {
    let (exact, loose) = forms_of(redactor);
    let mut hidden = vec![false; text.len()];
    let solid: Vec<usize> = (0..text.len()).filter(|&at| !is_blank(text[at])).collect();
    let stripped: Vec<u8> = solid.iter().map(|&at| text[at]).collect();
    for form in &exact {
        for at in 0..text.len() {
            if text[at..].starts_with(form.as_bytes()) {
                hidden[at..at + form.len()].fill(true);
            }
        }
    }
    for form in &loose {
        for at in 0..stripped.len() {
            if stripped[at..].starts_with(form.as_bytes()) {
                hidden[solid[at]..=solid[at + form.len() - 1]].fill(true);
            }
        }
    }
    let mut out = Vec::new();
    for at in 0..text.len() {
        match (hidden[at], at > 0 && hidden[at - 1]) {
            (false, _) => out.push(text[at]),
            (true, false) => out.extend_from_slice(MARK.as_bytes()),
            (true, true) => {}
        }
    }
    out
}

fn in_chunks(redactor: &Redactor, text: &[u8], sizes: &[usize]) -> Vec<u8> {
    let mut stream = redactor.stream();
    let (mut out, mut rest) = (Vec::new(), text);
    for size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (chunk, later) = rest.split_at((*size).clamp(1, rest.len()));
        out.extend(stream.push(chunk));
        rest = later;
    }
    out.extend(stream.finish());
    out
}

#[test]
fn every_form_is_taken_out() {
    let secret = "pä\"s/w+r d&<7>'%\\x";
    let redactor = knowing(&[secret]);
    let twice = STANDARD.encode(STANDARD.encode(secret));
    let inside: Vec<String> = (0..3)
        .map(|n| STANDARD.encode(format!("{}{secret}tail", "u".repeat(n))))
        .collect();
    for (form, most_left) in [
        (secret.to_owned(), 0),
        (STANDARD.encode(secret), 0),
        (URL_SAFE.encode(secret), 0),
        (STANDARD.encode(secret).trim_end_matches('=').to_owned(), 0),
        // At both ends stand characters that other text shares in, and the text around.
        (inside[0].clone(), 8),
        (inside[1].clone(), 10),
        (inside[2].clone(), 10),
        (twice, 5),
        (crate::digest::hex(secret.as_bytes()), 0),
        (crate::digest::hex(secret.as_bytes()).to_uppercase(), 0),
        ("p%C3%A4%22s%2Fw%2Br%20d%26%3C7%3E%27%25%5Cx".to_owned(), 0),
        ("p%c3%a4%22s%2fw%2br+d%26%3c7%3e%27%25%5cx".to_owned(), 0),
        ("p%C3%A4%22s/w%2Br%20d%26%3C7%3E%27%25%5Cx".to_owned(), 0),
        (serde_json::to_string(secret).unwrap(), 2),
        ("p\\u00e4\\\"s/w+r d&<7>'%\\\\x".to_owned(), 0),
        ("p\\u00E4\\\"s/w+r d&<7>'%\\\\x".to_owned(), 0),
        ("pä\\\"s\\/w+r d&<7>'%\\\\x".to_owned(), 0),
        (
            "pä\\\"s/w+r d\\u0026\\u003c7\\u003e\\u0027%\\\\x".to_owned(),
            0,
        ),
        ("pä\"s/w+r d&<7>'\\''%\\x".to_owned(), 0),
        ("pä&quot;s/w+r d&amp;&lt;7&gt;&#39;%\\x".to_owned(), 0),
        (secret.chars().rev().collect(), 0),
    ] {
        let text = format!("<<{form}>>");
        let out = redactor.text(&text);
        assert!(out.contains(MARK), "{form} came out as {out}");
        assert!(
            out.len() <= 4 + 2 * MARK.len() + most_left,
            "{form} came out as {out}"
        );
    }
    assert_eq!(redactor.text("pä\"s/w+r d&<7>'%"), "pä\"s/w+r d&<7>'%");
}

#[test]
fn wrapped_encodings_are_taken_out() {
    let secret = "pypi-AgEIcHlwaS5vcmcCJDU2YjQ4ZjU1LTk4ZjEtNGQ2Zi1iYzM3LWQ0N2Q0Yj";
    let redactor = knowing(&[secret]);
    let encoded = STANDARD.encode(format!("token={secret}\n"));
    let (first, second) = encoded.split_at(76);
    let out = redactor.text(&format!("{first}\n{second}\n"));
    assert!(out.len() < 30, "{out}");
    let hex: Vec<String> = secret.bytes().map(|b| format!("{b:02x}")).collect();
    assert_eq!(redactor.text(&format!("0: {}.", hex.join(" "))), "0: ***.");
    let (first, second) = secret.split_at(20);
    assert_eq!(redactor.text(&format!("{first}\n    {second}")), "***");
}

#[test]
fn each_line_of_a_key_is_taken_out() {
    let key = "-----BEGIN KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQEF\nab=\n-----END KEY-----\n";
    let redactor = knowing(&[key]);
    assert_eq!(
        redactor.text("x kqhkiG9w0BAQEF y MIIEvQIBADANBg"),
        "x *** y ***"
    );
    assert_eq!(
        redactor.text("ab= -----BEGIN KEY-----"),
        "ab= -----BEGIN KEY-----"
    );
    assert_eq!(
        redactor.text(&serde_json::to_string(key).unwrap()),
        "\"***\""
    );
    let crlf = key.replace('\n', "\r\n");
    assert!(!redactor.text(&crlf).contains("MIIE"));
}

#[test]
fn very_short_values_are_left_alone() {
    let redactor = knowing(&["abc", ""]);
    assert_eq!(redactor.text("abc YWJj 616263"), "abc YWJj 616263");
    assert_eq!(knowing(&["abcd"]).text("xabcdx"), "x***x");
}

#[test]
fn secrets_that_overlap_leave_nothing() {
    let redactor = knowing(&["abcdef", "defghi", "abcdefgh"]);
    assert_eq!(redactor.text("-abcdefghi-"), "-***-");
    assert_eq!(redactor.text("abcdefabcdef"), "***");
    assert_eq!(redactor.text("abcde"), "abcde");
}

#[test]
fn a_stream_learns_of_later_secrets() {
    let redactor = knowing(&["another-one"]);
    let mut stream = redactor.stream();
    assert_eq!(stream.push(b"late-secr an"), b"late-secr ");
    redactor.register(&Secret::new("andromeda"));
    assert_eq!(stream.push(b"dromeda!"), b"***!");
}

#[test]
fn a_pause_shows_the_line() {
    let redactor = knowing(&["secret-value-of-some-length"]);
    let mut stream = redactor.stream();
    let mut shown = stream.push(b"waiting for it: s\n");
    shown.extend(stream.pause());
    assert_eq!(shown, b"waiting for it: s\n");
    assert_eq!(stream.push(b"ecret-value-of-some-length."), b"***.");
    assert_eq!(stream.push(b"secret-v"), b"");
    assert_eq!(stream.pause(), b"");
    assert_eq!(stream.finish(), b"secret-v");
}

#[test]
fn nothing_betrays_a_value_in_debug() {
    let redactor = knowing(&["hunter2-hunter2"]);
    let text = format!("{redactor:?} {:?}", redactor.stream());
    assert!(!text.contains("hunter2"), "{text}");
}

#[test]
fn control_characters_become_visible() {
    assert_eq!(visible("a\tb\nc"), "a\tb\nc");
    assert_eq!(visible("\u{1b}]0;x\u{7}\r"), "^[]0;x^G^M");
    assert_eq!(visible("\u{9b}2J\u{7f}\u{0}"), "^<009b>2J^?^@");
    assert_eq!(visible("a\u{202e}b\u{2066}"), "a^<202e>b^<2066>");
    assert_eq!(visible("grün 日本 👍"), "grün 日本 👍");
}

fn secret_like() -> impl Strategy<Value = String> {
    // Few letters, so that secrets overlap, repeat and begin inside each other; no `*`, which the mark is made of.
    prop_oneof![
        "[ab]{4,9}",
        "[abc/+ \"é]{4,20}",
        "[ -)+-~\n]{4,40}",
        "[a-f0-9]{16,40}"
    ]
}

#[expect(clippy::needless_pass_by_value, reason = "the strategy keeps it")]
fn some_form(secret: String) -> impl Strategy<Value = Vec<u8>> {
    let (mut exact, mut loose) = (BTreeSet::new(), BTreeSet::new());
    forms::of(&secret, &mut exact, &mut loose);
    let all: Vec<String> = exact.into_iter().chain(loose).collect();
    prop_oneof![
        4 => prop::sample::select(all).prop_map(String::into_bytes),
        2 => "[ab +/\n]{0,8}".prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>().prop_filter("mark", |b| *b != b'*'), 0..12),
    ]
}

fn scene() -> impl Strategy<Value = (Vec<String>, Vec<Vec<u8>>, Vec<usize>)> {
    prop::collection::vec(secret_like(), 1..3).prop_flat_map(|secrets| {
        let parts: Vec<_> = secrets.iter().cloned().map(some_form).collect();
        let part = prop::strategy::Union::new(parts);
        (
            Just(secrets),
            prop::collection::vec(part, 0..8),
            prop::collection::vec(1..30usize, 1..6),
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn no_form_survives_any_chunking((secrets, parts, sizes) in scene()) {
        let names: Vec<&str> = secrets.iter().map(String::as_str).collect();
        let redactor = knowing(&names);
        let text = parts.concat();
        let out = in_chunks(&redactor, &text, &sizes);
        prop_assert_eq!(&out, &by_hand(&redactor, &text));
        prop_assert_eq!(&out, &in_chunks(&redactor, &text, &[1]));
        prop_assert_eq!(&by_hand(&redactor, &out), &out, "a form is left");
    }

    #[test]
    fn other_text_passes_unchanged(
        text in prop::collection::vec(any::<u8>(), 0..200),
        sizes in prop::collection::vec(1..30usize, 1..6),
    ) {
        let redactor = knowing(&["a-secret-that-chance-will-not-write"]);
        prop_assert_eq!(in_chunks(&redactor, &text, &sizes), text);
    }

    #[test]
    fn visible_text_moves_no_cursor(text in any::<String>()) {
        let out = visible(&text);
        let obeyed = |c: char| {
            (c.is_control() && c != '\n' && c != '\t') || crate::name::is_bidi(c)
        };
        prop_assert!(!out.chars().any(obeyed), "{:?}", out);
    }
}
