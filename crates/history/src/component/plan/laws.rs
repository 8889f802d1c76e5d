//! What holds of every plan.

use super::tests::{World, policy, settings};
use super::*;
use crate::component::policy::Raise;
use crate::component::{Bound, graph};
use proptest::prelude::*;
use shipway_core::config::{self, Dependents};
use std::collections::BTreeMap;

const VERSIONS: [&str; 5] = ["0.0.3", "0.4.1", "1.0.0", "1.2.3", "2.0.0"];
const REQUIREMENTS: [&str; 8] = [
    "^",
    "~",
    "",
    ">=",
    "workspace:^",
    "workspace:*",
    "workspace:^1.0.0",
    "^0.4.0_||_^1.2.3",
];
const TABLES: [&str; 4] = ["", "", "peer:", "dev:"];

#[derive(Clone, Debug)]
struct Drawn {
    versions: Vec<usize>,
    /// From, to, requirement, table.
    needs: Vec<(usize, usize, usize, usize)>,
    changes: Vec<(usize, usize)>,
    dependents: Dependents,
    raise: Raise,
    pre: bool,
    fixed: Vec<usize>,
    linked: Vec<usize>,
}

fn drawn() -> impl Strategy<Value = Drawn> {
    let dependents = prop_oneof![
        Just(Dependents::OutOfRange),
        Just(Dependents::Always),
        Just(Dependents::Never)
    ];
    (2_usize..9).prop_flat_map(move |count| {
        (
            proptest::collection::vec(0..VERSIONS.len(), count),
            proptest::collection::vec(
                (0..count, 0..count, 0..REQUIREMENTS.len(), 0..TABLES.len()),
                0..count * 3,
            ),
            proptest::collection::vec((0..count, 0_usize..3), 0..4),
            (
                dependents.clone(),
                prop_oneof![Just(Raise::Patch), Just(Raise::Same)],
            ),
            any::<bool>(),
            proptest::collection::vec(0..count, 0..3),
            proptest::collection::vec(0..count, 0..3),
        )
            .prop_map(
                |(versions, needs, changes, (dependents, raise), pre, fixed, linked)| Drawn {
                    versions,
                    needs,
                    changes,
                    dependents,
                    raise,
                    pre,
                    fixed,
                    linked,
                },
            )
    })
}

fn name(at: usize) -> String {
    format!("p{at}")
}

impl Drawn {
    fn world(&self) -> World {
        let mut lines: Vec<String> = (0..self.versions.len())
            .map(|at| format!("{} {}", name(at), VERSIONS[self.versions[at]]))
            .collect();
        for (from, to, requirement, table) in &self.needs {
            if from != to && !lines[*from].contains(&format!("{}:", name(*to))) {
                let text = REQUIREMENTS[*requirement];
                let version = match text {
                    "^" | "~" | "" | ">=" => VERSIONS[self.versions[*to]],
                    _ => "",
                };
                let need = format!(" {}{}:{text}{version}", TABLES[*table], name(*to));
                lines[*from].push_str(&need);
            }
        }
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let mut world = World::new(&lines);
        for (at, level) in &self.changes {
            let level = [Level::Patch, Level::Minor, Level::Major][*level];
            world = world.changed(&name(*at), level);
        }
        world
    }

    fn settings(&self) -> config::Components {
        let names = |list: &[usize]| -> Vec<Vec<String>> {
            let mut list = list.to_vec();
            list.sort_unstable();
            list.dedup();
            vec![list.into_iter().map(name).collect()]
        };
        let linked: Vec<usize> = self
            .linked
            .iter()
            .copied()
            .filter(|at| !self.fixed.contains(at))
            .collect();
        config::Components {
            dependents: self.dependents,
            fixed: names(&self.fixed),
            linked: names(&linked),
            ..settings()
        }
    }
}

