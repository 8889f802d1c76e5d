//! The rules, one function each. Every function makes its own worlds.

use super::engine::{Death, Engine, Rested, doubtful, publishing};
use super::{Call, Possible, Trouble, World};
use shipway_core::event::{Decision, End, EventKind};
use shipway_core::target::{Again, FailureKind, Presence, Receipt, Reversal};

/// All rules, one after the other: for destinations that cannot have several worlds at a time.
pub fn every_rule<W: World>(make: &impl Fn() -> W) {
    succeeds(make);
    repeats(make);
    refuses_what_is_different(make);
    survives_trouble_when_publishing(make);
    survives_trouble_when_looking(make);
    survives_a_stale_answer(make);
    stops_for_a_person_and_goes_on(make);
    dies_at_each_journal_entry(make);
    unwinds(make);
    unwinds_and_dies_at_each_journal_entry(make);
    survives_trouble_when_unwinding(make);
    leaves_alone_what_was_there_before(make);
}

/// What is published is accepted, read back and there once.
pub fn succeeds<W: World>(make: &impl Fn() -> W) {
    let world = make();
    for item in world.items() {
        assert_eq!(
            world.count(&item),
            0,
            "the world is not fresh: {}",
            item.name
        );
        if world.publish().again != Again::Never {
            let presence = world.target().observe(&item);
            assert_eq!(presence, Ok(Presence::Absent), "{}", item.name);
        }
    }
    let mut engine = Engine::new(&world, 1);
    let rested = engine.start();
    assert_released(&world, &engine, &rested);
    assert_eq!(engine.intents(), world.items().len(), "{}", engine.story());
}

/// A second plan with the same content finds everything there and sends nothing.
pub fn repeats<W: World>(make: &impl Fn() -> W) {
    let world = make();
    release(&world);
    if world.publish().again == Again::Never {
        // It cannot be looked at, so only the journal protects: the same run sends nothing more.
        return;
    }
    let mut second = Engine::new(&world, 2);
    let rested = second.start();
    assert_released(&world, &second, &rested);
    assert_eq!(second.intents(), 0, "{}", second.story());
}

/// Something else under an item's name stops the run, and is neither replaced nor taken away.
pub fn refuses_what_is_different<W: World>(make: &impl Fn() -> W) {
    let world = make();
    let item = world.items().remove(0);
    if world.corrupt(&item) == Possible::No {
        assert_eq!(
            world.publish().again,
            Again::Never,
            "only what cannot be looked at cannot differ"
        );
        return;
    }
    let mut engine = Engine::new(&world, 1);
    let rested = engine.start();
    assert_ne!(rested, Rested::Ended(End::Released), "{}", engine.story());
    assert_eq!(world.count(&item), 0, "{}", engine.story());
    let presence = world.target().observe(&item);
    assert!(
        matches!(presence, Ok(Presence::Different { .. })),
        "{presence:?}"
    );
}

/// Each trouble at the first publish: everything is there once, and nobody had to help where that can be known.
pub fn survives_trouble_when_publishing<W: World>(make: &impl Fn() -> W) {
    let mut met = 0;
    for trouble in Trouble::WRITING {
        let world = make();
        if world.trouble(Call::Publish, trouble) == Possible::No {
            continue;
        }
        met += 1;
        let mut engine = Engine::new(&world, 1);
        let mut rested = engine.start();
        let first = first_refusal(&engine);
        match trouble {
            Trouble::Denied => {
                assert_eq!(first, Some(FailureKind::Denied), "{}", engine.story());
                assert_eq!(rested, Rested::Stopped, "{}", engine.story());
                assert_eq!(world.count(&world.items()[0]), 0, "{}", engine.story());
                rested = engine.resume();
            }
            Trouble::Later { seconds } => {
                let asked = seconds * 1000;
                assert!(
                    engine
                        .waits()
                        .iter()
                        .any(|(waited, wanted)| wanted.0 == asked && waited.0 >= asked),
                    "it did not wait\n{}",
                    engine.story()
                );
            }
            _ => assert_eq!(
                first,
                Some(FailureKind::Unknown),
                "{trouble:?}: who knows what happened?\n{}",
                engine.story()
            ),
        }
        let rested = answer_doubts(&world, &mut engine, rested);
        assert_released(&world, &engine, &rested);
    }
    assert!(met > 0, "this world has no trouble at all");
}

