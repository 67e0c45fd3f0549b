//! Plain terms: `term "quoted term" -excluded ?either ?or %regex%`.

use crate::pattern::Invalid;
use crate::pattern::regexes::Expression;
use crate::pattern::scan::Scan;

/// Terms by what they are for.
#[derive(Debug, Default, Clone)]
pub(super) struct Terms {
    /// All of them must occur.
    all: Vec<Term>,
    /// None of them may occur.
    none: Vec<Term>,
    /// One of them must occur; without effect beside the others, as AWS documents.
    any: Vec<Term>,
}

#[derive(Debug, Clone)]
enum Term {
    Text(String),
    Regex(Expression),
}

impl Term {
    fn parse(scan: &mut Scan<'_>) -> Result<Self, Invalid> {
        if let Some(text) = scan.quoted()? {
            return Ok(Self::Text(text));
        }
        if let Some(regex) = scan.regex()? {
            return Ok(Self::Regex(regex));
        }
        let term = scan.take_while(|c| !c.is_whitespace());
        if term.is_empty() || !term.chars().all(|c| c.is_alphanumeric() || c == '_') {
            return Err(Invalid::new(format!("invalid character(s) in term '{term}'")));
        }
        Ok(Self::Text(term.to_owned()))
    }

    fn is_in(&self, message: &str) -> bool {
        match self {
            Self::Text(text) => message.contains(text.as_str()),
            Self::Regex(regex) => regex.is_in(message),
        }
    }
}

impl Terms {
    pub(super) fn parse(scan: &mut Scan<'_>) -> Result<Self, Invalid> {
        let mut terms = Self::default();
        while scan.next_solid().is_some() {
            let list = if scan.eat("-") {
                &mut terms.none
            } else if scan.eat("?") {
                &mut terms.any
            } else {
                &mut terms.all
            };
            list.push(Term::parse(scan)?);
        }
        Ok(terms)
    }

    pub(super) fn matches(&self, message: &str) -> bool {
        if self.all.is_empty() && self.none.is_empty() {
            return self.any.iter().any(|term| term.is_in(message));
        }
        self.all.iter().all(|term| term.is_in(message)) && !self.none.iter().any(|term| term.is_in(message))
    }

    /// See [`super::Pattern::may_match`].
    pub(super) fn may_match(&self, may_have: &dyn Fn(&[u8]) -> bool) -> bool {
        let there = |term: &Term| match term {
            Term::Text(text) => may_have(text.as_bytes()),
            Term::Regex(regex) => regex.may_be_in(may_have),
        };
        if self.all.is_empty() && self.none.is_empty() {
            return self.any.iter().any(there);
        }
        self.all.iter().all(there)
    }
}
