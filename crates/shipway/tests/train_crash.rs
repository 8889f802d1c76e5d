//! A departure that dies at each of its journal entries and effects, and goes on: afterwards every reference of every repository
//! is that of a departure which nothing disturbed.
//!
//! Invariants: all scenarios of a yard carry out the same plan from the same kept world; deaths are by SIGKILL; a point that the
//! run does not pass is a failure.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops where its world is not as expected"
)]

mod train_world;

use fs_err as fs;
use std::collections::BTreeMap;
use std::sync::Mutex;
use train_world::Yard;

/// Yards side by side.
const YARDS: usize = 2;
/// One step at a time, so that the points of two runs are the same.
const IN_LINE: &str = "--jobs=1";

/// A departure that was planned and entered into the journal, and what it leaves when nothing disturbs it.
struct Planned {
    yard: Yard,
    undisturbed: BTreeMap<String, String>,
    /// How many points of each name the run passes.
    points: BTreeMap<String, u64>,
}

impl Planned {
    fn new() -> Self {
        let mut yard = Yard::small();
        let start = ["train", "depart", "v1.5.5", "--yes", IN_LINE];
        // Dead after its first entry: the run is in the journal, and nothing is done.
        let dead = yard.shipway_with(&[("SHIPWAY_CRASH_AT", "after-append:1")], &start);
        assert_eq!(dead.code, None, "{dead:?}");
        let tagged = |all: &BTreeMap<String, String>| {
            let names = all.keys().filter(|name| name.ends_with("refs/tags/v1.5.5"));
            names.cloned().collect::<Vec<_>>()
        };
        assert!(
            yard.references()
                .keys()
                .all(|name| !name.contains("refs/shipway"))
        );
        yard.keep();
        let count = yard.train().join("points");
        let wish = format!("count:{}", count.display());
        yard.shipway_with(&[("SHIPWAY_CRASH_AT", &wish)], &["resume", IN_LINE])
            .must(0);
        let undisturbed = yard.references();
        assert_eq!(
            tagged(&undisturbed),
            ["goose", "httpfs", "iceberg"].map(|name| format!("upstream/{name} refs/tags/v1.5.5"))
        );
        let text = fs::read_to_string(&count).unwrap();
        let points = text.lines().map(|line| {
            let (name, number) = line.split_once(' ').unwrap();
            (name.to_owned(), number.parse().unwrap())
        });
        Self {
            points: points.collect(),
            yard,
            undisturbed,
        }
    }

    /// Dies at a point of the run, goes on, and says what is different from an undisturbed departure.
    fn die_at(&self, point: &str) -> Result<(), String> {
        self.yard.reset();
        let dead = self
            .yard
            .shipway_with(&[("SHIPWAY_CRASH_AT", point)], &["resume", IN_LINE]);
        if dead.code.is_some() {
            return Err(format!("{point}: it did not die: {dead:?}"));
        }
        let resumed = self.yard.shipway(&["resume", IN_LINE]);
        let after = self.yard.references();
        // Dead after its last entry, it is over: there is nothing to go on with.
        let over = resumed.code == Some(0) || resumed.stderr.contains("is over");
        if over && after == self.undisturbed {
            return Ok(());
        }
        Err(format!("{point}: {after:#?}\n{resumed:?}"))
    }
}

#[test]
fn a_departure_from_any_crash_point_equals_one_without_a_crash() {
    let yards: Vec<Planned> = std::thread::scope(|scope| {
        let making: Vec<_> = (0..YARDS).map(|_| scope.spawn(Planned::new)).collect();
        making.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(
        yards[0].points, yards[1].points,
        "two undisturbed runs differ"
    );
    let points = &yards[0].points;
    assert!(
        points["append"] > 20 && points["before-effect"] > 8,
        "{points:?}"
    );
    let all = points.iter().flat_map(|(name, count)| {
        // Before an entry is where the one before it had been written.
        let skipped = name == "append";
        (1..=*count)
            .filter(move |_| !skipped)
            .map(move |number| format!("{name}:{number}"))
    });
    let queue = Mutex::new(all.collect::<Vec<_>>().into_iter());
    let failed: Mutex<Vec<String>> = Mutex::default();
    std::thread::scope(|scope| {
        for planned in &yards {
            scope.spawn(|| {
                loop {
                    // A lock that lasted through the scenario would leave the other yard idle.
                    let next = queue.lock().unwrap().next();
                    let Some(point) = next else { return };
                    if let Err(what) = planned.die_at(&point) {
                        failed.lock().unwrap().push(what);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
