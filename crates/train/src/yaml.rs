//! YAML as a tree that knows its lines.
//!
//! Invariants: anchors and aliases share a node, so that a small file stays small; merge keys (`<<`) are followed on looking
//! up, the map's own keys first; nesting is bounded by [`DEEPEST`].
//!
//! Must not: guess types: every scalar is its text.

use saphyr_parser::{Event, Parser, ScalarStyle};
use std::collections::HashMap;
use std::rc::Rc;

const DEEPEST: usize = 100;

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Yaml {
    pub kind: Kind,
    /// From 1.
    pub line: u32,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text(String),
    /// `~`, `null`, or nothing at all, without quotes.
    Null,
    List(Vec<Rc<Yaml>>),
    Map(Vec<(Rc<Yaml>, Rc<Yaml>)>),
}

/// Why a text is no YAML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Broken {
    pub line: u32,
    pub detail: String,
}

enum Open {
    List(Vec<Rc<Yaml>>),
    Map(Vec<(Rc<Yaml>, Rc<Yaml>)>, Option<Rc<Yaml>>),
}

impl Yaml {
    /// The first document of a text; an empty text is null.
    pub fn read(text: &str) -> Result<Rc<Self>, Broken> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut anchors: HashMap<usize, Rc<Self>> = HashMap::new();
        let mut stack: Vec<(Open, usize, u32)> = Vec::new();
        for event in Parser::new_from_str(text) {
            let (event, span) = event.map_err(|error| Broken {
                line: number(error.marker().line()),
                detail: error.info().to_owned(),
            })?;
            let line = number(span.start.line());
            let (node, anchor) = match event {
                Event::Scalar(text, style, anchor, _) => {
                    let plain = style == ScalarStyle::Plain;
                    let null = plain && matches!(&*text, "" | "~" | "null" | "Null" | "NULL");
                    let kind = if null {
                        Kind::Null
                    } else {
                        Kind::Text(text.into_owned())
                    };
                    (Rc::new(Self { kind, line }), anchor)
                }
                Event::Alias(anchor) => match anchors.get(&anchor) {
                    Some(node) => (Rc::clone(node), 0),
                    None => {
                        let detail = "an alias inside of what it stands for".to_owned();
                        return Err(Broken { line, detail });
                    }
                },
                Event::SequenceStart(anchor, _) => {
                    stack.push((Open::List(Vec::new()), anchor, line));
                    if stack.len() > DEEPEST {
                        return Err(Broken {
                            line,
                            detail: "nested too deep".to_owned(),
                        });
                    }
                    continue;
                }
                Event::MappingStart(anchor, _) => {
                    stack.push((Open::Map(Vec::new(), None), anchor, line));
                    if stack.len() > DEEPEST {
                        return Err(Broken {
                            line,
                            detail: "nested too deep".to_owned(),
                        });
                    }
                    continue;
                }
                Event::SequenceEnd | Event::MappingEnd => {
                    let Some((open, anchor, line)) = stack.pop() else {
                        continue;
                    };
                    let kind = match open {
                        Open::List(items) => Kind::List(items),
                        Open::Map(entries, _) => Kind::Map(entries),
                    };
                    (Rc::new(Self { kind, line }), anchor)
                }
                _ => continue,
            };
            if anchor != 0 {
                anchors.insert(anchor, Rc::clone(&node));
            }
            match stack.last_mut() {
                None => return Ok(node),
                Some((Open::List(items), ..)) => items.push(node),
                Some((Open::Map(entries, key), ..)) => match key.take() {
                    Some(key) => entries.push((key, node)),
                    None => *key = Some(node),
                },
            }
        }
        Ok(Rc::new(Self {
            kind: Kind::Null,
            line: 1,
        }))
    }

    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    pub fn list(&self) -> Option<&[Rc<Self>]> {
        match &self.kind {
            Kind::List(items) => Some(items),
            _ => None,
        }
    }

    pub fn map(&self) -> Option<&[(Rc<Self>, Rc<Self>)]> {
        match &self.kind {
            Kind::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// What a map has under a key, its own or merged in.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.get_within(key, 8)
    }

    fn get_within(&self, key: &str, depth: usize) -> Option<&Self> {
        let entries = self.map()?;
        let own = entries.iter().find(|(name, _)| name.text() == Some(key));
        if let Some((_, value)) = own {
            return Some(value);
        }
        let depth = depth.checked_sub(1)?;
        let merged = entries.iter().filter(|(name, _)| name.text() == Some("<<"));
        merged.into_iter().find_map(|(_, value)| match &value.kind {
            // Of several the first counts (yaml.org/type/merge).
            Kind::List(all) => all.iter().take(64).find_map(|it| it.get_within(key, depth)),
            _ => value.get_within(key, depth),
        })
    }

    /// What stands there, for messages.
    pub fn is(&self) -> &'static str {
        match self.kind {
            Kind::Text(_) => "a text",
            Kind::Null => "nothing",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a map",
        }
    }
}

fn number(line: usize) -> u32 {
    u32::try_from(line).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_knows_its_lines_and_follows_aliases_and_merges() {
        let text = "base: &base\n  version: v1.4.1\n  tools: x\njob:\n  <<: *base\n  tools: main\nlist: [*base, ~, '~']\nmany:\n  <<: [{a: 1}, *base]\n";
        let yaml = Yaml::read(text).unwrap();
        let job = yaml.get("job").unwrap();
        assert_eq!(job.get("version").unwrap().text(), Some("v1.4.1"));
        assert_eq!(job.get("version").unwrap().line, 2);
        assert_eq!(job.get("tools").unwrap().text(), Some("main"));
        assert_eq!(
            yaml.get("many").unwrap().get("tools").unwrap().text(),
            Some("x")
        );
        let list = yaml.get("list").unwrap().list().unwrap();
        assert_eq!((list[1].is(), list[2].is()), ("nothing", "a text"));
        assert_eq!(job.get("none"), None);
        assert_eq!(Yaml::read("").unwrap().is(), "nothing");
    }

    #[test]
    fn broken_texts_name_the_line() {
        assert_eq!(Yaml::read("a: b\nc: [d\n").unwrap_err().line, 3);
        assert!(Yaml::read("a: *b\n").is_err());
        assert!(Yaml::read("a: &a [*a]\n").is_err());
        let deep = "[".repeat(5_000);
        assert!(Yaml::read(&deep).is_err());
        let laughs: String = (1..40).fold("a0: &a0 [x]\n".to_owned(), |text, n| {
            text + &format!("a{n}: &a{n} [*a{0}, *a{0}, *a{0}]\n", n - 1)
        });
        assert!(Yaml::read(&laughs).is_ok());
    }
}
