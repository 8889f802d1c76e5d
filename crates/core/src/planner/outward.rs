//! Steps that leave this machine: rehearsal, publishing, announcement, follow-up.

use super::local::local_repository;
use super::{Draft, PlannerError, step_id};
use crate::config::{Before, Channel, Destination, PublishTo};
use crate::digest::Digest;
use crate::name::{Oid, StepId};
use crate::plan::{Action, Items, Stage, Step, Weight};
use crate::target::{Item, Reversal, TargetSpec};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What differs between the steps that go out.
struct Outward {
    id: StepId,
    stage: Stage,
    title: String,
    why: String,
    needs: Vec<StepId>,
    weight: Weight,
}

impl Draft<'_> {
    pub(super) fn rehearse(&mut self) -> Result<(), PlannerError> {
        self.ask_people(Before::Rehearse)?;
        let mut needs = self.all_of(&[Stage::Seal, Stage::Approve]);
        if needs.is_empty() {
            needs = self.all_of(&[Stage::Prepare, Stage::Check]);
        }
        let rehearsals: Vec<PublishTo> = self.rehearsals().cloned().collect();
        for publish in &rehearsals {
            let id = self.push_index(publish, Stage::Rehearse, needs.clone())?;
            self.push_tries_from(&publish.name, &id, Stage::Rehearse)?;
        }
        Ok(())
    }

    /// Drafts first (they can be deleted), then the push (the point of no return), then registries, then what makes the
    /// release visible to everybody.
    pub(super) fn publish(&mut self) -> Result<(), PlannerError> {
        let ready = self.all_of(&[
            Stage::Prepare,
            Stage::Check,
            Stage::Build,
            Stage::Seal,
            Stage::Rehearse,
            Stage::Approve,
        ]);
        let config = self.config;
        let real: Vec<&PublishTo> = config
            .publish
            .iter()
            .filter(|publish| !publish.rehearsal)
            .collect();
        let mut staged = Vec::new();
        for publish in &real {
            if let Destination::Github {
                repository, api, ..
            } = &publish.to
            {
                staged.extend(self.push_draft(publish, repository, api, &ready)?);
            }
        }
        let mut needs = ready;
        needs.extend(staged.iter().cloned());
        let push = self.push_branch_and_tag(needs)?;
        let mut public = vec![push.clone()];
        for publish in &real {
            if let Destination::Pypi { .. } = &publish.to {
                let id = self.push_index(publish, Stage::Publish, vec![push.clone()])?;
                self.push_tries_from(&publish.name, &id, Stage::Publish)?;
            }
        }
        public.extend(self.all_of(&[Stage::Publish]));
        public.dedup();
        for publish in &real {
            if let Destination::Github {
                repository, api, ..
            } = &publish.to
            {
                self.push_github_release(publish, repository, api, &public)?;
            }
        }
        Ok(())
    }

    fn push_draft(
        &mut self,
        publish: &PublishTo,
        repository: &str,
        api: &str,
        needs: &[StepId],
    ) -> Result<Vec<StepId>, PlannerError> {
        let tag = self.facts.tag.name.short().to_owned();
        let body = json!({
            "tag": tag,
            "commit": self.release_commit(),
            "name": self.release_name(),
            "notes": self.facts.notes,
            "prerelease": self.facts.is_prerelease,
        });
        let draft = step_id(&["publish", &publish.name, "draft"])?;
        let spec = github(publish, "github-draft", repository, api);
        let about = Outward {
            id: draft.clone(),
            stage: Stage::Publish,
            title: format!("draft release {tag} on {repository}"),
            why: "a draft is seen by nobody and can be deleted; credentials are tried before anything is public".to_owned(),
            needs: needs.to_vec(),
            weight: Weight::Required,
        };
        self.push_outward(
            about,
            spec,
            Items::Fixed(vec![Item::of_body(tag.clone(), body)]),
            false,
        )?;
        if self.config.builds.is_empty() {
            return Ok(vec![draft]);
        }
        let assets = step_id(&["publish", &publish.name, "assets"])?;
        let about = Outward {
            id: assets.clone(),
            stage: Stage::Publish,
            title: format!("attach the sealed files to the draft {tag}"),
            why: "assets must be there before an immutable release is published".to_owned(),
            needs: vec![draft.clone()],
            weight: Weight::Required,
        };
        let items = self.sealed(publish, json!({"tag": tag}));
        self.push_outward(
            about,
            github(publish, "github-asset", repository, api),
            items,
            false,
        )?;
        Ok(vec![draft, assets])
    }

    fn push_branch_and_tag(&mut self, needs: Vec<StepId>) -> Result<StepId, PlannerError> {
        let source = &self.facts.source;
        let tag = &self.facts.tag;
        let mut refs = vec![json!({"name": tag.name, "old": null, "new": tag.id})];
        if !self.facts.from_tag {
            refs.insert(
                0,
                json!({"name": source.branch, "old": source.head, "new": self.merged()?}),
            );
        }
        let id = step_id(&["publish", "push"])?;
        let (branch, short, remote) = (source.branch.short(), tag.name.short(), &source.remote);
        let title = if self.facts.from_tag {
            format!(
                "make sure that {remote} has tag {short} at {}",
                tag.target.abbreviated()
            )
        } else if self.facts.release_branch.is_some() {
            format!("merge into {branch} and create tag {short}, in one atomic push to {remote}")
        } else {
            format!("advance {branch} and create tag {short}, in one atomic push to {remote}")
        };
        let about = Outward {
            id: id.clone(),
            stage: Stage::Publish,
            title,
            why: "registries then name a tag that everybody can see; both references or none"
                .to_owned(),
            needs,
            weight: Weight::Required,
        };
        let item = Item::of_body(tag.name.short(), json!({"refs": refs}));
        self.push_outward(
            about,
            self.remote_repository(),
            Items::Fixed(vec![item]),
            false,
        )?;
        Ok(id)
    }

    fn push_index(
        &mut self,
        publish: &PublishTo,
        stage: Stage,
        needs: Vec<StepId>,
    ) -> Result<StepId, PlannerError> {
        let index = self
            .facts
            .indexes
            .get(&publish.name)
            .ok_or_else(|| PlannerError::NoAddress(publish.name.clone()))?;
        let spec = TargetSpec {
            name: publish.name.clone(),
            kind: "pypi".to_owned(),
            place: index.upload.clone(),
            settings: BTreeMap::from([
                ("index".to_owned(), json!(index.simple)),
                ("project".to_owned(), json!(self.config.project.name)),
                ("username".to_owned(), json!(index.username)),
            ]),
            secret: index.secret.clone(),
        };
        let id = step_id(&[stage.as_str(), &publish.name])?;
        let why = if publish.rehearsal {
            "a rehearsal of the upload, before anything is public; the test index keeps it"
                .to_owned()
        } else {
            "users install from here; an index never forgets a file's name".to_owned()
        };
        let about = Outward {
            id: id.clone(),
            stage,
            title: format!("upload the sealed files to {}", publish.name),
            why,
            needs,
            weight: Weight::Required,
        };
        let items = self.sealed(publish, json!({"version": self.facts.pep440}));
        self.push_outward(about, spec, items, publish.rehearsal)?;
        Ok(id)
    }

    fn push_github_release(
        &mut self,
        publish: &PublishTo,
        repository: &str,
        api: &str,
        needs: &[StepId],
    ) -> Result<(), PlannerError> {
        let tag = self.facts.tag.name.short().to_owned();
        let is_latest = self.facts.is_newest && !self.facts.is_prerelease;
        let body = json!({
            "tag": tag,
            "commit": self.release_commit(),
            "name": self.release_name(),
            "notes": self.facts.notes,
            "prerelease": self.facts.is_prerelease,
            "latest": is_latest.to_string(),
        });
        let about = Outward {
            id: step_id(&["publish", &publish.name, "release"])?,
            stage: Stage::Publish,
            title: format!("publish release {tag} on {repository}"),
            why: "shown to everybody once the packages can be installed".to_owned(),
            needs: needs.to_vec(),
            weight: Weight::Required,
        };
        let items = Items::Fixed(vec![Item::of_body(tag, body)]);
        self.push_outward(
            about,
            github(publish, "github-release", repository, api),
            items,
            false,
        )
    }

    pub(super) fn announce(&mut self) -> Result<(), PlannerError> {
        self.ask_people(Before::Announce)?;
        let config = self.config;
        for announce in &config.announce {
            let needs = self.all_of(&[Stage::Publish, Stage::Approve]);
            let subject = self.fill(&announce.subject);
            let text = self.fill(&announce.text);
            let (kind, place, body, title) = match &announce.by {
                Channel::Mail {
                    server,
                    from,
                    recipients,
                } => {
                    let seed = Digest::of_json(&(
                        &config.project.name,
                        &self.facts.version,
                        &announce.name,
                        &text,
                    ));
                    let host = from
                        .rsplit('@')
                        .next()
                        .unwrap_or("localhost")
                        .trim_end_matches('>');
                    let body = json!({
                        "from": from,
                        "to": recipients,
                        "subject": subject,
                        "text": text,
                        "message_id": format!("<{}@{host}>", seed.short()),
                    });
                    (
                        "mail",
                        server,
                        body,
                        format!("mail {}: {subject}", recipients.join(", ")),
                    )
                }
                Channel::Webhook { url } => {
                    let body = json!({"payload": {
                        "project": config.project.name,
                        "version": self.facts.version,
                        "tag": self.facts.tag.name.short(),
                        "subject": subject,
                        "text": text,
                    }});
                    (
                        "webhook",
                        url,
                        body,
                        format!("call {}: {subject}", announce.name),
                    )
                }
            };
            let spec = TargetSpec {
                name: announce.name.clone(),
                kind: kind.to_owned(),
                place: place.clone(),
                settings: BTreeMap::new(),
                secret: announce.secret.clone(),
            };
            let about = Outward {
                id: step_id(&["announce", &announce.name])?,
                stage: Stage::Announce,
                title,
                why: "sent at most once, when everything is public; a failure is noted and changes nothing".to_owned(),
                needs,
                weight: Weight::BestEffort,
            };
            let item = Item::of_body(announce.name.clone(), body);
            self.push_outward(about, spec, Items::Fixed(vec![item]), false)?;
        }
        Ok(())
    }

    pub(super) fn follow_up(&mut self) -> Result<(), PlannerError> {
        let public = self.all_of(&[Stage::Publish]);
        if !self.facts.from_tag {
            let (newest, needs) = self.push_next_version(&public)?;
            self.push_local_tag()?;
            self.push_checkout(&newest, needs)?;
        }
        self.push_milestones(&public)
    }

    /// What the branch points to in the end, and the steps that bring it there.
    fn push_next_version(&mut self, public: &[StepId]) -> Result<(Oid, Vec<StepId>), PlannerError> {
        let merged = self.merged()?;
        let Ok(commit) = self.commit("next-version") else {
            return Ok((merged, public.to_vec()));
        };
        let next = commit.id.clone();
        let source = &self.facts.source;
        let id = step_id(&["follow-up", "next-version"])?;
        let body = json!({"refs": [{"name": source.branch, "old": merged, "new": next}]});
        let about = Outward {
            id: id.clone(),
            stage: Stage::FollowUp,
            title: format!(
                "push {} with the next development version to {}",
                next.abbreviated(),
                source.remote
            ),
            why: "what is built from the branch from now on is not mistaken for the release"
                .to_owned(),
            needs: public.to_vec(),
            weight: Weight::BestEffort,
        };
        let item = Item::of_body(source.branch.as_str(), body);
        self.push_outward(
            about,
            self.remote_repository(),
            Items::Fixed(vec![item]),
            false,
        )?;
        Ok((next, vec![id]))
    }

    fn push_local_tag(&mut self) -> Result<(), PlannerError> {
        let tag = &self.facts.tag;
        let refs = json!([{"name": tag.name, "old": null, "new": tag.id}]);
        let about = Outward {
            id: step_id(&["follow-up", "local-tag"])?,
            stage: Stage::FollowUp,
            title: format!("create tag {} in the local repository", tag.name.short()),
            why: "your clone knows the release without a fetch".to_owned(),
            needs: vec![step_id(&["publish", "push"])?],
            weight: Weight::BestEffort,
        };
        let body = json!({"commits": [], "tag": null, "refs": refs});
        let item = Item::of_body(tag.name.short(), body);
        self.push_outward(about, local_repository(), Items::Fixed(vec![item]), false)
    }

    fn push_checkout(&mut self, newest: &Oid, needs: Vec<StepId>) -> Result<(), PlannerError> {
        let source = &self.facts.source;
        let body = json!({"branch": source.branch, "old": source.head, "new": newest});
        let about = Outward {
            id: step_id(&["follow-up", "checkout"])?,
            stage: Stage::FollowUp,
            title: format!(
                "fast-forward your own {} to {}",
                source.branch.short(),
                newest.abbreviated()
            ),
            why: "only if nothing in your working tree would be touched".to_owned(),
            needs,
            weight: Weight::BestEffort,
        };
        let spec = TargetSpec {
            name: "checkout".to_owned(),
            kind: "git-worktree".to_owned(),
            place: "your working tree".to_owned(),
            settings: BTreeMap::new(),
            secret: None,
        };
        let item = Item::of_body(source.branch.as_str(), body);
        self.push_outward(about, spec, Items::Fixed(vec![item]), false)
    }

    fn push_milestones(&mut self, needs: &[StepId]) -> Result<(), PlannerError> {
        let config = self.config;
        for publish in &config.publish {
            let Destination::Github {
                repository,
                api,
                milestone: true,
            } = &publish.to
            else {
                continue;
            };
            let title = self.facts.next.clone();
            let about = Outward {
                id: step_id(&["follow-up", &publish.name, "milestone"])?,
                stage: Stage::FollowUp,
                title: format!("open milestone {title} on {repository}"),
                why: "the next development cycle begins".to_owned(),
                needs: needs.to_vec(),
                weight: Weight::BestEffort,
            };
            let body =
                json!({"title": title, "description": format!("After {}", self.facts.version)});
            let items = Items::Fixed(vec![Item::of_body(title.clone(), body)]);
            self.push_outward(
                about,
                github(publish, "github-milestone", repository, api),
                items,
                false,
            )?;
        }
        Ok(())
    }

    fn push_outward(
        &mut self,
        about: Outward,
        spec: TargetSpec,
        items: Items,
        rehearsal: bool,
    ) -> Result<(), PlannerError> {
        let kind =
            (self.kinds)(&spec.kind).ok_or_else(|| PlannerError::NoKind(spec.kind.clone()))?;
        // Announced or followed up: after the point of no return nothing is taken back anyway.
        let reversal = if about.stage > Stage::Publish {
            Reversal::Nothing
        } else {
            kind.reversal
        };
        let action: Action = self.publish_action(spec, items, reversal, rehearsal)?;
        self.push(Step {
            id: about.id,
            stage: about.stage,
            title: about.title,
            why: about.why,
            needs: about.needs,
            weight: about.weight,
            skip: None,
            action,
        });
        Ok(())
    }

    /// The sealed artifacts that go to a destination.
    fn sealed(&self, publish: &PublishTo, body: Value) -> Items {
        let project = self
            .config
            .project
            .name
            .replace(['-', '.'], "_")
            .to_lowercase();
        let version = &self.facts.pep440;
        let expected = publish
            .artifacts
            .iter()
            .map(
                |pattern| match pattern.rsplit('/').next().unwrap_or(pattern) {
                    "*.whl" => format!("{project}-{version}-*.whl"),
                    "*.tar.gz" => format!("{project}-{version}.tar.gz"),
                    other => other.to_owned(),
                },
            )
            .collect();
        Items::Sealed {
            patterns: publish.artifacts.clone(),
            expected,
            body,
        }
    }

    fn release_name(&self) -> String {
        format!("{} {}", self.config.project.name, self.facts.version)
    }
}

fn github(publish: &PublishTo, kind: &str, repository: &str, api: &str) -> TargetSpec {
    TargetSpec {
        name: publish.name.clone(),
        kind: kind.to_owned(),
        place: format!("{repository} at {api}"),
        settings: BTreeMap::from([
            ("api".to_owned(), json!(api)),
            ("repository".to_owned(), json!(repository)),
        ]),
        secret: publish.secret.clone(),
    }
}
