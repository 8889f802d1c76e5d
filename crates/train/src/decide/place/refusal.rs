//! Refusals that no table needs to say: tags stand, lines end, and releases come one after the other.

use super::{Change, Place, Wanted};
use crate::decide::{Effort, Situation, Undecided, WayOut};
use crate::model::{LineState, Member, ReleaseVersion};
use crate::pack::{Rule, Severity};

/// Why a release cannot be wanted at all.
pub(super) enum Refusal {
    Released,
    EndOfLife,
    NotYet { first: ReleaseVersion },
    Far,
}

impl<'a> Situation<'a> {
    /// A refusal that no table needs to say: tags stand, lines end, and releases come one after the other.
    pub(super) fn refused(
        &self,
        member: Option<&'a Member>,
        change: Change,
        wanted: &Wanted,
        refusal: Refusal,
    ) -> Result<Place, Undecided> {
        let Wanted::Release(release) = wanted else {
            return Err(Undecided::Word {
                word: String::new(),
            });
        };
        let line = self.line_of(release)?;
        let rule = |table, axis, word| self.pack.rule(table, axis, word, Severity::Impossible);
        let again = |release: &ReleaseVersion| {
            let flag = match change {
                Change::Bugfix => "--fix",
                Change::Feature => "--feature",
            };
            let of = member.map_or_else(String::new, |member| format!(" --member {}", member.name));
            WayOut::new(Effort::OtherRelease, format!("ask for {release}"))
                .by(format!("shipway train where {flag} --for {release}{of}"))
        };
        let newest = || self.moment.current().map(|line| self.moment.upcoming(line));
        let (rule, way_out) = match refusal {
            Refusal::Released => {
                let alive = self.moment.state(line) != LineState::EndOfLife;
                let next = if alive {
                    Some(self.moment.upcoming(line))
                } else {
                    newest()
                };
                (rule("events", "event", "retag"), next.as_ref().map(again))
            }
            Refusal::EndOfLife => (
                rule("support", "rule", "patch-releases"),
                newest().as_ref().map(again),
            ),
            Refusal::NotYet { first } => (
                Rule::own("first-release-first", Severity::Impossible),
                Some(again(&first)),
            ),
            Refusal::Far => (
                Rule::own("two-lines-at-a-time", Severity::Impossible),
                self.moment
                    .next()
                    .map(|line| again(&line.version.first_release())),
            ),
        };
        Ok(Place {
            member: member.map(|member| member.name.clone()),
            change,
            wanted: release.to_string(),
            asked: Some(release.clone()),
            verdict: Severity::Impossible,
            branch: None,
            release: None,
            rule: Rule {
                severity: Severity::Impossible,
                ..rule
            },
            way_out,
            then: Vec::new(),
        })
    }
}
