//! Where issues, pull requests, commits, authors, comparisons and tags of a repository are found on the web.
//!
//! From the address of the remote, in any of the forms that git takes (https, ssh, `git@host:owner/name.git`, with a port), or
//! from patterns. The paths are those of GitHub, GitLab (`/-/`), Gitea with Forgejo and Codeberg, and Bitbucket Cloud.
//!
//! Invariants: a link holds no character that ends a link in Markdown, HTML or a terminal, whatever a tag or a reference
//! holds; a password in a remote's address is in no link.

use serde::Serialize;

/// What kind of site a repository is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Forge {
    GitHub,
    GitLab,
    /// Also Forgejo and Codeberg.
    Gitea,
    /// Bitbucket Cloud.
    Bitbucket,
}

impl Forge {
    /// By the name of the host. A host that says nothing is none that is known.
    pub fn of_host(host: &str) -> Option<Self> {
        let host = host.to_ascii_lowercase();
        let names = [
            ("github", Self::GitHub),
            ("gitlab", Self::GitLab),
            ("gitea", Self::Gitea),
            ("forgejo", Self::Gitea),
            ("codeberg", Self::Gitea),
            ("bitbucket", Self::Bitbucket),
        ];
        names
            .into_iter()
            .find(|(name, _)| host.contains(name))
            .map(|(_, forge)| forge)
    }

    fn patterns(self) -> Patterns<'static> {
        let [issue, pull_request, commit, compare, tag] = match self {
            Self::GitHub => [
                "issues/{number}",
                "pull/{number}",
                "commit/{commit}",
                "compare/{old}...{new}",
                "releases/tag/{tag}",
            ],
            Self::GitLab => [
                "-/issues/{number}",
                "-/merge_requests/{number}",
                "-/commit/{commit}",
                "-/compare/{old}...{new}",
                "-/tags/{tag}",
            ],
            Self::Gitea => [
                "issues/{number}",
                "pulls/{number}",
                "commit/{commit}",
                "compare/{old}...{new}",
                "releases/tag/{tag}",
            ],
            Self::Bitbucket => [
                "issues/{number}",
                "pull-requests/{number}",
                "commits/{commit}",
                "branches/compare/{new}%0D{old}",
                "commits/tag/{tag}",
            ],
        };
        Patterns {
            issue: Some(issue),
            pull_request: Some(pull_request),
            commit: Some(commit),
            compare: Some(compare),
            tag: Some(tag),
            author: (self != Self::Bitbucket).then_some("{host}/{author}"),
        }
    }
}

/// Patterns of addresses. What stands in braces is filled in: `{number}` (or, for an issue, `{issue}`: the reference as it is
/// written), `{commit}`, `{old}`, `{new}`, `{tag}`, `{author}`; `{host}` and `{repository}` everywhere. One that does not
/// begin with a scheme or `{host}` stands below the repository.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Patterns<'a> {
    pub issue: Option<&'a str>,
    pub pull_request: Option<&'a str>,
    pub commit: Option<&'a str>,
    pub compare: Option<&'a str>,
    pub tag: Option<&'a str>,
    pub author: Option<&'a str>,
}

/// Links of one repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Links {
    /// `https://host:port`
    host: String,
    /// `owner/name`, with groups on GitLab.
    repository: String,
    forge: Option<Forge>,
    issue: Option<Pattern>,
    pull_request: Option<Pattern>,
    commit: Option<Pattern>,
    compare: Option<Pattern>,
    tag: Option<Pattern>,
    author: Option<Pattern>,
}

impl Links {
    /// Those of a remote's address; `None` where it names no host (a local path). `forge` says what the host does not.
    /// Without a forge that is known, only `own` patterns make links.
    pub fn new(remote: &str, forge: Option<Forge>, own: &Patterns) -> Option<Self> {
        let (host, repository) = parts(remote)?;
        let forge = forge.or_else(|| Forge::of_host(&host));
        let known = forge.map(Forge::patterns).unwrap_or_default();
        let pattern = |own: Option<&str>, known: Option<&str>| own.or(known).map(Pattern::new);
        Some(Self {
            issue: pattern(own.issue, known.issue),
            pull_request: pattern(own.pull_request, known.pull_request),
            commit: pattern(own.commit, known.commit),
            compare: pattern(own.compare, known.compare),
            tag: pattern(own.tag, known.tag),
            author: pattern(own.author, known.author),
            host,
            repository,
            forge,
        })
    }

    pub fn forge(&self) -> Option<Forge> {
        self.forge
    }

