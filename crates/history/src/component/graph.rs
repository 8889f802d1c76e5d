//! The order in which components can be published, and the cycles that have none.
//!
//! What users get with a component has to be there before it: normal, optional, build and peer dependencies count, those for
//! development do not, although Cargo wants even them in the registry where they have a version.
//!
//! Invariants: linear in components and dependencies; no recursion; the same result whatever the order of the components,
//! by their names.

use super::Component;

/// Groups of indices, each after all that it needs. A group of several is a cycle.
///
/// Groups that could stand in either order are in the order of their names.
pub fn order(components: &[Component]) -> Vec<Vec<usize>> {
    let mut groups = cycles(components);
    for group in &mut groups {
        group.sort_by(|a, b| components[*a].name.cmp(&components[*b].name));
    }
    let mut group_of = vec![0; components.len()];
    for (at, group) in groups.iter().enumerate() {
        for member in group {
            group_of[*member] = at;
        }
    }
    let mut needed_by: Vec<Vec<usize>> = vec![Vec::new(); groups.len()];
    let mut waits_for = vec![0_usize; groups.len()];
    for (at, group) in groups.iter().enumerate() {
        let mut needs: Vec<usize> = group
            .iter()
            .flat_map(|member| needs(&components[*member]))
            .map(|on| group_of[on])
            .filter(|other| *other != at)
            .collect();
        needs.sort_unstable();
        needs.dedup();
        waits_for[at] = needs.len();
        for other in needs {
            needed_by[other].push(at);
        }
    }
    let name = |at: usize| {
        let first = groups[at].first().map(|one| components[*one].name.as_str());
        std::cmp::Reverse((first.unwrap_or_default(), at))
    };
    let mut ready: std::collections::BinaryHeap<_> = (0..groups.len())
        .filter(|at| waits_for[*at] == 0)
        .map(name)
        .collect();
    let mut order = Vec::with_capacity(groups.len());
    while let Some(std::cmp::Reverse((_, at))) = ready.pop() {
        order.push(at);
        for other in &needed_by[at] {
            waits_for[*other] -= 1;
            if waits_for[*other] == 0 {
                ready.push(name(*other));
            }
        }
    }
    order.into_iter().map(|at| groups[at].clone()).collect()
}

fn needs(component: &Component) -> impl Iterator<Item = usize> {
    let counted = component
        .dependencies
        .iter()
        .filter(|one| one.kind.reaches_users());
    counted.map(|one| one.on)
}

const NEW: usize = usize::MAX;

/// Strongly connected components, by Tarjan's algorithm with a stack of its own.
fn cycles(components: &[Component]) -> Vec<Vec<usize>> {
    let next: Vec<Vec<usize>> = components.iter().map(|one| needs(one).collect()).collect();
    let count = components.len();
    let (mut index, mut low) = (vec![NEW; count], vec![0; count]);
    let (mut on_stack, mut stack) = (vec![false; count], Vec::new());
    let (mut found, mut numbered) = (Vec::new(), 0);
    for root in 0..count {
        if index[root] != NEW {
            continue;
        }
        let mut open = vec![(root, 0)];
        while let Some((at, edge)) = open.pop() {
            if edge == 0 {
                (index[at], low[at]) = (numbered, numbered);
                numbered += 1;
                stack.push(at);
                on_stack[at] = true;
            } else {
                let child = next[at][edge - 1];
                low[at] = low[at].min(low[child]);
            }
            let mut edges = next[at].iter().enumerate().skip(edge);
            let mut below = None;
            for (edge, to) in &mut edges {
                if index[*to] == NEW {
                    below = Some((edge + 1, *to));
                    break;
                }
                if on_stack[*to] {
                    low[at] = low[at].min(index[*to]);
                }
            }
            if let Some((edge, to)) = below {
                open.push((at, edge));
                open.push((to, 0));
            } else if low[at] == index[at] {
                let begin = stack.iter().rposition(|one| *one == at).unwrap_or(0);
                let cycle = stack.split_off(begin);
                for member in &cycle {
                    on_stack[*member] = false;
                }
                found.push(cycle);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::component::{Memory, discover, plan};

    fn told(packages: &[&str]) -> String {
        let files: Memory = std::iter::once(("Cargo.toml".to_owned(), {
            let names = packages.iter().filter_map(|one| one.split(' ').next());
            let names: Vec<String> = names.map(|name| format!("'{name}'")).collect();
            format!("[workspace]\nmembers = [{}]", names.join(", "))
        }))
        .chain(packages.iter().map(|package| {
            let mut words = package.split(' ');
            let name = words.next().unwrap();
            let mut text = format!("[package]\nname = '{name}'\nversion = '1.0.0'\n");
            for need in words {
                let (table, need) = match need.strip_prefix("dev:") {
                    Some(need) => ("dev-dependencies", need),
                    None => ("dependencies", need),
                };
                text = format!("{text}[{table}.{need}]\npath = '../{need}'\n");
            }
            (format!("{name}/Cargo.toml"), text)
        }))
        .collect();
        let components = discover(&files, &plan::tests::settings()).unwrap();
        let groups = order(&components).into_iter();
        let names = groups.map(|group| {
            let names: Vec<&str> = group
                .iter()
                .map(|at| components[*at].name.as_str())
                .collect();
            names.join("+")
        });
        names.collect::<Vec<String>>().join(" ")
    }

    #[test]
    fn what_is_needed_comes_first() {
        assert_eq!(
            told(&["app lib util", "lib util", "util dev:app", "other"]),
            "other util lib app"
        );
    }

    #[test]
    fn a_cycle_is_one_group() {
        assert_eq!(told(&["a b", "b c", "c a", "d a", "e"]), "a+b+c d e");
    }

    #[test]
    fn a_long_chain_needs_no_deep_stack() {
        let count = 50_000;
        let mut components: Vec<Component> = Vec::new();
        for at in 0..count {
            let file = (
                "package.json",
                format!("{{\"name\": \"p{at:05}\", \"version\": \"1.0.0\"}}"),
            );
            let files: Memory = [file].into_iter().collect();
            if at == 0 {
                components = discover(&files, &plan::tests::settings()).unwrap();
                continue;
            }
            let mut next = components[0].clone();
            next.name = format!("p{at:05}");
            next.dependencies = vec![crate::component::Dependency {
                on: at - 1,
                kind: crate::component::DependencyKind::Normal,
                requirement: None,
                bound: crate::component::Bound::Here,
                place: crate::component::Place {
                    path: String::new(),
                    key: Vec::new(),
                },
            }];
            components.push(next);
        }
        components.reverse();
        for component in &mut components {
            for need in &mut component.dependencies {
                need.on = count - 1 - need.on;
            }
        }
        let order = order(&components);
        assert_eq!(order.len(), count);
        assert_eq!(order[0], [count - 1]);
    }
}