/// Each trouble while looking at what is there: it is looked at again, and nothing is sent a second time.
pub fn survives_trouble_when_looking<W: World>(make: &impl Fn() -> W) {
    let mut met = 0;
    for trouble in Trouble::LOOKING {
        let world = make();
        release(&world);
        if world.trouble(Call::Look, trouble) == Possible::No {
            continue;
        }
        met += 1;
        let mut second = Engine::new(&world, 2);
        let rested = second.start();
        let failed = second
            .journal
            .iter()
            .any(|event| matches!(event.kind, EventKind::LookFailed { .. }));
        assert!(failed, "{trouble:?} went unnoticed\n{}", second.story());
        assert_released(&world, &second, &rested);
        assert_eq!(second.intents(), 0, "{trouble:?}\n{}", second.story());
    }
    assert!(met > 0 || make().publish().again == Again::Never);
}

/// "Absent" from a cache after the item was accepted, and after its answer was lost: still there once.
pub fn survives_a_stale_answer<W: World>(make: &impl Fn() -> W) {
    for lost in [false, true] {
        let world = make();
        if lost && world.trouble(Call::Publish, Trouble::LostAfter) == Possible::No {
            continue;
        }
        // The first look is at an empty destination: stale or not, it says the same.
        for _ in 0..3 * world.items().len() {
            if world.trouble(Call::Look, Trouble::StaleAbsent) == Possible::No {
                return;
            }
        }
        let mut engine = Engine::new(&world, 1);
        let rested = engine.start();
        assert_released(&world, &engine, &rested);
    }
}

/// Where trouble repeats until patience ends, the run stops with a reason; somebody resumes, and it is finished.
pub fn stops_for_a_person_and_goes_on<W: World>(make: &impl Fn() -> W) {
    let world = make();
    let attempts = world.publish().patience.attempts;
    // The items take turns: enough for the last attempt of the first of them that gives up.
    for _ in 0..attempts as usize * world.items().len() {
        if world.trouble(Call::Publish, Trouble::LostBefore) == Possible::No {
            return;
        }
    }
    let mut engine = Engine::new(&world, 1);
    let mut rested = engine.start();
    assert_ne!(rested, Rested::Ended(End::Released), "{}", engine.story());
    if world.publish().again != Again::Never {
        assert!(engine.intents() >= attempts as usize, "{}", engine.story());
    }
    for _ in 0..attempts {
        rested = answer_doubts(&world, &mut engine, rested);
        if rested == Rested::Ended(End::Released) {
            break;
        }
        rested = engine.resume();
    }
    assert_released(&world, &engine, &rested);
}

/// Killed after each entry of the journal, and before each: resumed, everything is there once.
pub fn dies_at_each_journal_entry<W: World>(make: &impl Fn() -> W) {
    let entries = release(&make());
    for entry in 0..entries {
        for death in [Death::After(entry + 1), Death::Before(entry)] {
            let world = make();
            let mut engine = Engine::new(&world, 1);
            engine.die(death);
            let rested = engine.start();
            if rested != Rested::Ended(End::Released) {
                assert_eq!(rested, Rested::Died, "{death:?}\n{}", engine.story());
            }
            let rested = engine.resume();
            let rested = answer_doubts(&world, &mut engine, rested);
            assert_released(&world, &engine, &rested);
        }
    }
}

/// What was published is taken back, and taking back again changes nothing.
pub fn unwinds<W: World>(make: &impl Fn() -> W) {
    let world = make();
    if world.publish().reversal != Reversal::Deletes {
        release(&world);
        let item = world.items().remove(0);
        if world.publish().reversal == Reversal::Nothing {
            let refused = world.target().retract(&item, &Receipt::default());
            assert!(
                matches!(&refused, Err(failure) if failure.kind == FailureKind::Permanent),
                "{refused:?}"
            );
            assert_eq!(world.count(&item), 1);
        }
        return;
    }
    let (mut engine, receipts) = standing(&world);
    let rested = engine.undo();
    assert_rolled_back(&world, &engine, &rested);
    for (item, receipt) in world.items().iter().zip(receipts) {
        let again = world.target().retract(item, &receipt);
        assert!(
            again.is_ok() || matches!(&again, Err(failure) if failure.kind != FailureKind::Unknown),
            "{again:?}"
        );
        assert_eq!(world.count(item), 0);
    }
}

/// Killed at each entry of the way back: resumed, nothing is left.
pub fn unwinds_and_dies_at_each_journal_entry<W: World>(make: &impl Fn() -> W) {
    let Some((before, after)) = lengths_of_the_way_back(make) else {
        return;
    };
    for entry in before..after {
        for death in [Death::After(entry + 1), Death::Before(entry)] {
            let world = make();
            let (mut engine, _) = standing(&world);
            engine.die(death);
            let mut rested = engine.undo();
            if engine.journal.len() == before {
                rested = engine.undo();
            } else if rested == Rested::Died {
                rested = engine.resume();
            }
            assert_rolled_back(&world, &engine, &rested);
        }
    }
}