    /// `https://host/owner/name`
    pub fn repository(&self) -> String {
        format!("{}/{}", self.host, self.repository)
    }

    /// Of `#12`, `GH-12`, `!12` (a merge request), `owner/name#12`, or, with a pattern of one's own, `ABC-12`; `None` for
    /// what is no reference.
    pub fn reference(&self, text: &str, is_pull_request: bool) -> Option<String> {
        let (repository, number, is_pull) = match text.split_once(['#', '!']) {
            Some((repository, number)) => (
                repository,
                number,
                text[repository.len()..].starts_with('!'),
            ),
            None => ("", text.strip_prefix("GH-").unwrap_or(text), false),
        };
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let pattern = if is_pull || is_pull_request {
            self.pull_request.as_ref()
        } else {
            self.issue.as_ref()
        };
        let pattern = pattern.filter(|pattern| is_number || pattern.has(Slot::Issue))?;
        let is_name = repository
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_./".contains(&b));
        let repository = if repository.is_empty() {
            &self.repository
        } else {
            repository
        };
        is_name.then(|| {
            self.fill(
                pattern,
                repository,
                [(Slot::Number, number), (Slot::Issue, text)],
            )
        })
    }

    pub fn commit(&self, id: &str) -> Option<String> {
        self.filled(
            self.commit.as_ref(),
            [(Slot::Commit, id), (Slot::Commit, id)],
        )
    }

    /// What changed from one tag to another.
    pub fn compare(&self, old: &str, new: &str) -> Option<String> {
        self.filled(self.compare.as_ref(), [(Slot::Old, old), (Slot::New, new)])
    }

    pub fn tag(&self, name: &str) -> Option<String> {
        self.filled(self.tag.as_ref(), [(Slot::Tag, name), (Slot::Tag, name)])
    }

    /// By the name that they have on the forge.
    pub fn author(&self, handle: &str) -> Option<String> {
        self.filled(
            self.author.as_ref(),
            [(Slot::Author, handle), (Slot::Author, handle)],
        )
    }

    fn filled(&self, pattern: Option<&Pattern>, values: [(Slot, &str); 2]) -> Option<String> {
        pattern.map(|pattern| self.fill(pattern, &self.repository, values))
    }

    fn fill(&self, pattern: &Pattern, repository: &str, values: [(Slot, &str); 2]) -> String {
        let mut out = String::with_capacity(96);
        for piece in &pattern.0 {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Slot(Slot::Host) => out.push_str(&self.host),
                Piece::Slot(Slot::Repository) => out.push_str(repository),
                Piece::Slot(slot) => {
                    let value = values.iter().find(|(one, _)| one == slot);
                    push_encoded(&mut out, value.map_or("", |(_, value)| value));
                }
            }
        }
        out
    }
}

/// The name that a person has on a forge, from the address that it gives to those who hide theirs.
pub(super) fn handle(email: &str) -> Option<&str> {
    let (local, domain) = email.split_once('@')?;
    let hidden = domain.starts_with("users.noreply.") || domain.starts_with("noreply.");
    // GitHub: `123+name@`; GitLab: `123-name@`; Gitea: `name@`.
    let rest = local.trim_start_matches(|c: char| c.is_ascii_digit());
    let name = rest
        .strip_prefix(['+', '-'])
        .filter(|_| rest.len() < local.len())
        .unwrap_or(local);
    let fits = !name.is_empty()
        && name.len() <= 64
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_.[]".contains(&b));
    (hidden && fits).then_some(name)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slot {
    Host,
    Repository,
    Number,
    Issue,
    Commit,
    Old,
    New,
    Tag,
    Author,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Slot(Slot),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Pattern(Vec<Piece>);

impl Pattern {
    fn new(text: &str) -> Self {
        let mut pieces = Vec::new();
        if !text.contains("://") && !text.starts_with("{host}") {
            pieces.push(Piece::Slot(Slot::Host));
            pieces.push(Piece::Text("/".to_owned()));
            pieces.push(Piece::Slot(Slot::Repository));
            pieces.push(Piece::Text("/".to_owned()));
        }
        let mut rest = text.trim_start_matches('/');
        while let Some(open) = rest.find('{') {
            let slot = rest[open..].find('}').and_then(|end| {
                let slot = match &rest[open + 1..open + end] {
                    "host" => Slot::Host,
                    "repository" => Slot::Repository,
                    "number" => Slot::Number,
                    "issue" => Slot::Issue,
                    "commit" => Slot::Commit,
                    "old" => Slot::Old,
                    "new" => Slot::New,
                    "tag" => Slot::Tag,
                    "author" => Slot::Author,
                    _ => return None,
                };
                Some((slot, open + end + 1))
            });
            let end = slot.map_or(open + 1, |(_, end)| end);
            let before = if slot.is_some() { open } else { end };
            if before > 0 {
                pieces.push(Piece::Text(address(&rest[..before])));
            }
            pieces.extend(slot.map(|(slot, _)| Piece::Slot(slot)));
            rest = &rest[end..];
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(address(rest)));
        }
        Self(pieces)
    }

    fn has(&self, slot: Slot) -> bool {
        self.0.contains(&Piece::Slot(slot))
    }
}

/// A part of an address, without what could end it.
pub(super) fn address(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if c.is_ascii_graphic() && !"<>\"()[]`\\{}|^".contains(c) {
            out.push(c);
        } else {
            push_encoded(&mut out, c.encode_utf8(&mut [0; 4]));
        }
    }
    out
}

