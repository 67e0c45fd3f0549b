//! What a worker prints, line by line, to its log stream.

use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::unix::pipe::Receiver;
use tokio::time::{Instant, timeout_at};
use weft_service::Clock;
use weft_service::workload::{LogPlace, LogSink};
use weft_types::Timestamp;

use crate::platform::{Happening, Level};
use crate::printed::{Cutter, Printed};
use crate::telemetry::Telemetry;

/// What one look at a worker's output takes at most, so that a flood cannot hold up its own worker's answer.
const FLUSH_BYTES_MAX: usize = 1 << 20;
/// How long a begun line waits for its end. What was printed is to be durable within a second.
const BEGUN_MAX: Duration = Duration::from_millis(500);
/// Which of a program's pipes is its standard output.
const STDOUT: usize = 0;
/// What a caller who wants the end of the log gets.
const TAIL_BYTES: usize = 4096;
/// Lines that are kept for the message about a worker that does not start.
const RECENT_LINES: usize = 12;
/// What is kept of each of them.
const RECENT_LINE_BYTES: usize = 400;

/// The log of one worker. Its output is read by a task, and by whoever [flushes](Self::flush) it.
pub(crate) struct WorkerLog {
    sink: Arc<dyn LogSink>,
    clock: Arc<dyn Clock>,
    place: LogPlace,
    /// Who wants to know beside the log.
    pub(crate) telemetry: Arc<Telemetry>,
    /// Where the platform's lines are JSON: the least level of those that stand in the log.
    json: Option<Level>,
    state: Mutex<State>,
}

struct State {
    telemetry: Arc<Telemetry>,
    pipes: Vec<Pipe>,
    /// Lines on their way to the sink. The platform's own wait for one another, so that a request costs one hand-over.
    waiting: Vec<(Timestamp, String)>,
    tail: Option<Vec<u8>>,
    recent: VecDeque<String>,
    chunk: Vec<u8>,
}

struct Pipe {
    fd: Arc<Receiver>,
    /// Whose output it is, as telemetry names it.
    source: &'static str,
    cutter: Cutter,
    /// Since when there is a begun line.
    begun: Option<Instant>,
    ended: bool,
}

impl WorkerLog {
    /// Starts to read what was printed, inside a tokio runtime; `json` is the least level of the platform's lines where
    /// these are JSON.
    pub(crate) fn start(
        (sink, clock): (Arc<dyn LogSink>, Arc<dyn Clock>),
        place: LogPlace,
        output: Output,
        telemetry: Arc<Telemetry>,
        json: Option<Level>,
    ) -> io::Result<Arc<Self>> {
        let framed = output.framed;
        let sources = output.program.into_iter().enumerate();
        let pipes = sources
            .map(|(index, fd)| ("function", framed && index == STDOUT, fd))
            .chain(output.extensions.map(|fd| ("extension", false, fd)))
            .map(|(source, framed, fd)| {
                let fd = Arc::new(Receiver::from_owned_fd(fd)?);
                Ok(Pipe { fd, source, cutter: Cutter::new(framed), begun: None, ended: false })
            })
            .collect::<io::Result<Vec<_>>>()?;
        let fds: Vec<_> = pipes.iter().map(|pipe| Arc::clone(&pipe.fd)).collect();
        let state = State {
            telemetry: Arc::clone(&telemetry),
            pipes,
            waiting: Vec::new(),
            tail: None,
            recent: VecDeque::new(),
            chunk: vec![0; 16 << 10],
        };
        let log = Arc::new(Self { sink, clock, place, telemetry, json, state: Mutex::new(state) });
        for (index, fd) in fds.into_iter().enumerate() {
            tokio::spawn(Arc::clone(&log).read(index, fd));
        }
        Ok(log)
    }

    async fn read(self: Arc<Self>, index: usize, fd: Arc<Receiver>) {
        loop {
            let begun = self.state().pipes[index].begun;
            let Ok(over) = readable(&fd, begun).await else { return };
            let open = {
                let mut state = self.state();
                // Through the reactor, which learns that the pipe is empty.
                let open = state.drain(index, over, self.clock.now(), |chunk| fd.try_read(chunk));
                self.send(state);
                open
            };
            match open {
                Open::More => tokio::task::yield_now().await,
                Open::Later => {}
                Open::Ended => return,
            }
        }
    }

    /// Takes what the worker has printed up to now, the begun line too, and hands it on.
    pub(crate) fn flush(&self) {
        self.send(self.collected());
    }

    /// Takes what the worker has printed up to now, the begun line too; it waits for the [end](Self::end).
    pub(crate) fn collect(&self) {
        drop(self.collected());
    }

