//! What each request does to the state, and what is answered.

use super::shapes::{self, invalid, not_found, refused};
use super::{Asset, Milestone, Permission, Pull, Release, State, tags};
use crate::http::{Request, Response};
use serde_json::{Value, json};

/// The answer to a request, after its effect.
pub(super) fn answer(state: &mut State, token: &str, url: &str, request: &Request) -> Response {
    if let Some(answer) = refusal(state, token, request) {
        return answer;
    }
    // Segments are split before they are decoded: `tags%2Fv1` is one of them, as in GitHub's description.
    let raw = request.target.split('?').next().unwrap_or_default();
    let parts: Vec<String> = raw
        .trim_matches('/')
        .split('/')
        .map(crate::http::decoded)
        .collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let (upload, parts) = match parts.as_slice() {
        ["uploads", rest @ ..] => (true, rest),
        all => (false, all),
    };
    let ["repos", owner, name, rest @ ..] = parts else {
        return not_found();
    };
    if format!("{owner}/{name}") != state.repository {
        return not_found();
    }
    let mut call = Call {
        state,
        url,
        request,
    };
    match (request.method.as_str(), rest) {
        ("POST", ["releases", id, "assets"]) => call.upload(id),
        _ if upload => not_found(),
        ("GET", []) => Response::json(200, &shapes::repository(call.state, url)),
        ("GET", ["immutable-releases"]) => call.immutable_releases(),
        ("GET", ["releases"]) => call.list_releases(),
        ("POST", ["releases"]) => call.create_release(),
        ("GET", ["releases", "tags", tag]) => call.published(tag),
        ("GET", ["releases", "assets", id]) => call.asset(id),
        ("DELETE", ["releases", "assets", id]) => call.delete_asset(id),
        ("GET", ["releases", id]) => call.one_release(id),
        ("PATCH", ["releases", id]) => call.change_release(id),
        ("DELETE", ["releases", id]) => call.delete_release(id),
        ("GET", ["releases", id, "assets"]) => call.list_assets(id),
        ("GET", ["git", "ref", reference]) => call.reference(reference),
        ("GET", ["git", "ref", "tags", tag]) => call.reference(&format!("tags/{tag}")),
        ("GET", ["git", "tags", object]) => call.tag_object(object),
        ("GET", ["milestones"]) => call.list_milestones(),
        ("POST", ["milestones"]) => call.create_milestone(),
        ("DELETE", ["milestones", number]) => call.delete_milestone(number),
        ("GET", ["pulls"]) => call.list_pulls(),
        _ => not_found(),
    }
}

/// What GitHub refuses before it looks at what is asked.
fn refusal(state: &State, token: &str, request: &Request) -> Option<Response> {
    if request.header("user-agent").is_none_or(str::is_empty) {
        return Some(refused(403, "Request forbidden by administrative rules."));
    }
    if request.header("authorization") != Some(&format!("Bearer {token}")) {
        return Some(refused(401, "Bad credentials"));
    }
    let known = ["2022-11-28", "2026-03-10"];
    if request
        .header("x-github-api-version")
        .is_some_and(|version| !known.contains(&version))
    {
        return Some(refused(400, "The API version is not supported"));
    }
    match (state.permission, request.method.as_str()) {
        (Permission::None, _) => Some(not_found()),
        (Permission::Write, _) if state.archived && request.method != "GET" => {
            Some(refused(403, "Repository was archived so is read-only."))
        }
        (Permission::Read, "POST" | "PATCH" | "DELETE") => Some(refused(
            403,
            "Resource not accessible by personal access token",
        )),
        _ => None,
    }
}

struct Call<'a> {
    state: &'a mut State,
    url: &'a str,
    request: &'a Request,
}

