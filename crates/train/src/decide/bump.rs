//! The edits that move the pins to what the rules say: one reviewable change.
//!
//! Must not: edit where the file is not what the facts saw.

use super::{Effort, Situation, Truth, Undecided, WayOut, known, ship::find_pin};
use crate::facts::Known;
use crate::model::ReleaseVersion;
use crate::pack::Rule;
use serde::{Deserialize, Serialize};
use shipway_core::name::Oid;

/// The change, against one commit of the engine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Bump {
    pub release: ReleaseVersion,
    /// The engine's branch to make the change on.
    pub branch: String,
    /// The commit whose files the edits are for.
    pub commit: Oid,
    /// By path and place.
    pub edits: Vec<Edit>,
    pub unmovable: Vec<Unmovable>,
}

/// One pin that moves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Edit {
    pub member: String,
    pub path: String,
    /// From 1.
    pub line: u32,
    /// Of the first byte, from 0.
    pub start: usize,
    /// After the last byte.
    pub end: usize,
    /// What stands there.
    pub from: String,
    pub to: Oid,
    pub rule: Rule,
}

/// A pin that has to move and cannot be moved by an edit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Unmovable {
    pub member: String,
    pub why: String,
    pub rule: Rule,
    pub way_out: Option<WayOut>,
}

/// The file is not what the edits were made for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}, line {line}: {expected:?} should stand there for {member}")]
pub struct EditError {
    pub path: String,
    pub line: u32,
    pub member: String,
    pub expected: String,
}

impl EditError {
    pub fn hint(&self) -> &'static str {
        "the file changed since it was read: read the engine again"
    }
}

impl Bump {
    /// The paths that are edited, each once.
    pub fn paths(&self) -> Vec<&str> {
        let mut paths: Vec<&str> = self.edits.iter().map(|edit| edit.path.as_str()).collect();
        paths.dedup();
        paths
    }

    /// The text of a file after the edits.
    ///
    /// # Errors
    /// Something else stands where a pin should; nothing is edited then.
    pub fn apply(&self, path: &str, text: &str) -> Result<String, EditError> {
        let mut out = String::with_capacity(text.len() + 64);
        let mut done = 0;
        for edit in self.edits.iter().filter(|edit| edit.path == path) {
            let sound =
                edit.start >= done && text.get(edit.start..edit.end) == Some(edit.from.as_str());
            let before = text.get(done..edit.start).filter(|_| sound);
            let Some(before) = before else {
                return Err(EditError {
                    path: path.to_owned(),
                    line: edit.line,
                    member: edit.member.clone(),
                    expected: edit.from.clone(),
                });
            };
            out.push_str(before);
            out.push_str(edit.to.as_str());
            done = edit.end;
        }
        out.push_str(&text[done..]);
        Ok(out)
    }
}

impl Situation<'_> {
    /// The edits for a release: of one member, or of all that have to move.
    ///
    /// # Errors
    /// As [`Situation::ship`], or no such member.
    pub fn bump(&self, release: &ReleaseVersion, only: Option<&str>) -> Result<Bump, Undecided> {
        let only = only.map(|name| self.member(name)).transpose()?;
        let shipment = self.ship(release)?;
        let none = Undecided::Word {
            word: shipment.branch.clone(),
        };
        let pins = known(self.facts.pins.get(&shipment.branch).ok_or(none)?)?;
        let mut bump = Bump {
            release: release.clone(),
            branch: shipment.branch.clone(),
            commit: pins.commit.clone(),
            edits: Vec::new(),
            unmovable: Vec::new(),
        };
        for ship in shipment
            .members
            .iter()
            .filter(|ship| only.is_none_or(|only| only.name == ship.member))
        {
            let unmovable = |why: String, way_out: Option<WayOut>| Unmovable {
                member: ship.member.clone(),
                why,
                rule: ship.rule.clone(),
                way_out,
            };
            let to = match &ship.commit {
                Known::Known(commit) if ship.moves => commit,
                Known::Known(_) => continue,
                Known::Unknown(_) if ship.truth == Truth::Pin && ship.waived.is_some() => continue,
                Known::Unknown(why) => {
                    bump.unmovable.push(unmovable(
                        format!("what ships is not known: {why}"),
                        ship.way_out.clone(),
                    ));
                    continue;
                }
            };
            let member = self.member(&ship.member).ok();
            let pin = member.and_then(|member| find_pin(pins, member));
            match pin
                .and_then(|pin| pin.span.as_ref())
                .zip(ship.pinned.clone())
            {
                Some((span, from)) => bump.edits.push(Edit {
                    member: ship.member.clone(),
                    path: span.path.clone(),
                    line: span.line,
                    start: span.start,
                    end: span.end,
                    from,
                    to: to.clone(),
                    rule: ship.rule.clone(),
                }),
                None => bump.unmovable.push(unmovable(
                    "the revision is not written in one place".to_owned(),
                    Some(WayOut::new(
                        Effort::Edit,
                        format!(
                            "write the revision of {} as one commit id in its entry",
                            ship.member
                        ),
                    )),
                )),
            }
        }
        bump.edits
            .sort_by(|a, b| (&a.path, a.start).cmp(&(&b.path, b.start)));
        Ok(bump)
    }
}
