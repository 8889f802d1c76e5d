//! Gitmoji: an emoji at the beginning says what a commit is, <https://gitmoji.dev/specification>.
//!
//! The level is that of the `semver` column in gitmoji's own table. `🎨 (scope): text`, `:art: text` and `✨ feat(api)!: text` are
//! read; a header without an emoji is read as a conventional one, because most projects have both.

use super::{Meaning, Said};
use crate::change::Kind;
use crate::conventional::Header;
use shipway_core::version::Level;
use std::borrow::Cow;
use std::collections::HashMap;

const PATCH: Option<Level> = Some(Level::Patch);
const ADDED: Option<&str> = Some("Added");
const CHANGED: Option<&str> = Some("Changed");
const FIXED: Option<&str> = Some("Fixed");

/// Emoji without its variation selector, name, level and group.
const TABLE: &[(&str, &str, Option<Level>, Option<&str>)] = &[
    ("🎨", "art", None, None),
    ("⚡", "zap", PATCH, CHANGED),
    ("🔥", "fire", None, None),
    ("🐛", "bug", PATCH, FIXED),
    ("🚑", "ambulance", PATCH, FIXED),
    ("✨", "sparkles", Some(Level::Minor), ADDED),
    ("📝", "memo", None, None),
    ("🚀", "rocket", None, None),
    ("💄", "lipstick", PATCH, CHANGED),
    ("🎉", "tada", None, None),
    ("✅", "white_check_mark", None, None),
    ("🔒", "lock", PATCH, Some("Security")),
    ("🔐", "closed_lock_with_key", None, None),
    ("🔖", "bookmark", None, None),
    ("🚨", "rotating_light", None, None),
    ("🚧", "construction", None, None),
    ("💚", "green_heart", None, None),
    ("⬇", "arrow_down", PATCH, CHANGED),
    ("⬆", "arrow_up", PATCH, CHANGED),
    ("📌", "pushpin", PATCH, CHANGED),
    ("👷", "construction_worker", None, None),
    ("📈", "chart_with_upwards_trend", PATCH, CHANGED),
    ("♻", "recycle", None, None),
    ("➕", "heavy_plus_sign", PATCH, CHANGED),
    ("➖", "heavy_minus_sign", PATCH, CHANGED),
    ("🔧", "wrench", PATCH, CHANGED),
    ("🔨", "hammer", None, None),
    ("🌐", "globe_with_meridians", PATCH, CHANGED),
    ("✏", "pencil2", PATCH, FIXED),
    ("💩", "poop", None, None),
    ("⏪", "rewind", PATCH, CHANGED),
    ("🔀", "twisted_rightwards_arrows", None, None),
    ("📦", "package", PATCH, CHANGED),
    ("👽", "alien", PATCH, CHANGED),
    ("🚚", "truck", None, None),
    ("📄", "page_facing_up", None, None),
    ("💥", "boom", Some(Level::Major), CHANGED),
    ("🍱", "bento", PATCH, CHANGED),
    ("♿", "wheelchair", PATCH, CHANGED),
    ("💡", "bulb", None, None),
    ("🍻", "beers", None, None),
    ("💬", "speech_balloon", PATCH, CHANGED),
    ("🗃", "card_file_box", PATCH, CHANGED),
    ("🔊", "loud_sound", None, None),
    ("🔇", "mute", None, None),
    ("👥", "busts_in_silhouette", None, None),
    ("🚸", "children_crossing", PATCH, CHANGED),
    ("🏗", "building_construction", None, None),
    ("📱", "iphone", PATCH, CHANGED),
    ("🤡", "clown_face", None, None),
    ("🥚", "egg", PATCH, CHANGED),
    ("🙈", "see_no_evil", None, None),
    ("📸", "camera_flash", None, None),
    ("⚗", "alembic", PATCH, CHANGED),
    ("🔍", "mag", PATCH, CHANGED),
    ("🏷", "label", PATCH, CHANGED),
    ("🌱", "seedling", None, None),
    ("🚩", "triangular_flag_on_post", PATCH, CHANGED),
    ("🥅", "goal_net", PATCH, FIXED),
    ("💫", "dizzy", PATCH, CHANGED),
    ("🗑", "wastebasket", PATCH, Some("Deprecated")),
    ("🛂", "passport_control", PATCH, CHANGED),
    ("🩹", "adhesive_bandage", PATCH, FIXED),
    ("🧐", "monocle_face", None, None),
    ("⚰", "coffin", None, None),
    ("🧪", "test_tube", None, None),
    ("👔", "necktie", PATCH, CHANGED),
    ("🩺", "stethoscope", None, None),
    ("🧱", "bricks", None, None),
    ("🧑\u{200d}💻", "technologist", None, None),
    ("💸", "money_with_wings", None, None),
    ("🧵", "thread", None, None),
    ("🦺", "safety_vest", None, None),
    ("✈", "airplane", PATCH, CHANGED),
    ("🦖", "t-rex", None, None),
];