/// RFC 3986 section 2: what is neither unreserved nor one of the reserved signs that a path may hold is percent-encoded.
fn push_encoded(out: &mut String, text: &str) {
    let stays = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/@:+!$,;=".contains(&byte);
    if text.bytes().all(stays) {
        out.push_str(text);
        return;
    }
    for byte in text.bytes() {
        if stays(byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            for half in [byte >> 4, byte & 15] {
                out.push(char::from(b"0123456789ABCDEF"[usize::from(half)]));
            }
        }
    }
}

/// `https://host:port` and `owner/name` of a remote's address.
fn parts(remote: &str) -> Option<(String, String)> {
    let remote = remote.trim();
    let (scheme, rest) = match remote.split_once("://") {
        Some((scheme, rest)) => (scheme.strip_prefix("git+").unwrap_or(scheme), rest),
        // `git@host:owner/name`; one letter before the colon is a drive.
        None => {
            let (host, path) = remote.split_once(':')?;
            let is_host = host.len() > 1 && !host.contains(['/', '\\']);
            return is_host
                .then(|| joined("https", host, path.trim_start_matches('/'), false))
                .flatten();
        }
    };
    let (authority, path) = rest.split_once('/')?;
    match scheme {
        "https" | "http" => joined(scheme, authority, path, true),
        // The port of another protocol is not that of the web.
        "ssh" | "git" => joined("https", authority, path, false),
        _ => None,
    }
}

