//! The text of `Fn::Sub`.

use super::TemplateError;

/// A piece of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// Stays as it is.
    Text(&'a str),
    /// `${!NAME}`: becomes `${NAME}`.
    Literal(&'a str),
    /// `${NAME}`.
    Variable(&'a str),
}

/// Takes a text apart.
pub(crate) fn pieces(text: &str) -> Result<Vec<Piece<'_>>, TemplateError> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let Some(length) = rest[at..].find('}') else { break };
        if at > 0 {
            pieces.push(Piece::Text(&rest[..at]));
        }
        let name = &rest[at + 2..at + length];
        pieces.push(match name.strip_prefix('!') {
            Some(literal) => Piece::Literal(literal),
            None => Piece::Variable(checked(name.trim())?),
        });
        rest = &rest[at + length + 1..];
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    Ok(pieces)
}

fn checked(name: &str) -> Result<&str, TemplateError> {
    let valid = |sign: char| sign.is_ascii_alphanumeric() || matches!(sign, '_' | '.' | ':');
    if !name.is_empty() && name.chars().all(valid) {
        return Ok(name);
    }
    Err(TemplateError::function(
        "variable names in Fn::Sub syntax must contain only alphanumeric characters, underscores, periods, and colons",
    ))
}