    fn collected(&self) -> MutexGuard<'_, State> {
        let mut state = self.state();
        let now = self.clock.now();
        for index in 0..state.pipes.len() {
            let fd = Arc::clone(&state.pipes[index].fd);
            // Straight from the descriptor: the reactor may not have seen yet what came just before an answer.
            state.drain(index, true, now, |chunk| rustix::io::read(&*fd, chunk).map_err(io::Error::from));
        }
        state
    }

    /// Adds a message of the platform's own.
    pub(crate) fn platform(&self, message: String) {
        let line = self.message(message);
        let mut state = self.state();
        state.remember(&line);
        state.add(self.clock.now(), line);
        self.send(state);
    }

    /// Adds what happened: as text, where there is one and the log is text, else as JSON. Others may want to know as well.
    pub(crate) fn happens(&self, text: Option<String>, happening: impl FnOnce() -> Happening) {
        let line = self.line_of(text, happening);
        let mut state = self.state();
        if let Some(line) = line {
            state.remember(&line);
            state.add(self.clock.now(), line);
        }
        self.send(state);
    }

    /// Adds what happened, which others were told of before.
    pub(crate) fn happened(&self, text: String, happening: &Happening) {
        let line = match self.json {
            None => text,
            Some(least) if happening.level >= least => happening.line(self.clock.now()),
            Some(_) => return,
        };
        let mut state = self.state();
        state.add(self.clock.now(), line);
        self.send(state);
    }

    /// Adds the first line of a request, which waits for the next or for its [release](Self::release). With `tail`,
    /// collects a tail from now on.
    pub(crate) fn begin(&self, text: String, happening: impl FnOnce() -> Happening, tail: bool) {
        let line = self.line_of(Some(text), happening);
        let mut state = self.state();
        state.tail = tail.then(Vec::new);
        if let Some(line) = line {
            state.add(self.clock.now(), line);
        }
    }

    /// The line of what happened, which whoever wants to know is told of.
    fn line_of(&self, text: Option<String>, happening: impl FnOnce() -> Happening) -> Option<String> {
        if self.json.is_none() && !self.telemetry.is_watched() {
            return text;
        }
        let happening = happening();
        self.telemetry.platform(&happening);
        match self.json {
            None => text,
            Some(least) => (happening.level >= least).then(|| happening.line(self.clock.now())),
        }
    }

    fn message(&self, message: String) -> String {
        match self.json {
            None => message,
            Some(_) => {
                let time = self.clock.now().iso8601();
                serde_json::json!({ "time": time, "type": "platform.fault", "record": message }).to_string()
            }
        }
    }

    /// Takes the first line of a request back, which goes to another worker, as far as it still waits.
    pub(crate) fn unbegin(&self, request_id: &str) {
        let mut state = self.state();
        state.tail = None;
        let begins = format!("START RequestId: {request_id} ");
        let is_start = |line: &str| line.contains("\"platform.start\"") && line.contains(request_id);
        state.waiting.retain(|(_, line)| !line.starts_with(&begins) && !is_start(line));
    }

    /// Adds a line of a request, which waits for its [end](Self::end).
    pub(crate) fn note(&self, message: String) {
        let line = self.message(message);
        self.state().add(self.clock.now(), line);
    }

    /// Adds what happened to a request, which waits for its [end](Self::end).
    pub(crate) fn notes(&self, happening: impl FnOnce() -> Happening) {
        if let Some(line) = self.line_of(None, happening) {
            self.state().add(self.clock.now(), line);
        }
    }

    /// Adds an event that a runtime wrote as a whole, with its own time; of a function alone.
    pub(crate) fn framed(&self, time: Timestamp, text: &str) {
        let mut state = self.state();
        state.event("function", time, text.strip_suffix('\n').unwrap_or(text).to_owned());
        self.send(state);
    }

    /// Hands on what waits.
    pub(crate) fn release(&self) {
        self.send(self.state());
    }

    /// Adds the last lines of a request, hands on all that waits, and returns the tail where one was wanted.
    pub(crate) fn end(
        &self,
        end: String,
        report: String,
        happening: impl FnOnce() -> Happening,
    ) -> Option<Vec<u8>> {
        let report = self.line_of(Some(report), happening);
        let end = self.json.is_none().then_some(end);
        let mut state = self.state();
        let now = self.clock.now();
        for line in end.into_iter().chain(report) {
            state.add(now, line);
        }
        self.telemetry.flush();
        let tail = state.tail.take();
        self.send(state);
        let mut tail = tail?;
        tail.drain(..tail.len().saturating_sub(TAIL_BYTES));
        Some(tail)
    }

    /// The last lines, for a message.
    pub(crate) fn recent(&self) -> String {
        let state = self.state();
        state.recent.iter().map(String::as_str).collect::<Vec<_>>().join("\n")
    }

    fn send(&self, mut state: MutexGuard<'_, State>) {
        let lines = std::mem::take(&mut state.waiting);
        drop(state);
        if !lines.is_empty() {
            self.sink.append(&self.place, lines);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits until a pipe has something, or until a line that was begun has waited long enough: then gives `true`.
async fn readable(fd: &Receiver, begun: Option<Instant>) -> io::Result<bool> {
    let Some(begun) = begun else { return fd.readable().await.map(|()| false) };
    match timeout_at(begun + BEGUN_MAX, fd.readable()).await {
        Ok(ready) => ready.map(|()| begun.elapsed() >= BEGUN_MAX),
        Err(_) => Ok(true),
    }
}

/// What is left of a worker that did not come up.
#[derive(Clone, Default)]
pub(crate) struct LastWords {
    /// Its log, where it had one.
    pub(crate) log: Option<Arc<WorkerLog>>,
    /// How long it took until it failed.
    pub(crate) took: Duration,
    /// The most memory that it used, as far as that is known.
    pub(crate) used_bytes: u64,
}

impl std::fmt::Debug for LastWords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LastWords").field("took", &self.took).finish_non_exhaustive()
    }
}

