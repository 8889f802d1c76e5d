//! What is tried: deaths at named points, faults of destinations, both at once, and kills from outside at any moment.

use crate::bench::{Bench, Course, Phase};
use crate::fault::{Place, Trouble};

/// How much of the matrix is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Every effect point, every fourth journal point, every fault at one kind of place.
    Sample,
    Full,
}

#[derive(Clone, Debug)]
pub enum Scenario {
    /// Nothing goes wrong.
    Clean,
    /// Dies in this phase at this point.
    Death { phase: Phase, point: String },
    /// A destination misbehaves at the write of this place (or at the look that follows it).
    Fault { place: Place, trouble: Trouble },
    /// The same, and the process dies when that write has ended, before anybody heard of its answer.
    FaultAndDeath { place: Place, trouble: Trouble },
    /// Killed from outside several times, each after a while that the seed decides. Steps run side by side.
    Kills { seed: u64 },
}

impl Scenario {
    pub fn name(&self) -> String {
        match self {
            Self::Clean => "undisturbed".to_owned(),
            Self::Death { phase, point } => format!("SIGKILL at {point} of `{}`", phase.word()),
            Self::Fault { place, trouble } => format!("{} at {}", trouble.word(), place.word()),
            Self::FaultAndDeath { place, trouble } => {
                format!("{} at {}, and SIGKILL", trouble.word(), place.word())
            }
            Self::Kills { seed } => format!("killed from outside, seed {seed}"),
        }
    }

    pub fn course(&self) -> Course {
        match self {
            Self::Death { phase, .. } => phase.course(),
            _ => Course::Released,
        }
    }

    /// The row of the table that it counts in.
    pub fn group(&self) -> String {
        match self {
            Self::Clean => "undisturbed".to_owned(),
            Self::Death { point, .. } => {
                let name = point.split(':').next().unwrap_or(point);
                match self.course() {
                    Course::Released => format!("SIGKILL {name}"),
                    Course::TakenBack => format!("SIGKILL {name}, while taken back"),
                }
            }
            Self::Fault { trouble, .. } => trouble.word().to_owned(),
            Self::FaultAndDeath { trouble, .. } => format!("{}, and SIGKILL", trouble.word()),
            Self::Kills { .. } => "SIGKILL from outside, side by side".to_owned(),
        }
    }
}

/// Every scenario, those that are alike beside each other.
pub fn all(bench: &Bench, extent: Extent) -> Vec<Scenario> {
    let mut all = vec![Scenario::Clean];
    for phase in Phase::ALL {
        for (name, count) in bench.points(phase) {
            let every = match (extent, name.ends_with("append")) {
                (Extent::Sample, true) => 4,
                _ => 1,
            };
            // `append` and `after-append` take turns: together they meet every second place.
            let start = if name == "append" { 1 } else { 1 + every / 2 };
            for number in (start..=*count).step_by(every) {
                let point = format!("{name}:{number}");
                all.push(Scenario::Death { phase, point });
            }
        }
    }
    for (turn, trouble) in Trouble::ALL.into_iter().enumerate() {
        let places: Vec<Place> = Place::ALL
            .into_iter()
            .filter(|place| place.can_have(trouble))
            .collect();
        for (number, place) in places.iter().enumerate() {
            let (place, is_due) = (*place, number == turn % places.len());
            // The sample has this one everywhere.
            let is_due = is_due && trouble != Trouble::ResetAfter;
            if extent == Extent::Full || is_due {
                all.push(Scenario::Fault { place, trouble });
            }
            if extent == Extent::Full || number == (turn + 3) % places.len() {
                all.push(Scenario::FaultAndDeath { place, trouble });
            }
        }
    }
    if extent == Extent::Sample {
        // Each kind of place at least once, with the fault that is hardest to get right.
        for place in Place::ALL {
            let trouble = Trouble::ResetAfter;
            all.push(Scenario::Fault { place, trouble });
        }
    }
    let kills = match extent {
        Extent::Sample => 6,
        Extent::Full => 48,
    };
    all.extend((1..=kills).map(|seed| Scenario::Kills { seed }));
    all
}
