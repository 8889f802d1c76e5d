//! `github-milestone`: an open milestone. Titles are unique in a repository, so a second one is refused by GitHub itself.

use super::api::{Api, Reach};
use super::{body_of, same_text, survey_repository};
use serde::Deserialize;
use serde_json::json;
use shipway_core::target::{Failure, Found, Item, Presence, Receipt, Survey, Target};

/// The body of an item.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MilestoneBody {
    title: String,
    description: String,
}

/// A milestone, as the API shows it.
#[derive(Debug, Deserialize)]
struct Milestone {
    number: u64,
    title: String,
    description: Option<String>,
    state: String,
    html_url: String,
}

pub(super) struct Milestones(pub Api);

impl Milestones {
    fn matching(&self, wanted: impl Fn(&Milestone) -> bool) -> Result<Vec<Milestone>, Failure> {
        self.0.list(
            "/milestones?state=all",
            Reach::All,
            "list the milestones",
            wanted,
        )
    }
}

impl Target for Milestones {
    fn observe(&self, item: &Item) -> Result<Presence, Failure> {
        let body: MilestoneBody = body_of(item, "milestone")?;
        let found = self.matching(|one| one.title == body.title)?;
        let Some(milestone) = found.first() else {
            return Ok(Presence::Absent);
        };
        let number = milestone.number;
        if milestone.state != "open" {
            return Ok(Presence::Different {
                found: format!("milestone {number}, which is closed"),
            });
        }
        if !same_text(
            milestone.description.as_deref().unwrap_or_default(),
            &body.description,
        ) {
            let found = format!("milestone {number} with another description");
            return Ok(Presence::Different { found });
        }
        Ok(Presence::Same {
            receipt: receipt(milestone),
        })
    }

    fn publish(&self, item: &Item) -> Result<Receipt, Failure> {
        let body: MilestoneBody = body_of(item, "milestone")?;
        let request = json!({"title": body.title, "description": body.description});
        let what = format!("open the milestone {}", body.title);
        let made: Milestone = self.0.put("POST", "/milestones", &request, &what)?;
        Ok(receipt(&made))
    }

    fn retract(&self, item: &Item, receipt: &Receipt) -> Result<(), Failure> {
        let body: MilestoneBody = body_of(item, "milestone")?;
        let what = format!("delete the milestone {}", body.title);
        let found = self.matching(|one| one.number.to_string() == receipt.id)?;
        match found.first() {
            None => Ok(()),
            Some(one) if one.title == body.title => {
                self.0.delete(&format!("/milestones/{}", one.number), &what)
            }
            Some(one) => Err(Failure::permanent(format!(
                "{what}: it was renamed to {:?}",
                one.title
            ))),
        }
    }

    fn survey(&self, items: &[Item]) -> Result<Survey, Failure> {
        let mut survey = survey_repository(&self.0)?;
        let titles: Vec<&str> = items.iter().map(|item| item.name.as_str()).collect();
        for one in self.matching(|one| titles.contains(&one.title.as_str()))? {
            let what = format!("{} milestone {}", one.state, one.number);
            survey.found.push(Found {
                name: one.title,
                what,
            });
        }
        survey.found.sort();
        Ok(survey)
    }
}

fn receipt(milestone: &Milestone) -> Receipt {
    Receipt {
        id: milestone.number.to_string(),
        url: Some(milestone.html_url.clone()),
    }
}