/// Those of the table, and Conventional Commits for headers without an emoji.
pub(super) fn types() -> HashMap<String, Meaning> {
    let mut types = super::presets::conventional();
    for (_, name, level, group) in TABLE {
        let meaning = Meaning {
            level: *level,
            group: group.map(str::to_owned),
            breaking_group: None,
        };
        types.insert((*name).to_owned(), meaning);
    }
    types
}

/// The name for an emoji, a `:name:` or a name.
pub(super) fn code(text: &str) -> Option<&'static str> {
    let bare: String = text.chars().filter(|c| *c != VARIATION).collect();
    let name = bare
        .strip_prefix(':')
        .and_then(|rest| rest.strip_suffix(':'))
        .unwrap_or(&bare);
    let row = TABLE
        .iter()
        .find(|(emoji, code, ..)| *emoji == bare || *code == name);
    row.map(|(_, code, ..)| *code)
}

/// Asks for the emoji's coloured form; some write it and some do not.
const VARIATION: char = '\u{fe0f}';

pub(super) fn header(line: &str) -> Option<Said<'_>> {
    let line = line.trim_start();
    let (name, rest) = by_code(line).or_else(|| by_emoji(line))?;
    let rest = rest.trim_start_matches(VARIATION).trim_start();
    let scoped = rest
        .strip_prefix('(')
        .and_then(|inner| inner.split_once(')'));
    let (scope, marked, description) = if let Some((scope, after)) = scoped {
        let scope = Some(scope.trim()).filter(|scope| !scope.is_empty());
        let unmarked = after.strip_prefix('!');
        (
            scope,
            unmarked.is_some(),
            after_colon(unmarked.unwrap_or(after)),
        )
    } else if let Some(read) = Header::read(rest) {
        (read.scope, read.marked, read.description)
    } else {
        (None, false, after_colon(rest))
    };
    let description = description.trim();
    let kind = match name {
        "sparkles" => Kind::Feature,
        "bug" | "ambulance" | "adhesive_bandage" => Kind::Fix,
        "zap" => Kind::Performance,
        "rewind" => Kind::Revert,
        _ => Kind::Named(name.to_owned()),
    };
    (!description.is_empty()).then_some(Said {
        kind,
        key: Cow::Borrowed(name),
        scope,
        // The table's one emoji for it.
        marked: marked || name == "boom",
        description,
    })
}

/// Some write `🐛: text`.
fn after_colon(text: &str) -> &str {
    let text = text.trim_start();
    text.strip_prefix(':').unwrap_or(text)
}

/// `:bug: text`
fn by_code(line: &str) -> Option<(&'static str, &str)> {
    let (name, rest) = line.strip_prefix(':')?.split_once(':')?;
    let row = TABLE.iter().find(|(_, code, ..)| *code == name)?;
    Some((row.1, rest))
}

fn by_emoji(line: &str) -> Option<(&'static str, &str)> {
    if line.starts_with(|c: char| c.is_ascii()) {
        return None;
    }
    let row = TABLE.iter().find(|(emoji, ..)| line.starts_with(emoji))?;
    Some((row.1, &line[row.0.len()..]))
}