/// Each trouble on the way back: nothing is left.
pub fn survives_trouble_when_unwinding<W: World>(make: &impl Fn() -> W) {
    if make().publish().reversal != Reversal::Deletes {
        return;
    }
    for trouble in Trouble::WRITING {
        for call in [Call::Retract, Call::Look] {
            let world = make();
            let (mut engine, _) = standing(&world);
            if world.trouble(call, trouble) == Possible::No {
                continue;
            }
            let mut rested = engine.undo();
            if rested == Rested::Stopped {
                rested = engine.resume();
            }
            assert_rolled_back(&world, &engine, &rested);
        }
    }
}

/// What was there before the run is not the run's to take back.
pub fn leaves_alone_what_was_there_before<W: World>(make: &impl Fn() -> W) {
    let world = make();
    if world.publish().reversal != Reversal::Deletes {
        return;
    }
    release(&world);
    let mut second = Engine::waiting(&world, 2);
    let rested = second.start();
    assert!(
        matches!(rested, Rested::Asks(_)),
        "{rested:?}\n{}",
        second.story()
    );
    let rested = second.undo();
    assert_eq!(rested, Rested::Ended(End::RolledBack), "{}", second.story());
    for item in world.items() {
        assert_eq!(world.count(&item), 1, "{}\n{}", item.name, second.story());
    }
}

/// Releases and returns the length of the journal.
fn release(world: &dyn World) -> usize {
    let mut engine = Engine::new(world, 1);
    let rested = engine.start();
    assert_released(world, &engine, &rested);
    engine.journal.len()
}

/// Everything published, nothing ended.
fn standing(world: &dyn World) -> (Engine<'_>, Vec<Receipt>) {
    let mut engine = Engine::waiting(world, 1);
    let rested = engine.start();
    assert!(
        matches!(rested, Rested::Asks(_)),
        "{rested:?}\n{}",
        engine.story()
    );
    let run = engine.run();
    let receipts = world
        .items()
        .iter()
        .map(|item| {
            run.receipt(&publishing(), &item.name)
                .cloned()
                .unwrap_or_default()
        })
        .collect();
    (engine, receipts)
}

fn lengths_of_the_way_back<W: World>(make: &impl Fn() -> W) -> Option<(usize, usize)> {
    let world = make();
    if world.publish().reversal != Reversal::Deletes {
        return None;
    }
    let (mut engine, _) = standing(&world);
    let before = engine.journal.len();
    let rested = engine.undo();
    assert_rolled_back(&world, &engine, &rested);
    Some((before, engine.journal.len()))
}

/// Says what a person who looks at the destination would say, where a kind cannot be looked at by us.
fn answer_doubts(world: &dyn World, engine: &mut Engine<'_>, rested: Rested) -> Rested {
    let mut rested = rested;
    for _ in 0..=world.items().len() {
        let doubt = world.publish().again == Again::Never
            && (doubtful(&rested).is_some() || rested == Rested::Stopped);
        if !doubt {
            return rested;
        }
        // One item at a time is in doubt: those before it are there, those after it were not sent.
        let missing = world.items().iter().any(|item| world.count(item) == 0);
        let sent = engine.intents();
        let there: usize = world.items().iter().map(|item| world.count(item)).sum();
        let decision = if missing && there < sent {
            Decision::Repeat
        } else {
            Decision::Done
        };
        rested = engine.decide(&publishing(), decision);
        if rested == Rested::Stopped {
            rested = engine.resume();
        }
    }
    rested
}

fn first_refusal(engine: &Engine<'_>) -> Option<FailureKind> {
    engine.journal.iter().find_map(|event| match &event.kind {
        EventKind::Refused { failure, .. } => Some(failure.kind.clone()),
        _ => None,
    })
}

fn assert_released(world: &dyn World, engine: &Engine<'_>, rested: &Rested) {
    assert_eq!(*rested, Rested::Ended(End::Released), "{}", engine.story());
    let target = world.target();
    for item in world.items() {
        assert_eq!(world.count(&item), 1, "{}\n{}", item.name, engine.story());
        if world.publish().again != Again::Never {
            let presence = target.observe(&item);
            assert!(
                matches!(presence, Ok(Presence::Same { .. })),
                "{presence:?}\n{}",
                engine.story()
            );
        }
    }
}

fn assert_rolled_back(world: &dyn World, engine: &Engine<'_>, rested: &Rested) {
    assert_eq!(
        *rested,
        Rested::Ended(End::RolledBack),
        "{}",
        engine.story()
    );
    for item in world.items() {
        assert_eq!(world.count(&item), 0, "{}\n{}", item.name, engine.story());
    }
}
