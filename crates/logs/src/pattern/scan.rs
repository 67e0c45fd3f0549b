//! Reads a pattern from left to right.

use crate::pattern::Invalid;
use crate::pattern::regexes::Expression;

/// Regular expressions of one pattern.
const REGEXES_MAX: usize = 2;

/// What is left to read.
#[derive(Debug)]
pub(super) struct Scan<'a> {
    rest: &'a str,
    regexes: usize,
}

impl<'a> Scan<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text, regexes: 0 }
    }

    /// The next character, which stays.
    pub(super) fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    /// The next character that is no space, which stays.
    pub(super) fn next_solid(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start();
        self.peek()
    }

    /// Takes `token` after spaces, if it is there.
    pub(super) fn eat(&mut self, token: &str) -> bool {
        let rest = self.rest.trim_start().strip_prefix(token);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// Takes `token` after spaces, or says what is there instead.
    pub(super) fn expect(&mut self, token: &str) -> Result<(), Invalid> {
        if self.eat(token) {
            return Ok(());
        }
        let found = self.next_solid().map_or_else(|| "its end".to_owned(), |c| format!("'{c}'"));
        Err(Invalid::new(format!("'{token}' expected instead of {found}")))
    }

    /// Takes a word after spaces: keywords end where letters end, in any case.
    pub(super) fn eat_word(&mut self, word: &str) -> bool {
        let text = self.rest.trim_start();
        let end = text.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(text.len());
        let found = text[..end].eq_ignore_ascii_case(word);
        if found {
            self.rest = &text[end..];
        }
        found
    }

    /// Takes characters as long as they are wanted.
    pub(super) fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !wanted(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    /// Takes a text in double quotes, if one begins here; `\"` and `\\` stand for the character.
    pub(super) fn quoted(&mut self) -> Result<Option<String>, Invalid> {
        let Some(body) = self.rest.strip_prefix('"') else { return Ok(None) };
        let mut text = String::new();
        let mut characters = body.char_indices();
        while let Some((at, c)) = characters.next() {
            match c {
                '"' => {
                    self.rest = &body[at + 1..];
                    return Ok(Some(text));
                }
                '\\' => text.extend(characters.next().map(|(_, c)| c)),
                _ => text.push(c),
            }
        }
        Err(Invalid::new("a quoted term has no end"))
    }

    /// Takes a regular expression between percent signs, if one begins here.
    pub(super) fn regex(&mut self) -> Result<Option<Expression>, Invalid> {
        let Some(body) = self.rest.strip_prefix('%') else { return Ok(None) };
        let (text, rest) =
            body.split_once('%').ok_or_else(|| Invalid::new("a regular expression has no end"))?;
        self.rest = rest;
        self.regexes += 1;
        if self.regexes > REGEXES_MAX {
            return Err(Invalid::new(format!("more than {REGEXES_MAX} regular expressions")));
        }
        Expression::parse(text).map(Some)
    }
}