impl std::fmt::Display for LastWords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.log.as_ref().map(|log| log.recent()).unwrap_or_default())
    }
}

/// What a worker prints.
pub(crate) struct Output {
    /// Standard output and error of the program.
    pub(crate) program: Vec<OwnedFd>,
    /// Whether log records come as frames among its standard output.
    pub(crate) framed: bool,
    /// What all of its external extensions print.
    pub(crate) extensions: Option<OwnedFd>,
}

/// Whether a pipe has more to give.
enum Open {
    More,
    Later,
    Ended,
}

impl State {
    /// Takes what `read` gives until it has nothing; with `all`, the begun line too.
    fn drain(
        &mut self,
        index: usize,
        all: bool,
        now: Timestamp,
        mut read: impl FnMut(&mut [u8]) -> io::Result<usize>,
    ) -> Open {
        let mut chunk = std::mem::take(&mut self.chunk);
        let mut cutter = std::mem::take(&mut self.pipes[index].cutter);
        let (source, before) = (self.pipes[index].source, self.waiting.len());
        let mut taken = 0;
        let open = loop {
            if self.pipes[index].ended {
                break Open::Ended;
            }
            if taken >= FLUSH_BYTES_MAX {
                break Open::More;
            }
            match read(&mut chunk) {
                Ok(0) => self.pipes[index].ended = true,
                Ok(n) => {
                    taken += n;
                    cutter.take(&chunk[..n], |printed| self.printed(source, before, printed, now));
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break Open::Later,
                Err(_) => self.pipes[index].ended = true,
            }
        };
        let rest = |printed: Printed<'_>| self.printed(source, before, printed, now);
        match open {
            Open::Ended => cutter.end(rest),
            _ if all => cutter.end_line(rest),
            _ => {}
        }
        self.chunk = chunk;
        let pipe = &mut self.pipes[index];
        // A line that begins after another ended waits anew.
        let same = pipe.begun.filter(|_| self.waiting.len() == before);
        pipe.begun = cutter.is_begun().then(|| same.unwrap_or_else(Instant::now));
        pipe.cutter = cutter;
        open
    }

    /// Adds what was printed; lines from `before` on came with this look, and so not after an event that follows them.
    fn printed(&mut self, source: &'static str, before: usize, printed: Printed<'_>, now: Timestamp) {
        match printed {
            // Runtimes join the lines of one event by carriage returns.
            Printed::Line(bytes) => {
                let text = String::from_utf8_lossy(bytes);
                self.event(source, now, text.strip_suffix('\r').unwrap_or(&text).replace('\r', "\n"));
            }
            Printed::Event(time, bytes) => {
                let lines = self.waiting.iter_mut().skip(before).rev();
                lines.take_while(|(at, _)| *at > time).for_each(|(at, _)| *at = time);
                let text = String::from_utf8_lossy(bytes);
                self.event(source, time, text.strip_suffix('\n').unwrap_or(&text).to_owned());
            }
        }
    }

    fn event(&mut self, source: &'static str, time: Timestamp, text: String) {
        self.telemetry.line(source, time, &text);
        self.remember(&text);
        self.add(time, text);
    }

    fn add(&mut self, now: Timestamp, line: String) {
        if let Some(tail) = &mut self.tail {
            tail.extend_from_slice(line.as_bytes());
            tail.push(b'\n');
            if tail.len() > 16 * TAIL_BYTES {
                tail.drain(..tail.len() - TAIL_BYTES);
            }
        }
        self.waiting.push((now, line));
    }

    /// Keeps a line for the message about a worker that does not start.
    fn remember(&mut self, line: &str) {
        let full = self.recent.len() == RECENT_LINES;
        let mut kept = if full { self.recent.pop_front() } else { None }.unwrap_or_default();
        kept.clear();
        kept.push_str(&line[..line.floor_char_boundary(RECENT_LINE_BYTES)]);
        self.recent.push_back(kept);
    }
}

#[cfg(test)]
mod tests;
