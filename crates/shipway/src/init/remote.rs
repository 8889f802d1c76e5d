//! What git's names tell: where releases are published, and how tags are written.

/// A repository on GitHub, or on a server of the same kind.
#[derive(Debug, PartialEq, Eq)]
pub struct Forge {
    /// `owner/name`
    pub repository: String,
    /// The API's address, where it is not that of github.com.
    pub api: Option<String>,
}

/// `https://github.com/owner/name.git`, `git@github.com:owner/name.git`, `ssh://git@github.com/owner/name`.
pub fn forge(url: &str) -> Option<Forge> {
    let (host, path) = match url.split_once("://") {
        Some((_, rest)) => rest.split_once('/')?,
        None => url.split_once(':')?,
    };
    let host = host.rsplit('@').next()?;
    let host = host.split(':').next()?.to_lowercase();
    let path = path.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    let (owner, name) = path.split_once('/')?;
    if name.contains('/') || owner.is_empty() || name.is_empty() {
        return None;
    }
    let api = if host == "github.com" {
        None
    } else if host.starts_with("github.") {
        Some(format!("https://{host}/api/v3"))
    } else {
        return None;
    };
    Some(Forge {
        repository: format!("{owner}/{name}"),
        api,
    })
}

/// The pattern that most tags of versions follow: what stands before the version is what counts.
pub fn tag_pattern(tags: &[String]) -> Option<String> {
    let mut prefixes: Vec<(&str, usize)> = Vec::new();
    for tag in tags {
        let Some(digits) = tag.find(|c: char| c.is_ascii_digit()) else {
            continue;
        };
        let (prefix, version) = tag.split_at(digits);
        if version.parse::<pep440_rs::Version>().is_err() && !looks_like_semver(version) {
            continue;
        }
        match prefixes.iter_mut().find(|(known, _)| *known == prefix) {
            Some((_, count)) => *count += 1,
            None => prefixes.push((prefix, 1)),
        }
    }
    let most = prefixes.iter().map(|(_, count)| *count).max()?;
    let (prefix, _) = prefixes.iter().find(|(_, count)| *count == most)?;
    Some(format!("{prefix}{{version}}"))
}

fn looks_like_semver(text: &str) -> bool {
    let core = text.split(['-', '+']).next().unwrap_or_default();
    let parts: Vec<&str> = core.split('.').collect();
    parts.len() == 3 && parts.iter().all(|part| part.parse::<u64>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_one_repository_are_one() {
        for url in [
            "https://github.com/loxilb-io/octavia.git",
            "https://github.com/loxilb-io/octavia/",
            "https://user@github.com/loxilb-io/octavia",
            "git@github.com:loxilb-io/octavia.git",
            "ssh://git@github.com:22/loxilb-io/octavia.git",
        ] {
            let forge = forge(url).unwrap();
            assert_eq!(
                (forge.repository.as_str(), forge.api),
                ("loxilb-io/octavia", None),
                "{url}"
            );
        }
        let enterprise = forge("https://github.example.org/a/b").unwrap();
        assert_eq!(
            enterprise.api.as_deref(),
            Some("https://github.example.org/api/v3")
        );
        for url in [
            "/srv/git/a.git",
            "https://git.example.org/a/b",
            "https://github.com/a",
            "file:///a/b",
            "C:/a/b",
        ] {
            assert_eq!(forge(url), None, "{url}");
        }
    }

    #[test]
    fn the_most_used_tag_style_wins() {
        let pattern = |tags: &[&str]| {
            let tags: Vec<String> = tags.iter().map(|tag| (*tag).to_owned()).collect();
            tag_pattern(&tags)
        };
        assert_eq!(
            pattern(&["v1.0.0", "v1.1.0rc1", "0.9"]).as_deref(),
            Some("v{version}")
        );
        assert_eq!(
            pattern(&["1.0.0", "1.0.1", "v0.1", "nightly"]).as_deref(),
            Some("{version}")
        );
        assert_eq!(
            pattern(&["release-1.0.0-rc.1"]).as_deref(),
            Some("release-{version}")
        );
        assert_eq!(pattern(&["nightly", "2"]).as_deref(), Some("{version}"));
        assert_eq!(pattern(&[]), None);
        assert_eq!(pattern(&["nightly"]), None);
    }
}
