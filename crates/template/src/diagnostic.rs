//! What is wrong with an input, where, and how to mend it.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// One thing that is wrong with an input.
///
/// Printed, it names file, line and column, shows the line, and says how to mend it:
///
/// ```text
/// weft.toml:3:10: `memory` must be from 32 to 1048576, not 3
///   3 | memory = 3
///     |          ^
///   help: memory is in MiB
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The file, relative to what was given.
    pub file: String,
    /// The file's text; empty where the problem is not in a text.
    pub text: Arc<str>,
    /// Which bytes of the text are meant; `None` where the problem has no place in it.
    pub span: Option<Range<usize>>,
    /// What is wrong: a lowercase fragment.
    pub message: String,
    /// How to mend it.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A problem that has no place in a text.
    pub fn of_file(file: impl Into<String>, message: impl Into<String>) -> Self {
        Self { file: file.into(), text: Arc::from(""), span: None, message: message.into(), help: None }
    }

    /// Adds how to mend it.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The line and the column, both from 1, the column in characters.
    pub fn position(&self) -> Option<(usize, usize)> {
        let start = self.text.floor_char_boundary(self.span.as_ref()?.start.min(self.text.len()));
        let before = &self.text[..start];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Some((before.matches('\n').count() + 1, before[line_start..].chars().count() + 1))
    }

    /// The line's text and how many characters of it are meant.
    fn snippet(&self) -> Option<(&str, usize)> {
        let span = self.span.as_ref()?;
        let start = self.text.floor_char_boundary(span.start.min(self.text.len()));
        let line_start = self.text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = self.text[start..].find('\n').map_or(self.text.len(), |at| start + at);
        let end = self.text.floor_char_boundary(span.end.clamp(start, line_end));
        Some((
            self.text[line_start..line_end].trim_end_matches('\r'),
            self.text[start..end].chars().count().max(1),
        ))
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.position(), self.snippet()) {
            (Some((line, column)), Some((text, width))) => {
                let number = line.to_string();
                let margin = " ".repeat(number.len());
                writeln!(f, "{}:{line}:{column}: {}", self.file, self.message)?;
                writeln!(f, "  {number} | {text}")?;
                write!(f, "  {margin} | {}{}", " ".repeat(column - 1), "^".repeat(width))?;
            }
            _ => write!(f, "{}: {}", self.file, self.message)?,
        }
        match &self.help {
            Some(help) => write!(f, "\n  help: {help}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Diagnostic {}