fn joined(scheme: &str, authority: &str, path: &str, keeps_port: bool) -> Option<(String, String)> {
    let host = authority.rsplit('@').next()?;
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !name.ends_with(':') && !port.contains(']') => (name, Some(port)),
        _ => (host, None),
    };
    // GitHub's and GitLab's ssh over the port of https.
    let name = match name {
        "ssh.github.com" => "github.com",
        "altssh.gitlab.com" => "gitlab.com",
        "altssh.bitbucket.org" => "bitbucket.org",
        other => other,
    };
    let fits = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-._[]:".contains(&b))
    };
    let port = port.filter(|_| keeps_port);
    if !fits(name)
        || port.is_some_and(|port| port.is_empty() || !port.bytes().all(|b| b.is_ascii_digit()))
    {
        return None;
    }
    let path = path
        .split(['?', '#'])
        .next()
        .unwrap_or_default()
        .trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    if path.is_empty() {
        return None;
    }
    let mut encoded = String::with_capacity(path.len());
    push_encoded(&mut encoded, path);
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    Some((
        format!("{scheme}://{}{port}", name.to_ascii_lowercase()),
        encoded,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(remote: &str) -> Links {
        Links::new(remote, None, &Patterns::default()).unwrap()
    }

    #[test]
    fn remotes_in_every_form_lead_to_the_same_place() {
        for (remote, base) in [
            ("https://github.com/o/r.git", "https://github.com/o/r"),
            ("https://github.com/o/r/", "https://github.com/o/r"),
            (
                "https://user:secret@GitHub.com/o/r.git",
                "https://github.com/o/r",
            ),
            ("git@github.com:o/r.git", "https://github.com/o/r"),
            ("github.com:o/r", "https://github.com/o/r"),
            ("ssh://git@github.com/o/r.git", "https://github.com/o/r"),
            (
                "ssh://git@ssh.github.com:443/o/r.git",
                "https://github.com/o/r",
            ),
            ("git+https://github.com/o/r.git", "https://github.com/o/r"),
            ("git://github.com/o/r.git", "https://github.com/o/r"),
            (
                "ssh://git@gitlab.example.org:2222/g/s/r.git",
                "https://gitlab.example.org/g/s/r",
            ),
            (
                "https://gitea.example.org:8443/o/r.git",
                "https://gitea.example.org:8443/o/r",
            ),
            ("http://localhost:3000/o/r", "http://localhost:3000/o/r"),
            ("https://h/o/r)](x", "https://h/o/r%29%5D%28x"),
        ] {
            assert_eq!(links(remote).repository(), base, "{remote}");
        }
        for remote in [
            "/srv/git/r.git",
            "../r",
            "C:\\r",
            "C:/r",
            "file:///srv/r.git",
            "https://h",
            "",
            "https:///r",
            "https://h:x/o/r",
            "https://a b/o/r",
        ] {
            assert_eq!(
                Links::new(remote, None, &Patterns::default()),
                None,
                "{remote}"
            );
        }
    }

    #[test]
    fn each_forge_has_its_paths() {
        for (remote, issue, pull, commit, compare, tag) in [
            (
                "git@github.com:o/r",
                "issues/1",
                "pull/1",
                "commit/abc",
                "compare/v1...v2",
                "releases/tag/v2",
            ),
            (
                "git@gitlab.com:o/r",
                "-/issues/1",
                "-/merge_requests/1",
                "-/commit/abc",
                "-/compare/v1...v2",
                "-/tags/v2",
            ),
            (
                "git@codeberg.org:o/r",
                "issues/1",
                "pulls/1",
                "commit/abc",
                "compare/v1...v2",
                "releases/tag/v2",
            ),
            (
                "git@bitbucket.org:o/r",
                "issues/1",
                "pull-requests/1",
                "commits/abc",
                "branches/compare/v2%0Dv1",
                "commits/tag/v2",
            ),
        ] {
            let links = links(remote);
            let at = |path: &str| Some(format!("{}/{path}", links.repository()));
            assert_eq!(links.reference("#1", false), at(issue));
            assert_eq!(links.reference("GH-1", false), at(issue));
            assert_eq!(links.reference("#1", true), at(pull));
            assert_eq!(links.reference("!1", false), at(pull));
            assert_eq!(links.commit("abc"), at(commit));
            assert_eq!(links.compare("v1", "v2"), at(compare));
            assert_eq!(links.tag("v2"), at(tag));
        }
        let github = links("git@github.com:o/r");
        assert_eq!(
            github.reference("a/b#7", false).as_deref(),
            Some("https://github.com/a/b/issues/7")
        );
        assert_eq!(
            github.author("someone").as_deref(),
            Some("https://github.com/someone")
        );
        assert_eq!(github.reference("ABC-12", false), None);
        assert_eq!(github.reference("a)](x#7", false), None);
        assert_eq!(
            github.tag("a b)](x)<").as_deref(),
            Some("https://github.com/o/r/releases/tag/a%20b%29%5D%28x%29%3C")
        );
    }

    #[test]
    fn patterns_of_ones_own_go_first() {
        let own = Patterns {
            issue: Some("https://jira.example.org/browse/{issue}"),
            tag: Some("tags/{tag}/{odd}"),
            ..Patterns::default()
        };
        let links = Links::new("git@git.example.org:o/r", None, &own).unwrap();
        assert_eq!(
            links.reference("ABC-12", false).as_deref(),
            Some("https://jira.example.org/browse/ABC-12")
        );
        assert_eq!(
            links.tag("v1").as_deref(),
            Some("https://git.example.org/o/r/tags/v1/%7Bodd%7D")
        );
        assert_eq!(links.commit("abc"), None);
        let gitea = Links::new(
            "git@git.example.org:o/r",
            Some(Forge::Gitea),
            &Patterns::default(),
        )
        .unwrap();
        assert_eq!(
            gitea.reference("#1", true).as_deref(),
            Some("https://git.example.org/o/r/pulls/1")
        );
    }

    #[test]
    fn hidden_addresses_tell_the_name_on_the_forge() {
        for (email, name) in [
            ("123+some-one@users.noreply.github.com", Some("some-one")),
            ("some-one@users.noreply.github.com", Some("some-one")),
            ("12-someone@users.noreply.gitlab.com", Some("someone")),
            ("someone@noreply.codeberg.org", Some("someone")),
            ("someone@example.org", None),
            ("a](b@users.noreply.github.com", None),
            ("", None),
        ] {
            assert_eq!(handle(email), name, "{email}");
        }
    }
}
