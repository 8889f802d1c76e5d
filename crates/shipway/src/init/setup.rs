//! `setup.cfg` and `setup.py`, read as text: the first is an INI file, the second is never run.

use std::collections::BTreeMap;

/// Sections and keys of an INI file; a value of several lines keeps its line breaks.
pub struct Ini(BTreeMap<(String, String), String>);

impl Ini {
    pub fn read(text: &str) -> Self {
        let mut found = BTreeMap::new();
        let mut section = String::new();
        let mut open: Option<(String, String)> = None;
        for line in text.lines() {
            let plain = line.trim();
            if plain.is_empty() || plain.starts_with(['#', ';']) {
                continue;
            }
            if line.starts_with(char::is_whitespace) {
                if let Some(value) = open.as_ref().and_then(|key| found.get_mut(key)) {
                    let value: &mut String = value;
                    value.push('\n');
                    value.push_str(plain);
                }
            } else if let Some(name) = plain
                .strip_prefix('[')
                .and_then(|rest| rest.strip_suffix(']'))
            {
                name.clone_into(&mut section);
                open = None;
            } else if let Some((key, value)) = plain.split_once(['=', ':']) {
                let key = (section.clone(), key.trim().replace('-', "_").to_lowercase());
                found.insert(key.clone(), value.trim().to_owned());
                open = Some(key);
            }
        }
        Self(found)
    }

    pub fn get(&self, section: &str, key: &str) -> Option<&str> {
        let value = self.0.get(&(section.to_owned(), key.to_owned()))?;
        (!value.is_empty()).then_some(value.as_str())
    }

    pub fn has_section(&self, section: &str) -> bool {
        self.0.keys().any(|(name, _)| name == section)
    }
}

/// The text that is assigned to a name: `version = "1.0"`, `version="1.0",`, `__version__: str = '1.0'`.
pub fn assigned<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let word = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    text.match_indices(name).find_map(|(at, _)| {
        let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
        if text[..at].ends_with(word) || text[line..at].contains('#') {
            return None;
        }
        let rest = text[at + name.len()..].trim_start_matches([' ', '\t']);
        let rest = match rest.strip_prefix(':') {
            Some(annotated) => &annotated[annotated.find(['=', '\n'])?..],
            None => rest,
        };
        let value = rest.strip_prefix('=')?.trim_start_matches([' ', '\t']);
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let value = &value[1..];
        let end = value.find([quote, '\n'])?;
        (value[end..].starts_with(quote) && end > 0).then_some(&value[..end])
    })
}

/// The texts in quotes of the list that follows a name: `console_scripts=["a = b:c"]`.
pub fn listed(text: &str, name: &str) -> Vec<String> {
    let after = text
        .split_once(name)
        .and_then(|(_, rest)| rest.split_once('['));
    // The list must belong to the name: nothing but quotes, `:`, `=` and white space between them.
    let Some((_, list)) = after.filter(|(between, _)| {
        between
            .chars()
            .all(|c| c.is_whitespace() || "'\":=".contains(c))
    }) else {
        return Vec::new();
    };
    let body = list.split(']').next().unwrap_or_default();
    let mut found = Vec::new();
    let mut rest = body;
    while let Some(start) = rest.find(['"', '\'']) {
        let quote = if rest[start..].starts_with('"') {
            '"'
        } else {
            '\''
        };
        let Some(end) = rest[start + 1..].find(quote) else {
            break;
        };
        found.push(rest[start + 1..start + 1 + end].to_owned());
        rest = &rest[start + end + 2..];
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_several_lines_belong_to_their_key() {
        let ini = Ini::read(
            "[metadata]\nname = a\n# b\nclassifiers =\n    X\n    Y\n\n[options]\npython-requires: >=3.8\n",
        );
        assert_eq!(ini.get("metadata", "name"), Some("a"));
        assert_eq!(ini.get("metadata", "classifiers"), Some("\nX\nY"));
        assert_eq!(ini.get("options", "python_requires"), Some(">=3.8"));
        assert!(ini.has_section("options") && !ini.has_section("pbr"));
    }

    #[test]
    fn only_text_that_is_assigned_counts() {
        assert_eq!(
            assigned("__version__: str = '1.0'\n", "__version__"),
            Some("1.0")
        );
        assert_eq!(
            assigned("setup(\n  version=\"1.0\",", "version"),
            Some("1.0")
        );
        assert_eq!(
            assigned("py_version = '3'\nversion = \"2\"", "version"),
            Some("2")
        );
        for text in [
            "version = read()",
            "# version = '1'",
            "x.version = '1'",
            "version = '1",
            "version = ''",
            "version",
        ] {
            assert_eq!(assigned(text, "version"), None, "{text}");
        }
    }

    #[test]
    fn lists_end_where_they_end() {
        let text = "entry_points={'console_scripts': ['a=b:c', \"d = e:f\"], 'x': ['y']}";
        assert_eq!(listed(text, "console_scripts"), ["a=b:c", "d = e:f"]);
        assert!(listed("packages=find(), x=['a']", "packages").is_empty());
    }
}
