//! Expressions, by precedence.

use super::parse::Parser;
use super::{Expr, Operator, Template};

/// Operators by precedence, the loosest first; longer spellings before those that they begin with.
const LEVELS: [&[(&str, Operator)]; 5] = [
    &[("||", Operator::Or), ("or ", Operator::Or)],
    &[("&&", Operator::And), ("and ", Operator::And)],
    &[
        ("==", Operator::Equal),
        ("eq ", Operator::Equal),
        ("!=", Operator::Unequal),
        ("ne ", Operator::Unequal),
        ("<=", Operator::LessEqual),
        ("le ", Operator::LessEqual),
        (">=", Operator::GreaterEqual),
        ("ge ", Operator::GreaterEqual),
        ("<", Operator::Less),
        ("lt ", Operator::Less),
        (">", Operator::Greater),
        ("gt ", Operator::Greater),
    ],
    &[("+", Operator::Add), ("-", Operator::Subtract)],
    &[("*", Operator::Multiply), ("/", Operator::Divide), ("%", Operator::Remainder)],
];

impl Parser<'_> {
    pub(super) fn expression(&mut self) -> Result<Expr, String> {
        self.deeper()?;
        let found = self.level(0);
        self.depth -= 1;
        found
    }

    fn level(&mut self, level: usize) -> Result<Expr, String> {
        let Some(operators) = LEVELS.get(level) else { return self.unary() };
        let mut left = self.level(level + 1)?;
        loop {
            self.blanks();
            let Some((_, operator)) = operators.iter().find(|(token, _)| self.eat(token)) else {
                return Ok(left);
            };
            let right = self.level(level + 1)?;
            left = Expr::Binary(Box::new(left), *operator, Box::new(right));
        }
    }

    fn unary(&mut self) -> Result<Expr, String> {
        self.blanks();
        if self.rest().starts_with('!') && !self.rest().starts_with("!=") {
            self.at += 1;
            self.deeper()?;
            let inner = self.unary()?;
            self.depth -= 1;
            return Ok(Expr::Not(Box::new(inner)));
        }
        if self.rest().starts_with("not ") {
            self.at += 4;
            self.deeper()?;
            let inner = self.unary()?;
            self.depth -= 1;
            return Ok(Expr::Not(Box::new(inner)));
        }
        self.primary()
    }

    fn primary(&mut self) -> Result<Expr, String> {
        self.blanks();
        let Some(first) = self.rest().chars().next() else {
            return Err(self.wrong("an expression is missing"));
        };
        match first {
            '$' => {
                let reference = self.reference()?.ok_or_else(|| self.wrong("a reference is missing"))?;
                Ok(Expr::Reference(reference))
            }
            '\'' | '"' => self.text(first),
            '(' => {
                self.at += 1;
                let inner = self.expression()?;
                self.expect(")")?;
                Ok(inner)
            }
            '[' => self.list(),
            '{' => self.map(),
            '-' => {
                self.at += 1;
                self.deeper()?;
                let inner = self.unary()?;
                self.depth -= 1;
                Ok(Expr::Negative(Box::new(inner)))
            }
            '0'..='9' => self.number(),
            _ => self.word(),
        }
    }

    fn word(&mut self) -> Result<Expr, String> {
        for (word, value) in [("true", Expr::Bool(true)), ("false", Expr::Bool(false)), ("null", Expr::Null)]
        {
            if self.eat(word) {
                return Ok(value);
            }
        }
        Err(self.wrong("an expression is missing"))
    }

    fn number(&mut self) -> Result<Expr, String> {
        let rest = self.rest();
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let fraction = rest[digits..].strip_prefix('.').filter(|rest| !rest.starts_with('.'));
        let decimals = fraction.map_or(0, |rest| rest.bytes().take_while(u8::is_ascii_digit).count());
        if decimals > 0 {
            let text = &rest[..=digits + decimals];
            self.at += text.len();
            return text.parse().map(Expr::Float).map_err(|_| self.wrong("a number is wrong"));
        }
        self.at += digits;
        rest[..digits].parse().map(Expr::Integer).map_err(|_| self.wrong("a number is too large"))
    }

    /// A text; in double quotes it may have references. A doubled quote stands for one.
    fn text(&mut self, quote: char) -> Result<Expr, String> {
        self.at += 1;
        let mut text = String::new();
        loop {
            let rest = self.rest();
            let Some(end) = rest.find(quote) else { return Err(self.wrong("a text does not end")) };
            text.push_str(&rest[..end]);
            self.at += end + 1;
            if self.rest().starts_with(quote) {
                text.push(quote);
                self.at += 1;
                continue;
            }
            break;
        }
        if quote == '\'' || !text.contains(['$', '#']) {
            return Ok(Expr::Text(text));
        }
        let Template { nodes } = Template::parse(&text)?;
        Ok(Expr::Mixed(nodes))
    }

    fn list(&mut self) -> Result<Expr, String> {
        self.at += 1;
        let mut items = Vec::new();
        self.blanks();
        if self.eat("]") {
            return Ok(Expr::List(items));
        }
        let first = self.expression()?;
        self.blanks();
        if self.eat("..") {
            let last = self.expression()?;
            self.expect("]")?;
            return Ok(Expr::Range(Box::new(first), Box::new(last)));
        }
        items.push(first);
        loop {
            self.blanks();
            if self.eat("]") {
                return Ok(Expr::List(items));
            }
            self.expect(",")?;
            items.push(self.expression()?);
        }
    }

    fn map(&mut self) -> Result<Expr, String> {
        self.at += 1;
        let mut entries = Vec::new();
        self.blanks();
        if self.eat("}") {
            return Ok(Expr::Map(entries));
        }
        loop {
            let key = self.expression()?;
            self.expect(":")?;
            entries.push((key, self.expression()?));
            self.blanks();
            if self.eat("}") {
                return Ok(Expr::Map(entries));
            }
            self.expect(",")?;
        }
    }
}
