//! Diffs of a plan are diffs: git applies them, and comes to the same bytes.

use crate::world::World;
use shipway_core::diff;

#[test]
fn git_applies_the_diffs_of_a_plan() {
    let world = World::new();
    let long: String = (0..40)
        .flat_map(|line| [line.to_string(), "\n".to_owned()])
        .collect();
    let changed = long.replace("\n7\n", "\nseven\n").replace("33\n", "");
    for (path, before, after) in [
        ("long.txt", Some(long.as_str()), changed.as_str()),
        ("crlf.txt", Some("a\r\nb\r\nc\r\n"), "a\r\nB\r\nc\nd\r"),
        ("ends.txt", Some("a\nb"), "a\nb\n"),
        ("open.txt", Some("a\nb\n"), "a\nc"),
        ("empty.txt", Some(""), "a\n"),
        ("gone.txt", Some("a\nb\n"), ""),
        ("new.txt", None, "a\n\u{feff}é\n"),
        ("dir/with space.txt", Some("a\n"), "b\n"),
        ("quo\"ted\ttab.txt", Some("a\n"), "b\n"),
    ] {
        if let Some(before) = before {
            world.write(path, before.as_bytes());
        }
        let made = diff::unified(path, before.map(str::as_bytes), after.as_bytes()).unwrap();
        world.with_input(&["apply", "--whitespace=nowarn", "-"], made.as_bytes());
        let applied = fs_err::read(world.repo().join(path)).unwrap_or_default();
        assert_eq!(String::from_utf8(applied).unwrap(), after, "{path}\n{made}");
        let ours = diff::apply(&made, before.unwrap_or_default().as_bytes()).unwrap();
        assert_eq!(ours, after.as_bytes(), "{path}");
    }
}