impl Call<'_> {
    fn page(&self, all: &[Value]) -> Response {
        let number = |name, default: usize| {
            self.request
                .parameter(name)
                .and_then(|text| text.parse().ok())
                .unwrap_or(default)
        };
        let size = number("per_page", 30)
            .clamp(1, 100)
            .min(self.state.page_limit.max(1));
        let page = number("page", 1).max(1);
        let from = (page - 1).saturating_mul(size).min(all.len());
        let to = (from + size).min(all.len());
        let answer = Response::json(200, &Value::Array(all[from..to].to_vec()));
        if to == all.len() {
            return answer;
        }
        let link = |page: usize, rel: &str| {
            let path = &self.request.path;
            format!(
                "<{}{path}?per_page={size}&page={page}>; rel=\"{rel}\"",
                self.url
            )
        };
        let last = all.len().div_ceil(size);
        answer.with(
            "Link",
            format!("{}, {}", link(page + 1, "next"), link(last, "last")),
        )
    }

    fn immutable_releases(&self) -> Response {
        if self.state.immutable_releases {
            Response::json(200, &json!({"enabled": true, "enforced_by_owner": false}))
        } else {
            not_found()
        }
    }

    fn list_releases(&mut self) -> Response {
        let mut shown = Vec::new();
        for release in self.state.releases.iter().rev() {
            if release.draft && self.state.permission != Permission::Write {
                continue;
            }
            if release.hidden_for == 0 {
                shown.push(shapes::release(self.state, self.url, release));
            }
        }
        for release in &mut self.state.releases {
            release.hidden_for = release.hidden_for.saturating_sub(1);
        }
        self.page(&shown)
    }

    fn create_release(&mut self) -> Response {
        let body = self.request.json();
        let text = |field: &str| body[field].as_str().unwrap_or_default().to_owned();
        let tag = text("tag_name");
        if tag.is_empty() {
            return invalid("Release", "missing_field", "tag_name");
        }
        if let Some(answer) = self.refused_target(&body) {
            return answer;
        }
        let draft = body["draft"].as_bool().unwrap_or(false);
        if !draft && let Some(answer) = self.refused_publication(&tag) {
            return answer;
        }
        let target = match body["target_commitish"].as_str() {
            Some(target) => target.to_owned(),
            None => self.state.default_branch.clone(),
        };
        let release = Release {
            id: self.state.take_id(),
            target,
            name: text("name"),
            notes: text("body"),
            draft,
            prerelease: body["prerelease"].as_bool().unwrap_or(false),
            immutable: !draft && self.state.immutable_releases,
            make_latest: body["make_latest"].as_str().map(str::to_owned),
            hidden_for: if draft { self.state.list_lag } else { 0 },
            assets: Vec::new(),
            tag,
        };
        let answer = Response::json(201, &shapes::release(self.state, self.url, &release));
        self.state.releases.push(release);
        answer
    }

    fn refused_target(&self, body: &Value) -> Option<Response> {
        let target = body["target_commitish"].as_str()?;
        (!tags::is_target(self.state, target))
            .then(|| invalid("Release", "invalid", "target_commitish"))
    }

    /// Why a release of this tag cannot become public.
    fn refused_publication(&self, tag: &str) -> Option<Response> {
        if self.state.burned_tags.contains(tag) {
            let mut answer = invalid("Release", "custom", "tag_name");
            let mut body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            body["errors"][0]["message"] = json!("tag_name was used by an immutable release");
            answer.body = body.to_string().into_bytes();
            return Some(answer);
        }
        let taken = self
            .state
            .releases_of(tag)
            .iter()
            .any(|release| !release.draft);
        taken.then(|| invalid("Release", "already_exists", "tag_name"))
    }

    fn published(&self, tag: &str) -> Response {
        let found = self
            .state
            .releases_of(tag)
            .into_iter()
            .find(|release| !release.draft);
        match found {
            Some(release) => Response::json(200, &shapes::release(self.state, self.url, release)),
            None => not_found(),
        }
    }

    fn position(&self, id: &str) -> Option<usize> {
        let id: u64 = id.parse().ok()?;
        self.state
            .releases
            .iter()
            .position(|release| release.id == id)
    }

    fn one_release(&self, id: &str) -> Response {
        match self.position(id).map(|at| &self.state.releases[at]) {
            Some(release) => Response::json(200, &shapes::release(self.state, self.url, release)),
            None => not_found(),
        }
    }

    fn change_release(&mut self, id: &str) -> Response {
        let Some(at) = self.position(id) else {
            return not_found();
        };
        let body = self.request.json();
        let old = &self.state.releases[at];
        let text = |field: &str, old: &str| body[field].as_str().unwrap_or(old).to_owned();
        let tag = text("tag_name", &old.tag);
        let draft = body["draft"].as_bool().unwrap_or(old.draft);
        if let Some(answer) = self.refused_target(&body) {
            return answer;
        }
        if old.draft && !draft {
            if let Some(answer) = self.refused_publication(&tag) {
                return answer;
            }
            // As GitHub does: a tag that is missing is made, at the target.
            if tags::look_up(self.state, &tag).is_none() {
                let target = text("target_commitish", &old.target);
                self.state.push_tag(&tag, &target);
            }
        } else if !old.draft && draft {
            return invalid("Release", "invalid", "draft");
        }
        let immutable = self.state.immutable_releases;
        let release = &mut self.state.releases[at];
        if release.immutable && (tag != release.tag) {
            return refused(422, "Cannot change an immutable release.");
        }
        release.name = text("name", &release.name);
        release.notes = text("body", &release.notes);
        release.target = text("target_commitish", &release.target);
        release.prerelease = body["prerelease"].as_bool().unwrap_or(release.prerelease);
        release.immutable |= release.draft && !draft && immutable;
        release.draft = draft;
        release.tag = tag;
        if let Some(latest) = body["make_latest"].as_str() {
            release.make_latest = Some(latest.to_owned());
        }
        self.one_release(id)
    }

    fn delete_release(&mut self, id: &str) -> Response {
        let Some(at) = self.position(id) else {
            return not_found();
        };
        let gone = self.state.releases.remove(at);
        if gone.immutable {
            self.state.burned_tags.insert(gone.tag);
        }
        Response::empty(204)
    }

    fn list_assets(&self, id: &str) -> Response {
        let Some(at) = self.position(id) else {
            return not_found();
        };
        let release = &self.state.releases[at];
        let all: Vec<Value> = release
            .assets
            .iter()
            .map(|asset| shapes::asset(self.state, self.url, release, asset))
            .collect();
        self.page(&all)
    }

    fn upload(&mut self, id: &str) -> Response {
        let Some(at) = self.position(id) else {
            return not_found();
        };
        if self.state.releases[at].immutable {
            return refused(422, "Cannot upload assets to an immutable release.");
        }
        let name = kept_name(self.request.parameter("name").unwrap_or_default());
        let taken = self.state.releases[at]
            .assets
            .iter()
            .any(|asset| asset.name == name);
        if taken {
            return invalid("ReleaseAsset", "already_exists", "name");
        }
        if name.is_empty() || self.request.body.is_empty() {
            return refused(400, "Bad Content-Length");
        }
        let asset = Asset {
            id: self.state.take_id(),
            name,
            content_type: self
                .request
                .header("content-type")
                .unwrap_or_default()
                .to_owned(),
            state: "uploaded".to_owned(),
            has_digest: true,
            content: self.request.body.clone(),
        };
        let release = &self.state.releases[at];
        let answer = shapes::asset(self.state, self.url, release, &asset);
        self.state.releases[at].assets.push(asset);
        Response::json(201, &answer)
    }

    fn asset(&self, id: &str) -> Response {
        let found = self.state.releases.iter().find_map(|release| {
            let asset = release
                .assets
                .iter()
                .find(|asset| asset.id.to_string() == id)?;
            Some((release, asset))
        });
        let Some((release, asset)) = found else {
            return not_found();
        };
        if self.request.header("accept") == Some("application/octet-stream") {
            return Response::of(200, "application/octet-stream", asset.content.clone());
        }
        Response::json(200, &shapes::asset(self.state, self.url, release, asset))
    }

    fn delete_asset(&mut self, id: &str) -> Response {
        for release in &mut self.state.releases {
            let at = release
                .assets
                .iter()
                .position(|asset| asset.id.to_string() == id);
            if let Some(at) = at {
                if release.immutable {
                    return refused(422, "Cannot delete assets of an immutable release.");
                }
                release.assets.remove(at);
                return Response::empty(204);
            }
        }
        not_found()
    }

    fn reference(&self, reference: &str) -> Response {
        let tag = reference.strip_prefix("tags/");
        match tag.and_then(|tag| Some((tag, tags::look_up(self.state, tag)?))) {
            Some((name, tag)) => {
                Response::json(200, &shapes::tag_ref(self.state, self.url, name, &tag))
            }
            None => not_found(),
        }
    }

    fn tag_object(&self, object: &str) -> Response {
        match tags::of_object(self.state, object) {
            Some((name, tag)) if tag.object != tag.commit => {
                Response::json(200, &shapes::tag_object(self.state, self.url, &name, &tag))
            }
            _ => not_found(),
        }
    }

    /// The newest first, unless the request sorts otherwise.
    fn list_pulls(&self) -> Response {
        let parameter = |name, default| self.request.parameter(name).unwrap_or(default);
        let wanted = parameter("state", "open");
        let by_update = parameter("sort", "created") == "updated";
        let falls = parameter("direction", if by_update { "asc" } else { "desc" }) == "desc";
        let mut pulls: Vec<&Pull> = self
            .state
            .pulls
            .iter()
            .filter(|one| wanted == "all" || one.open == (wanted == "open"))
            .collect();
        pulls.sort_by_key(|one| (by_update.then_some(&one.updated_at), one.number));
        if falls {
            pulls.reverse();
        }
        let all: Vec<Value> = pulls
            .into_iter()
            .map(|one| shapes::pull(self.state, self.url, one))
            .collect();
        self.page(&all)
    }

    fn list_milestones(&self) -> Response {
        let wanted = self.request.parameter("state").unwrap_or("open");
        let all: Vec<Value> = self
            .state
            .milestones
            .iter()
            .filter(|one| wanted == "all" || one.open == (wanted == "open"))
            .map(|one| shapes::milestone(self.state, self.url, one))
            .collect();
        self.page(&all)
    }

    fn create_milestone(&mut self) -> Response {
        let body = self.request.json();
        let Some(title) = body["title"].as_str().filter(|title| !title.is_empty()) else {
            return invalid("Milestone", "missing_field", "title");
        };
        if self.state.milestones.iter().any(|one| one.title == title) {
            return invalid("Milestone", "already_exists", "title");
        }
        let milestone = Milestone {
            number: self
                .state
                .milestones
                .iter()
                .map(|one| one.number)
                .max()
                .unwrap_or(0)
                + 1,
            title: title.to_owned(),
            description: body["description"].as_str().map(str::to_owned),
            open: body["state"] != "closed",
        };
        let answer = Response::json(201, &shapes::milestone(self.state, self.url, &milestone));
        self.state.milestones.push(milestone);
        answer
    }

    fn delete_milestone(&mut self, number: &str) -> Response {
        let at = self
            .state
            .milestones
            .iter()
            .position(|one| one.number.to_string() == number);
        match at {
            Some(at) => {
                self.state.milestones.remove(at);
                Response::empty(204)
            }
            None => not_found(),
        }
    }
}

/// The name under which GitHub keeps an asset: what it does not like becomes a dot.
fn kept_name(name: &str) -> String {
    let mut kept = String::new();
    for c in name.chars() {
        let c = if c.is_ascii_alphanumeric() || "-_+@".contains(c) {
            c
        } else {
            '.'
        };
        if !(c == '.' && kept.ends_with('.')) {
            kept.push(c);
        }
    }
    kept.trim_matches('.').to_owned()
}
