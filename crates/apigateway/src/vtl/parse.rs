//! From a template's text to its pieces.

use super::{Node, Reference, Step, Template};

/// Levels of blocks and expressions.
pub(super) const DEPTH_MAX: usize = 64;

pub(super) struct Parser<'t> {
    pub(super) text: &'t str,
    pub(super) at: usize,
    pub(super) depth: usize,
}

/// What ended a block.
enum End {
    Text,
    Closed,
    Else,
    ElseIf,
}

impl Template {
    /// Reads a template. The message of a failure names the place.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut parser = Parser { text, at: 0, depth: 0 };
        match parser.block(true)? {
            (nodes, End::Text) => Ok(Self { nodes }),
            _ => Err(parser.wrong("`#end` or `#else` without a beginning")),
        }
    }
}

impl<'t> Parser<'t> {
    pub(super) fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    pub(super) fn wrong(&self, what: &str) -> String {
        let line = self.text[..self.at].matches('\n').count() + 1;
        format!("{what} (line {line})")
    }

    pub(super) fn eat(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    pub(super) fn blanks(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    pub(super) fn expect(&mut self, token: &str) -> Result<(), String> {
        self.blanks();
        if self.eat(token) { Ok(()) } else { Err(self.wrong(&format!("`{token}` is missing"))) }
    }

    pub(super) fn deeper(&mut self) -> Result<(), String> {
        self.depth += 1;
        if self.depth > DEPTH_MAX { Err(self.wrong("the template is nested too deeply")) } else { Ok(()) }
    }

    /// Pieces up to the end of the text or of the block.
    fn block(&mut self, outermost: bool) -> Result<(Vec<Node>, End), String> {
        self.deeper()?;
        let mut nodes = Vec::new();
        let mut plain = String::new();
        loop {
            let rest = self.rest();
            let Some(next) = rest.find(['$', '#', '\\']) else {
                plain.push_str(rest);
                self.at = self.text.len();
                flush(&mut nodes, &mut plain);
                self.depth -= 1;
                return if outermost { Ok((nodes, End::Text)) } else { Err(self.wrong("`#end` is missing")) };
            };
            plain.push_str(&rest[..next]);
            self.at += next;
            if self.eat("\\") {
                // A backslash keeps what follows from being read.
                match self.rest().chars().next() {
                    Some(sign @ ('$' | '#')) => {
                        plain.push(sign);
                        self.at += 1;
                    }
                    _ => plain.push('\\'),
                }
            } else if self.rest().starts_with('$') {
                match self.reference()? {
                    Some(reference) => {
                        flush(&mut nodes, &mut plain);
                        nodes.push(Node::Reference(reference));
                    }
                    None => {
                        plain.push('$');
                        self.at += 1;
                    }
                }
            } else if let Some(end) = self.directive(&mut nodes, &mut plain)? {
                flush(&mut nodes, &mut plain);
                self.depth -= 1;
                return Ok((nodes, end));
            }
        }
    }

    /// What stands at `#`.
    fn directive(&mut self, nodes: &mut Vec<Node>, plain: &mut String) -> Result<Option<End>, String> {
        if self.comment(plain) {
            return Ok(None);
        }
        let begin = self.at;
        let rest = &self.rest()[1..];
        let braced = rest.starts_with('{');
        let name_text = rest.strip_prefix('{').unwrap_or(rest);
        let length = name_text.bytes().take_while(u8::is_ascii_alphabetic).count();
        let name = &name_text[..length];
        let closes = !braced || name_text[length..].starts_with('}');
        let known = ["set", "if", "elseif", "else", "end", "foreach", "return", "break", "stop"];
        if !known.contains(&name) || !closes {
            plain.push('#');
            self.at += 1;
            return Ok(None);
        }
        self.at += 1 + length + if braced { 2 } else { 0 };
        let alone = self.begins_line(begin);
        let end = match name {
            "end" => Some(End::Closed),
            "else" => Some(End::Else),
            "elseif" => Some(End::ElseIf),
            _ => None,
        };
        if let Some(end) = end {
            trim_line(plain, alone && (matches!(end, End::ElseIf) || self.ends_line()));
            if !matches!(end, End::ElseIf) {
                self.gobble(alone);
            }
            return Ok(Some(end));
        }
        let mut before = std::mem::take(plain);
        let node = self.statement(name)?;
        // A block's own ends have eaten their line.
        let is_block = matches!(node, Node::If(..) | Node::Foreach(..));
        trim_line(&mut before, alone && (is_block || self.ends_line()));
        if !is_block {
            self.gobble(alone);
        }
        flush(nodes, &mut before);
        nodes.push(node);
        Ok(None)
    }

    fn statement(&mut self, name: &str) -> Result<Node, String> {
        match name {
            "set" => {
                self.expect("(")?;
                self.blanks();
                let target = self.reference()?.ok_or_else(|| self.wrong("`#set` needs a reference"))?;
                self.expect("=")?;
                let value = self.expression()?;
                self.expect(")")?;
                Ok(Node::Set(target, value))
            }
            "if" => self.condition(),
            "foreach" => {
                self.expect("(")?;
                self.blanks();
                let item = self.reference()?.ok_or_else(|| self.wrong("`#foreach` needs a reference"))?;
                self.expect("in")?;
                let all = self.expression()?;
                self.expect(")")?;
                self.open_line();
                match self.block(false)? {
                    (body, End::Closed) => Ok(Node::Foreach(item.name, all, body)),
                    _ => Err(self.wrong("`#else` in `#foreach`")),
                }
            }
            "return" => {
                if !self.rest().starts_with('(') {
                    return Ok(Node::Return(None));
                }
                self.expect("(")?;
                let value = self.expression()?;
                self.expect(")")?;
                Ok(Node::Return(Some(value)))
            }
            "break" => Ok(Node::Break),
            _ => Ok(Node::Stop),
        }
    }

    fn condition(&mut self) -> Result<Node, String> {
        let mut branches = Vec::new();
        loop {
            self.expect("(")?;
            let condition = self.expression()?;
            self.expect(")")?;
            self.open_line();
            let (body, end) = self.block(false)?;
            branches.push((condition, body));
            match end {
                End::ElseIf => {}
                End::Else => match self.block(false)? {
                    (rest, End::Closed) => return Ok(Node::If(branches, rest)),
                    _ => return Err(self.wrong("`#else` after `#else`")),
                },
                _ => return Ok(Node::If(branches, Vec::new())),
            }
        }
    }

    /// Takes comments and unparsed text; false where there are none.
    fn comment(&mut self, plain: &mut String) -> bool {
        let rest = self.rest();
        let end_of = |from: &str, end: &str| rest.find(end).map_or(from.len(), |at| at + end.len());
        if rest.starts_with("##") {
            self.at += rest.find('\n').map_or(rest.len(), |at| at + 1);
        } else if rest.starts_with("#*") {
            self.at += end_of(rest, "*#");
        } else if let Some(raw) = rest.strip_prefix("#[[") {
            let end = raw.find("]]#").unwrap_or(raw.len());
            plain.push_str(&raw[..end]);
            self.at += (3 + end + 3).min(rest.len());
        } else {
            return false;
        }
        true
    }

    /// Whether only blanks stand before a place on its line.
    fn begins_line(&self, at: usize) -> bool {
        let line = self.text[..at].rsplit('\n').next().unwrap_or_default();
        line.trim().is_empty()
    }

    fn ends_line(&self) -> bool {
        self.rest().split('\n').next().unwrap_or_default().trim().is_empty()
    }

    /// Drops the rest of the line where a directive has it for itself.
    fn gobble(&mut self, alone: bool) {
        if alone && self.ends_line() {
            self.at += self.rest().find('\n').map_or(self.rest().len(), |at| at + 1);
        }
    }

    /// After a directive that opens a block: the line break belongs to it.
    fn open_line(&mut self) {
        self.gobble(true);
    }

    /// `$name`, `$!name`, `${name}` with what follows; none where `$` stands for itself.
    pub(super) fn reference(&mut self) -> Result<Option<Reference>, String> {
        let begin = self.at;
        if !self.eat("$") {
            return Ok(None);
        }
        let quiet = self.eat("!");
        let formal = self.eat("{");
        let name = self.name();
        if name.is_empty() {
            self.at = begin;
            return Ok(None);
        }
        let mut steps = Vec::new();
        loop {
            if self.rest().starts_with('.') {
                let dot = self.at;
                self.at += 1;
                let property = self.name();
                if property.is_empty() {
                    self.at = dot;
                    break;
                }
                steps.push(if self.rest().starts_with('(') {
                    Step::Method(property, self.arguments()?)
                } else {
                    Step::Property(property)
                });
            } else if self.rest().starts_with('[') {
                let bracket = self.at;
                self.at += 1;
                let Ok(index) = self.expression() else {
                    // In plain text a bracket may follow a reference.
                    self.at = bracket;
                    break;
                };
                self.blanks();
                if !self.eat("]") {
                    self.at = bracket;
                    break;
                }
                steps.push(Step::Index(index));
            } else {
                break;
            }
        }
        if formal && !self.eat("}") {
            return Err(self.wrong("`}` is missing"));
        }
        Ok(Some(Reference { source: self.text[begin..self.at].to_owned(), quiet, name, steps }))
    }

    fn arguments(&mut self) -> Result<Vec<super::Expr>, String> {
        self.expect("(")?;
        let mut arguments = Vec::new();
        self.blanks();
        if self.eat(")") {
            return Ok(arguments);
        }
        loop {
            arguments.push(self.expression()?);
            self.blanks();
            if self.eat(")") {
                return Ok(arguments);
            }
            self.expect(",")?;
        }
    }

    fn name(&mut self) -> String {
        let rest = self.rest();
        let begins = rest.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
        if !begins {
            return String::new();
        }
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        let length = rest.bytes().take_while(is_part).count();
        // A hyphen at the end is the text's.
        let name = rest[..length].trim_end_matches('-');
        self.at += name.len();
        name.to_owned()
    }
}

fn flush(nodes: &mut Vec<Node>, plain: &mut String) {
    if !plain.is_empty() {
        nodes.push(Node::Text(std::mem::take(plain)));
    }
}

/// Takes the blanks at the end of the last line away.
fn trim_line(plain: &mut String, alone: bool) {
    if alone {
        let keep = plain.trim_end_matches([' ', '\t']).len();
        plain.truncate(keep);
    }
}
