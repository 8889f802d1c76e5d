//! "Did you mean": what somebody probably wanted to write.

/// Words of other tools, and ours for the same thing; the first that the table knows is meant.
const WORDS: &[(&str, &[&str])] = &[
    ("approval", &["approve"]),
    ("approvals", &["approve"]),
    ("approvers", &["who"]),
    ("assets", &["artifacts"]),
    ("bash", &["script"]),
    ("body", &["text"]),
    ("channel", &["by"]),
    ("cmd", &["run", "probe"]),
    ("command", &["run", "probe"]),
    ("commands", &["run"]),
    ("commit-msg", &["commit-message"]),
    ("count", &["quorum"]),
    ("cov", &["coverage"]),
    ("default-branch", &["branch"]),
    ("depends", &["pip"]),
    ("description", &["text"]),
    ("dist", &["artifacts"]),
    ("env", &["environment", "set"]),
    ("environ", &["environment"]),
    ("exec", &["run"]),
    ("expires", &["valid-for"]),
    ("fail-under", &["coverage", "need"]),
    ("file", &["path"]),
    ("filename", &["path"]),
    ("files", &["version-files", "artifacts"]),
    ("gate", &["check"]),
    ("gates", &["check"]),
    ("git-remote", &["remote"]),
    ("host", &["server"]),
    ("id", &["name"]),
    ("index-url", &["index"]),
    ("install", &["try"]),
    ("interpreters", &["python"]),
    ("kind", &["to", "by"]),
    ("lint", &["check"]),
    ("message", &["text", "commit-message"]),
    ("min-coverage", &["coverage", "need"]),
    ("module", &["import"]),
    ("notify", &["announce"]),
    ("output", &["artifacts"]),
    ("outputs", &["artifacts"]),
    ("package", &["project", "name"]),
    ("packages", &["project"]),
    ("passenv", &["pass"]),
    ("password", &["secret"]),
    ("publisher", &["publish"]),
    ("python-version", &["python"]),
    ("python-versions", &["python"]),
    ("registry", &["publish", "repository"]),
    ("repo", &["repository"]),
    ("repository-url", &["repository"]),
    ("required", &["quorum"]),
    ("retries", &["repeat"]),
    ("retry", &["repeat"]),
    ("reviewers", &["who"]),
    ("role", &["who"]),
    ("sender", &["from"]),
    ("setenv", &["set"]),
    ("settings", &["project"]),
    ("sh", &["script"]),
    ("shell", &["script"]),
    ("skip-missing-interpreters", &["missing-fails"]),
    ("smtp", &["server"]),
    ("tag-format", &["tag"]),
    ("tag-name", &["tag"]),
    ("tag-pattern", &["tag"]),
    ("tag-prefix", &["tag"]),
    ("target", &["publish", "to"]),
    ("targets", &["publish"]),
    ("test", &["check"]),
    ("tests", &["check"]),
    ("threshold", &["need"]),
    ("thresholds", &["need"]),
    ("timeout-minutes", &["timeout"]),
    ("title", &["name", "subject"]),
    ("to", &["recipients"]),
    ("todo", &["task"]),
    ("token", &["secret"]),
    ("trusted-publishing", &["trusted"]),
    ("type", &["to", "by", "scheme"]),
    ("upload", &["publish"]),
    ("url", &["repository", "server"]),
    ("user", &["who"]),
    ("variables", &["set"]),
    ("vars", &["set"]),
    ("version-file", &["version-files"]),
    ("version-scheme", &["scheme"]),
    ("versioning", &["scheme"]),
    ("webhook", &["url"]),
];

/// The known word that was probably meant.
pub fn closest<'k>(written: &str, known: &[&'k str]) -> Option<&'k str> {
    if written.len() > 64 {
        return None;
    }
    let word = kebab(written);
    let find = |wanted: &str| known.iter().find(|one| **one == wanted).copied();
    let same_meaning = || {
        let (_, ours) = WORDS.iter().find(|(theirs, _)| *theirs == word)?;
        ours.iter().find_map(|one| find(one))
    };
    let near = || {
        let distances = known
            .iter()
            .map(|one| (strsim::damerau_levenshtein(&word, one), *one));
        let (distance, one) = distances.min_by_key(|(distance, _)| *distance)?;
        (distance <= (word.chars().count() / 3).max(1)).then_some(one)
    };
    // `pipy`: the right letters, shuffled.
    let shuffled = || {
        known
            .iter()
            .find(|one| letters(one) == letters(&word))
            .copied()
    };
    find(&word)
        .or_else(same_meaning)
        .or_else(near)
        .or_else(shuffled)
}

fn letters(word: &str) -> Vec<char> {
    let mut letters: Vec<char> = word.chars().collect();
    letters.sort_unstable();
    letters
}

/// `version_files` and `versionFiles` as we write them.
fn kebab(written: &str) -> String {
    let mut out = String::new();
    for c in written.trim().chars() {
        match c {
            '_' | ' ' => out.push('-'),
            c if c.is_uppercase() => {
                if out
                    .chars()
                    .next_back()
                    .is_some_and(|last| last.is_ascii_lowercase())
                {
                    out.push('-');
                }
                out.extend(c.to_lowercase());
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_and_other_tools_words_are_understood() {
        let keys = ["name", "run", "version-files", "artifacts", "timeout"];
        for (written, meant) in [
            ("nmae", Some("name")),
            ("version_files", Some("version-files")),
            ("versionFiles", Some("version-files")),
            ("Timeout", Some("timeout")),
            ("command", Some("run")),
            ("outputs", Some("artifacts")),
            ("unr", Some("run")),
            ("stcafitra", Some("artifacts")),
            ("colour", None),
            ("x", None),
        ] {
            assert_eq!(closest(written, &keys), meant, "{written}");
        }
    }

    #[test]
    fn the_words_are_sorted_and_lead_somewhere() {
        assert!(WORDS.is_sorted_by(|a, b| a.0 < b.0));
        assert!(
            WORDS
                .iter()
                .all(|(theirs, ours)| !ours.is_empty() && !ours.contains(theirs))
        );
    }
}
