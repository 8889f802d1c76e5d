//! From a list of commands to blocks: what stands between `if` and `endif`, `foreach` and `endforeach`.
//!
//! Invariants: every command is in exactly one block; nesting is bounded by [`DEEPEST`]; blocks that are not closed end with
//! the file, and that is said.

use super::lex::{Command, Fault};

/// Blocks in blocks: what lies deeper is left out, and that is said.
const DEEPEST: usize = 64;

#[derive(Debug)]
pub(crate) enum Node<'a> {
    Command(&'a Command),
    /// The branches in order: `if`, `elseif` …, and last `else`, which has no command.
    If(Vec<(Option<&'a Command>, Vec<Node<'a>>)>),
    Foreach(&'a Command, Vec<Node<'a>>),
    /// The body of a function, macro or `while`: it runs who knows how often, or never.
    Deferred(Vec<Node<'a>>),
}

/// Puts commands into blocks.
pub(crate) fn tree<'a>(commands: &'a [Command], faults: &mut Vec<Fault>) -> Vec<Node<'a>> {
    let mut reader = Reader {
        commands,
        at: 0,
        faults,
    };
    let mut nodes = Vec::new();
    while reader.at < commands.len() {
        reader.block(&mut nodes, &[], 0);
        if let Some(stray) = commands.get(reader.at) {
            reader.fault(stray.line, "the end of a block that was not begun");
            reader.at += 1;
        }
    }
    nodes
}

struct Reader<'a, 'f> {
    commands: &'a [Command],
    at: usize,
    faults: &'f mut Vec<Fault>,
}

impl<'a> Reader<'a, '_> {
    fn fault(&mut self, line: u32, what: &'static str) {
        if self.faults.len() < 100 {
            self.faults.push(Fault { line, what });
        }
    }

    /// Reads up to one of `ends`, which is left standing, or to any end of a block or of the file.
    fn block(&mut self, nodes: &mut Vec<Node<'a>>, ends: &[&str], depth: usize) {
        while let Some(command) = self.commands.get(self.at) {
            let name = command.name.as_str();
            if ends.contains(&name) || name.starts_with("end") || matches!(name, "else" | "elseif")
            {
                return;
            }
            self.at += 1;
            if depth >= DEEPEST && matches!(name, "if" | "foreach" | "while" | "function" | "macro")
            {
                self.fault(command.line, "blocks nested too deep to be followed");
                self.at = self.commands.len();
                return;
            }
            match name {
                "if" => {
                    let branches = self.branches(command, depth);
                    nodes.push(Node::If(branches));
                }
                "foreach" => {
                    let body = self.body(command, "endforeach", depth);
                    nodes.push(Node::Foreach(command, body));
                }
                "while" | "function" | "macro" => {
                    let end = match name {
                        "while" => "endwhile",
                        "function" => "endfunction",
                        _ => "endmacro",
                    };
                    let body = self.body(command, end, depth);
                    nodes.push(Node::Deferred(body));
                }
                _ => nodes.push(Node::Command(command)),
            }
        }
    }

    fn body(&mut self, begin: &Command, end: &str, depth: usize) -> Vec<Node<'a>> {
        let mut body = Vec::new();
        self.block(&mut body, &[end], depth + 1);
        self.close(begin, end);
        body
    }

    fn close(&mut self, begin: &Command, end: &str) {
        match self.commands.get(self.at) {
            Some(found) if found.name == end => self.at += 1,
            _ => self.fault(begin.line, "a block that is never ended"),
        }
    }

    fn branches(
        &mut self,
        begin: &'a Command,
        depth: usize,
    ) -> Vec<(Option<&'a Command>, Vec<Node<'a>>)> {
        let mut branches = Vec::new();
        let mut condition = Some(begin);
        loop {
            let mut body = Vec::new();
            self.block(&mut body, &["elseif", "else", "endif"], depth + 1);
            branches.push((condition, body));
            match self.commands.get(self.at) {
                Some(next) if next.name == "elseif" => condition = Some(next),
                Some(next) if next.name == "else" => condition = None,
                _ => {
                    self.close(begin, "endif");
                    return branches;
                }
            }
            self.at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::lex::lex;
    use super::*;

    fn shape(source: &str) -> (String, usize) {
        fn write(nodes: &[Node<'_>], out: &mut String) {
            for node in nodes {
                match node {
                    Node::Command(command) => *out += &command.name,
                    Node::If(branches) => {
                        for (condition, body) in branches {
                            *out += if condition.is_some() { "<" } else { "<!" };
                            write(body, out);
                            *out += ">";
                        }
                    }
                    Node::Foreach(_, body) => {
                        *out += "[";
                        write(body, out);
                        *out += "]";
                    }
                    Node::Deferred(body) => {
                        *out += "{";
                        write(body, out);
                        *out += "}";
                    }
                }
            }
        }
        let lexed = lex(source.as_bytes());
        let (mut faults, mut out) = (Vec::new(), String::new());
        write(&tree(&lexed.commands, &mut faults), &mut out);
        (out, faults.len())
    }

    #[test]
    fn blocks_nest() {
        let source = "a() IF(x) b() elseif(y) if(z) c() endif() else() d() EndIf() foreach(i) e() endforeach() macro(m) f() endmacro() g()";
        assert_eq!(shape(source), ("a<b><<c>><!d>[e]{f}g".to_owned(), 0));
    }

    #[test]
    fn a_block_without_end_and_an_end_without_block_are_said() {
        assert_eq!(shape("if(x) a()"), ("<a>".to_owned(), 1));
        assert_eq!(shape("a() endif() b()"), ("ab".to_owned(), 1));
        let deep = "if(x) ".repeat(100_000);
        assert!(shape(&deep).1 > 0);
    }
}
