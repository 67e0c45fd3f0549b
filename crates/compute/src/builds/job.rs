//! A build under way, or one that ended a moment ago.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use weft_types::{AccountId, Timestamp};

use crate::records::BuildKind;

/// Lines that are kept of a build.
const LINES_MAX: usize = 2000;
/// Characters that are kept of a line.
const LINE_LENGTH_MAX: usize = 500;

/// A build under way.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) id: String,
    pub(super) account: AccountId,
    pub(super) kind: BuildKind,
    pub(super) source: String,
    pub(super) interpreter: Option<String>,
    pub(super) interpreter_version: Option<String>,
    pub(super) created: Timestamp,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    running: bool,
    lines: VecDeque<(u64, String)>,
    next: u64,
    notes: Vec<String>,
    ended: Option<(Outcome, Timestamp)>,
}

/// How a build ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The code can be used.
    Succeeded {
        /// Bytes of all files.
        size_bytes: u64,
        /// What `CreateFunction` shows of the code.
        code_sha256: String,
    },
    /// It cannot.
    Failed(Failure),
}

/// Why a build failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// `InterpreterMissing`, `DependenciesFailed`, `SyntaxError`, `SourceInvalid`, `TooLarge`, `InternalFailure`.
    pub(crate) code: &'static str,
    /// What went wrong.
    pub(crate) message: String,
    /// The next step.
    pub(crate) help: Option<String>,
    /// The last lines of the program that failed.
    pub(crate) output: Vec<String>,
}

impl Failure {
    pub(super) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), help: None, output: Vec::new() }
    }

    pub(super) fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// A build, as it is now.
#[derive(Debug, Clone)]
pub(crate) struct News {
    pub(crate) id: String,
    pub(crate) kind: BuildKind,
    pub(crate) source: String,
    pub(crate) interpreter: Option<String>,
    pub(crate) interpreter_version: Option<String>,
    /// Whether it was finished before it was asked for.
    pub(crate) cached: bool,
    pub(crate) running: bool,
    pub(crate) notes: Vec<String>,
    pub(crate) created: Timestamp,
    pub(crate) finished: Option<Timestamp>,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) lines: Vec<(u64, String)>,
    /// What to ask for next time.
    pub(crate) next_after: u64,
}

/// What a job is made of.
#[derive(Debug, Clone)]
pub(super) struct Facts {
    pub(super) id: String,
    pub(super) account: AccountId,
    pub(super) kind: BuildKind,
    pub(super) source: String,
    pub(super) interpreter: Option<String>,
    pub(super) interpreter_version: Option<String>,
    pub(super) created: Timestamp,
}

impl Job {
    pub(super) fn new(facts: Facts) -> Self {
        let Facts { id, account, kind, source, interpreter, interpreter_version, created } = facts;
        let state = Mutex::default();
        Self { id, account, kind, source, interpreter, interpreter_version, created, state }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn begin(&self) {
        self.state().running = true;
    }

    /// Adds a line of progress.
    pub(super) fn line(&self, text: &str) {
        let mut state = self.state();
        state.next += 1;
        let entry = (state.next, text.chars().take(LINE_LENGTH_MAX).collect());
        state.lines.push_back(entry);
        if state.lines.len() > LINES_MAX {
            state.lines.pop_front();
        }
    }

    /// Adds something that the user should know.
    pub(super) fn note(&self, text: impl Into<String>) {
        self.state().notes.push(text.into());
    }

    pub(super) fn notes(&self) -> Vec<String> {
        self.state().notes.clone()
    }

    /// The last lines.
    pub(super) fn tail(&self, count: usize) -> Vec<String> {
        let state = self.state();
        let skip = state.lines.len().saturating_sub(count);
        state.lines.iter().skip(skip).map(|(_, text)| text.clone()).collect()
    }

    pub(super) fn end(&self, outcome: Outcome, now: Timestamp) {
        self.state().ended = Some((outcome, now));
    }

    pub(super) fn has_ended(&self) -> bool {
        self.state().ended.is_some()
    }

    pub(super) fn news(&self, after: u64) -> News {
        let state = self.state();
        let lines: Vec<_> = state.lines.iter().filter(|(number, _)| *number > after).cloned().collect();
        News {
            id: self.id.clone(),
            kind: self.kind,
            source: self.source.clone(),
            interpreter: self.interpreter.clone(),
            interpreter_version: self.interpreter_version.clone(),
            cached: false,
            running: state.running,
            notes: state.notes.clone(),
            created: self.created,
            finished: state.ended.as_ref().map(|(_, at)| *at),
            outcome: state.ended.as_ref().map(|(outcome, _)| outcome.clone()),
            next_after: lines.last().map_or(after, |(number, _)| *number),
            lines,
        }
    }
}
