//! GitHub's expressions, `${{ … }}`, as far as files can answer them.
//!
//! Invariants: a text has one value only if it has that value on every run; what depends on the run is open or has
//! alternatives. The work is bounded.
//!
//! Rules: GitHub Actions, "Evaluate expressions in workflows and actions".

const MOST_ALTERNATIVES: usize = 8;
const DEEPEST: usize = 16;

/// One thing that a text may be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Value {
    Text(String),
    /// Known only when it runs; why.
    Open(String),
}

impl Value {
    pub fn open(why: impl Into<String>) -> Vec<Self> {
        vec![Self::Open(why.into())]
    }

    pub fn text(text: impl Into<String>) -> Vec<Self> {
        vec![Self::Text(text.into())]
    }
}

/// Answers a context, as in `env.NAME`: the parts of its path.
pub(super) type Context<'a> = dyn FnMut(&[String], usize) -> Vec<Value> + 'a;

/// All that a text with expressions in it may be, sorted, without repetition.
pub(super) fn expand(text: &str, depth: usize, context: &mut Context<'_>) -> Vec<Value> {
    let mut out = Value::text("");
    let mut rest = text;
    while let Some(start) = rest.find("${{") {
        let Some(length) = rest[start..].find("}}") else {
            return Value::open("an expression that is never closed");
        };
        let inner = &rest[start + 3..start + length];
        let values = if depth >= DEEPEST {
            Value::open("expressions nested too deep")
        } else {
            evaluate(inner, depth, context)
        };
        out = product(&product(&out, &Value::text(&rest[..start])), &values);
        rest = &rest[start + length + 2..];
    }
    out = product(&out, &Value::text(rest));
    out.sort();
    out.dedup();
    out
}

fn product(left: &[Value], right: &[Value]) -> Vec<Value> {
    let mut out = Vec::new();
    for one in left {
        for other in right {
            out.push(match (one, other) {
                (Value::Text(one), Value::Text(other)) => Value::Text(format!("{one}{other}")),
                (open @ Value::Open(_), _) | (_, open @ Value::Open(_)) => open.clone(),
            });
        }
    }
    limit(out)
}

fn limit(mut values: Vec<Value>) -> Vec<Value> {
    values.sort();
    values.dedup();
    let longest = values
        .iter()
        .any(|it| matches!(it, Value::Text(text) if text.len() > 4096));
    if values.len() > MOST_ALTERNATIVES || longest {
        return Value::open("too many possible values");
    }
    values
}

fn evaluate(source: &str, depth: usize, context: &mut Context<'_>) -> Vec<Value> {
    let Some(tokens) = tokens(source) else {
        return Value::open(format!("{} is not understood", source.trim()));
    };
    let mut reader = Reader {
        tokens: &tokens,
        at: 0,
        depth,
        nested: 0,
        context,
    };
    let found = reader.or();
    if reader.at == tokens.len() {
        limit(found)
    } else {
        Value::open(format!("{} is not understood", source.trim()))
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Text(String),
    Name(String),
    Mark(&'static str),
}

fn tokens(source: &str) -> Option<Vec<Token>> {
    let marks = [
        "||", "&&", "==", "!=", "<=", ">=", "<", ">", "!", "(", ")", "[", "]", ".", ",", "*",
    ];
    let mut out = Vec::new();
    let mut rest = source.trim_start();
    while let Some(first) = rest.chars().next() {
        if out.len() > 500 {
            return None;
        }
        if first == '\'' {
            let mut text = String::new();
            let mut tail = &rest[1..];
            loop {
                let end = tail.find('\'')?;
                text.push_str(&tail[..end]);
                tail = &tail[end + 1..];
                match tail.strip_prefix('\'') {
                    // Two quotes are one.
                    Some(more) => {
                        text.push('\'');
                        tail = more;
                    }
                    None => break,
                }
            }
            out.push(Token::Text(text));
            rest = tail.trim_start();
            continue;
        }
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if word(first) {
            let number = first.is_ascii_digit() || first == '-';
            let of = |c: char| word(c) || (number && c == '.');
            let end = rest.find(|c| !of(c)).unwrap_or(rest.len());
            let text = rest[..end].to_owned();
            out.push(if number {
                Token::Text(text)
            } else {
                Token::Name(text)
            });
            rest = rest[end..].trim_start();
            continue;
        }
        let mark = marks.into_iter().find(|mark| rest.starts_with(mark))?;
        out.push(Token::Mark(mark));
        rest = rest[mark.len()..].trim_start();
    }
    Some(out)
}

struct Reader<'t, 'c, 'x> {
    tokens: &'t [Token],
    at: usize,
    depth: usize,
    nested: usize,
    context: &'c mut Context<'x>,
}

impl Reader<'_, '_, '_> {
    fn take(&mut self, mark: &str) -> bool {
        let found = matches!(self.tokens.get(self.at), Some(Token::Mark(it)) if *it == mark);
        self.at += usize::from(found);
        found
    }

    /// `a || b` is `a` where that is true, else `b`.
    fn or(&mut self) -> Vec<Value> {
        let mut found = self.and();
        while self.take("||") {
            let other = self.and();
            let mut out = Vec::new();
            for value in found {
                match truth(&value) {
                    Some(true) => out.push(value),
                    Some(false) => out.extend(other.iter().cloned()),
                    None => {
                        out.push(value);
                        out.extend(other.iter().cloned());
                    }
                }
            }
            found = limit(out);
        }
        found
    }

    /// `a && b` is `b` where `a` is true, else `a`.
    fn and(&mut self) -> Vec<Value> {
        let mut found = self.equal();
        while self.take("&&") {
            let other = self.equal();
            let mut out = Vec::new();
            for value in found {
                match truth(&value) {
                    Some(true) => out.extend(other.iter().cloned()),
                    Some(false) => out.push(value),
                    None => {
                        out.push(Value::Text("false".to_owned()));
                        out.extend(other.iter().cloned());
                    }
                }
            }
            found = limit(out);
        }
        found
    }

    fn equal(&mut self) -> Vec<Value> {
        let found = self.unary();
        for mark in ["==", "!=", "<=", ">=", "<", ">"] {
            if self.take(mark) {
                let other = self.unary();
                return match (found.as_slice(), other.as_slice()) {
                    // Texts are compared without case.
                    ([Value::Text(one)], [Value::Text(other)]) if matches!(mark, "==" | "!=") => {
                        let same = one.eq_ignore_ascii_case(other);
                        Value::text((same == (mark == "==")).to_string())
                    }
                    _ => Value::open("a comparison that depends on the run"),
                };
            }
        }
        found
    }

    fn unary(&mut self) -> Vec<Value> {
        let mut odd = false;
        while self.take("!") {
            odd = !odd;
        }
        let found = self.primary();
        if !odd {
            return found;
        }
        let not = |value: Value| match truth(&value) {
            Some(truth) => Value::Text((!truth).to_string()),
            None => value,
        };
        found.into_iter().map(not).collect()
    }

    fn primary(&mut self) -> Vec<Value> {
        self.nested += 1;
        let found = if self.nested > 64 {
            self.at = self.tokens.len();
            Value::open("parentheses nested too deep")
        } else {
            self.operand()
        };
        self.nested -= 1;
        found
    }

    fn operand(&mut self) -> Vec<Value> {
        if self.take("(") {
            let found = self.or();
            return if self.take(")") { found } else { self.stop() };
        }
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        let name = match token {
            Some(Token::Text(text)) => return Value::text(text),
            Some(Token::Name(name)) => name,
            _ => return self.stop(),
        };
        if matches!(name.as_str(), "true" | "false") {
            return Value::text(name);
        }
        if name == "null" {
            return Value::text("");
        }
        if self.take("(") {
            // What a function gives is not worked out; its arguments are passed over.
            let mut depth = 1_usize;
            while depth > 0 {
                match self.tokens.get(self.at) {
                    Some(Token::Mark("(")) => depth += 1,
                    Some(Token::Mark(")")) => depth -= 1,
                    Some(_) => {}
                    None => return self.stop(),
                }
                self.at += 1;
            }
            return Value::open(format!("{name}() is computed when it runs"));
        }
        let mut path = vec![name];
        loop {
            if self.take(".") {
                match self.tokens.get(self.at) {
                    Some(Token::Name(part)) => path.push(part.clone()),
                    _ => return self.stop(),
                }
                self.at += 1;
            } else if self.take("[") {
                match self.tokens.get(self.at) {
                    Some(Token::Text(part)) => path.push(part.clone()),
                    _ => return self.stop(),
                }
                self.at += 1;
                if !self.take("]") {
                    return self.stop();
                }
            } else {
                return (self.context)(&path, self.depth + 1);
            }
        }
    }

    fn stop(&mut self) -> Vec<Value> {
        self.at = usize::MAX;
        Value::open("an expression that is not understood")
    }
}

fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Text(text) => Some(!matches!(text.as_str(), "" | "false" | "0")),
        Value::Open(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expand_all(text: &str) -> Vec<String> {
        let mut context = |path: &[String], depth: usize| match path.join(".").as_str() {
            "env.V" => Value::text("v1.4.1"),
            "matrix.v" => vec![Value::Text("a".to_owned()), Value::Text("b".to_owned())],
            "env.LOOP" if depth < 100 => Value::text("again"),
            other => Value::open(other),
        };
        let show = |value| match value {
            Value::Text(text) => text,
            Value::Open(why) => format!("?{why}"),
        };
        expand(text, 0, &mut context)
            .into_iter()
            .map(show)
            .collect()
    }

    #[test]
    fn texts_with_and_without_expressions() {
        assert_eq!(expand_all("main"), ["main"]);
        assert_eq!(expand_all("${{ env.V }}"), ["v1.4.1"]);
        assert_eq!(
            expand_all("x-${{env['V']}}-${{ matrix.v }}"),
            ["x-v1.4.1-a", "x-v1.4.1-b"]
        );
        assert_eq!(expand_all("${{ 'it''s' }}"), ["it's"]);
        assert_eq!(
            expand_all("${{ env.V == 'V1.4.1' && 'yes' || 'no' }}"),
            ["yes"]
        );
        assert_eq!(expand_all("${{ (env.V != 'x') && !false }}"), ["true"]);
        assert_eq!(expand_all("${{ null || '' || 'c' }}"), ["c"]);
    }

    #[test]
    fn what_depends_on_the_run_is_open_or_has_alternatives() {
        assert_eq!(expand_all("${{ github.ref }}"), ["?github.ref"]);
        assert_eq!(
            expand_all("${{ github.ref == 'x' && 'a' || 'b' }}"),
            ["a", "b"]
        );
        assert_eq!(
            expand_all("${{ inputs.v || 'main' }}"),
            ["main", "?inputs.v"]
        );
        assert_eq!(
            expand_all("${{ format('{0}', env.V) }}"),
            ["?format() is computed when it runs"]
        );
        for broken in [
            "${{ env.V",
            "${{ ( }}",
            "${{ a. }}",
            "${{ env.V env.V }}",
            "${{ # }}",
            "${{ }}",
        ] {
            assert!(expand_all(broken)[0].starts_with('?'), "{broken}");
        }
        assert!(expand_all(&format!("${{{{ {} }}}}", "(".repeat(400)))[0].starts_with('?'));
    }
}