/// Names and versions, and edits: what a plan is about, without positions.
fn about(world: &World, plan: &Plan) -> (BTreeMap<String, String>, Vec<String>) {
    let name = |at: usize| world.components[at].name.clone();
    let next = plan.next.iter().map(|next| {
        let mut reasons: Vec<String> = next
            .reasons
            .iter()
            .map(|reason| reason.told(&world.components))
            .collect();
        reasons.sort();
        (
            name(next.component),
            format!("{} {reasons:?}", next.version),
        )
    });
    (
        next.collect(),
        plan.edits.iter().map(ToString::to_string).collect(),
    )
}

proptest! {
    #[test]
    fn laws(drawn in drawn(), turn in 0_usize..9) {
        let (world, settings) = (drawn.world(), drawn.settings());
        let mut policy = Policy { raise: drawn.raise, ..policy(&settings) };
        policy.pre = drawn.pre.then(|| "rc".parse().unwrap());
        let plan = world.plan(&policy);

        // Versions rise, and for a reason.
        for next in &plan.next {
            let current = next.current.as_ref().unwrap();
            prop_assert!(next.version.precedence(current).is_gt(), "{next:?}");
            prop_assert!(!next.reasons.is_empty(), "{next:?}");
        }
        // What has changes is released.
        for (at, _) in &drawn.changes {
            prop_assert!(plan.of(world.index(&name(*at))).is_some());
        }
        // Every requirement that has to fit fits.
        let after = world.after(&plan);
        for component in &after.components {
            for need in &component.dependencies {
                let (Some(requirement), Some(next)) = (&need.requirement, plan.of(need.on)) else { continue };
                let before = world.released[need.on].last().unwrap();
                let unfit = plan.unfit.iter().any(|unfit| unfit.place == need.place);
                let fits = requirement.matches(&next.version);
                let elsewhere = need.bound == Bound::ByName && !requirement.matches(before) && !fits;
                prop_assert!(fits || unfit || elsewhere, "{requirement} {next:?}");
            }
        }
        // Once it is carried out, nothing is left to do.
        prop_assert_eq!(after.plan(&policy), Plan::default());
        // A fixed group has one version.
        let fixed: Vec<_> = settings.fixed[0].iter().filter_map(|name| plan.of(world.index(name))).collect();
        prop_assert!(fixed.is_empty() || fixed.len() == settings.fixed[0].len());
        prop_assert!(fixed.windows(2).all(|pair| pair[0].version == pair[1].version));
        let linked: Vec<_> = settings.linked[0].iter().filter_map(|name| plan.of(world.index(name))).collect();
        prop_assert!(linked.windows(2).all(|pair| pair[0].version == pair[1].version));

        // The order of the components does not matter.
        let count = world.components.len();
        let to = |at: usize| (at + turn) % count;
        let mut turned = world.clone();
        for at in 0..count {
            turned.components[to(at)] = world.components[at].clone();
            turned.released[to(at)] = world.released[at].clone();
            turned.changes[to(at)] = world.changes[at].clone();
        }
        for component in &mut turned.components {
            for need in &mut component.dependencies {
                need.on = to(need.on);
            }
        }
        let turned_plan = turned.plan(&policy);
        prop_assert_eq!(about(&world, &plan), about(&turned, &turned_plan));
        let names = |world: &World| -> Vec<Vec<String>> {
            let groups = graph::order(&world.components).into_iter();
            groups.map(|group| group.into_iter().map(|at| world.components[at].name.clone()).collect()).collect()
        };
        prop_assert_eq!(names(&world), names(&turned));
    }

    #[test]
    fn publishing_comes_after_what_is_needed(drawn in drawn()) {
        let world = drawn.world();
        let order = graph::order(&world.components);
        let mut place = vec![usize::MAX; world.components.len()];
        for (at, group) in order.iter().enumerate() {
            for member in group {
                prop_assert_eq!(place[*member], usize::MAX);
                place[*member] = at;
            }
        }
        for (at, component) in world.components.iter().enumerate() {
            for need in component.dependencies.iter().filter(|need| need.kind.reaches_users()) {
                prop_assert!(place[need.on] <= place[at]);
            }
        }
    }
}
