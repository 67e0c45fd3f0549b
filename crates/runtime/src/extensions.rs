//! Lambda's extensions of one worker: who registered, what each is told, and when all of them are done.
//!
//! Rules: <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html>, and AWS's emulator where the page
//! says nothing. External ones are programs of `/opt/extensions`, internal ones live in the runtime's own process.

mod phase;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub(crate) use phase::{Call, Phase, allows};
use serde_json::json;
use tokio::sync::watch;
use weft_sandbox::{CompanionEnding, ExitStatus};
use weft_service::request_id;

use crate::frames::Invoke;

/// The most extensions of a function, both kinds together.
pub(crate) const EXTENSIONS_MAX: usize = 10;

/// See the module.
pub(crate) struct Extensions {
    state: Mutex<State>,
    /// Counts changes, for those who wait for one.
    changes: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    all: Vec<Extension>,
    /// Whether registration is over.
    closed: bool,
    /// Whether the worker is being stopped, so that whoever ends does as he should.
    stopping: bool,
    failure: Option<Failure>,
}

#[expect(clippy::struct_excessive_bools, reason = "independent facts about one extension")]
struct Extension {
    id: String,
    name: String,
    external: bool,
    invoke: bool,
    shutdown: bool,
    phase: Phase,
    /// Whether a connection of it waits.
    waits: bool,
    event: Option<Event>,
}

/// What an extension is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    /// Its identifier.
    pub(crate) id: String,
    /// Its JSON.
    pub(crate) json: String,
}

/// An extension failed, and the function with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// `Extension.InitError`, `Extension.ExitError`, `Extension.Crash`, `Extension.LaunchError`.
    pub(crate) error_type: &'static str,
    /// The text behind `Error: `.
    pub(crate) text: String,
}

/// One extension, as the log tells of it at the end of the initialisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Summary {
    /// Its name.
    pub(crate) name: String,
    /// Its state.
    pub(crate) state: &'static str,
    /// `INVOKE`, `SHUTDOWN`.
    pub(crate) events: Vec<&'static str>,
}

/// A call that is not right: the error's type and message, with status 403.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused(pub(crate) &'static str, pub(crate) String);

impl Extensions {
    /// Of a worker in whose layers these external ones were found.
    pub(crate) fn new(external: &[String]) -> Self {
        let all = external.iter().map(|name| Extension::new(name, true, Phase::Started)).collect();
        Self { state: Mutex::new(State { all, ..State::default() }), changes: watch::Sender::new(0) }
    }

    /// Registers one by its name; returns its identifier.
    pub(crate) fn register(&self, name: &str, events: &[String]) -> Result<String, Refused> {
        let mut state = self.state();
        let known = state.all.iter().position(|one| one.external && one.name == name);
        check_events(events, known.is_some())?;
        let at = match known {
            Some(at) => at,
            None => state.add_internal(name)?,
        };
        let one = &mut state.all[at];
        one.step(Call::Register)?;
        one.invoke = events.iter().any(|event| event == "INVOKE");
        one.shutdown = events.iter().any(|event| event == "SHUTDOWN");
        let id = one.id.clone();
        self.changed(state);
        Ok(id)
    }

    /// The name of one that has registered.
    pub(crate) fn name_of(&self, id: &str) -> Result<String, Refused> {
        self.state().find(id).map(|one| one.name.clone())
    }

    /// Waits for the next event of one.
    pub(crate) async fn next(&self, id: &str) -> Result<Event, Refused> {
        {
            let mut state = self.state();
            let one = state.find(id)?;
            // One whose connection broke may come again.
            if one.phase != Phase::Ready || one.waits {
                one.step(Call::Next)?;
            }
            one.waits = true;
            self.changed(state);
        }
        let waiting = Waiting { extensions: self, id };
        let mut changes = self.changes.subscribe();
        loop {
            {
                let mut state = self.state();
                let one = state.find(waiting.id)?;
                if let Some(event) = one.event.take() {
                    one.phase = Phase::Running;
                    return Ok(event);
                }
            }
            if changes.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Takes an error that one reports; `call` is one of the two.
    pub(crate) fn report(&self, id: &str, call: Call, error_type: &str) -> Result<(), Refused> {
        let mut state = self.state();
        let one = state.find(id)?;
        one.step(call)?;
        let kind = if call == Call::InitError { "Extension.InitError" } else { "Extension.ExitError" };
        state.fail(Failure { error_type: kind, text: error_type.to_owned() });
        self.changed(state);
        Ok(())
    }

    /// The program of the external one at this place has ended.
    pub(crate) fn ended(&self, at: usize, ending: CompanionEnding) {
        let mut state = self.state();
        let stopping = state.stopping;
        let Some(one) = state.all.get_mut(at) else { return };
        let before = std::mem::replace(&mut one.phase, Phase::Exited);
        if !stopping && !matches!(before, Phase::InitError | Phase::ExitError) {
            state.fail(crash(ending));
        }
        self.changed(state);
    }

    /// Whether there is any.
    pub(crate) fn any(&self) -> bool {
        !self.state().all.is_empty()
    }

    /// Waits until every external one has registered.
    pub(crate) async fn registered(&self) -> Result<(), Failure> {
        self.until(|state| state.all.iter().all(|one| one.phase != Phase::Started)).await
    }

    /// Waits until every one has asked for its first event, and ends registration.
    pub(crate) async fn ready(&self) -> Result<(), Failure> {
        self.state().closed = true;
        self.until(|state| state.all.iter().all(|one| one.phase == Phase::Ready)).await
    }

    /// Waits until every one that got an event asks for the next.
    pub(crate) async fn settled(&self) -> Result<(), Failure> {
        self.until(|state| !state.busy()).await
    }

    /// Whether one that got an event has not asked for the next.
    pub(crate) fn busy(&self) -> bool {
        self.state().busy()
    }

    /// Whether one has failed.
    pub(crate) fn has_failed(&self) -> bool {
        self.state().failure.is_some()
    }

    /// Waits until one fails.
    pub(crate) async fn failed(&self) -> Failure {
        match self.until(|_| false).await {
            Err(failure) => failure,
            Ok(()) => std::future::pending().await,
        }
    }

    /// Tells everyone who wants to know of an invocation.
    pub(crate) fn invoke(&self, invoke: &Invoke) {
        let mut state = self.state();
        if state.all.is_empty() {
            return;
        }
        let invocation = &invoke.invocation;
        let json = json!({
            "eventType": "INVOKE",
            "deadlineMs": invoke.deadline_ms,
            "requestId": &*invocation.request_id,
            "invokedFunctionArn": invocation.invoked_arn.as_str(),
            "tracing": {
                "type": "X-Amzn-Trace-Id",
                "value": invocation.trace_id.as_deref().unwrap_or_default(),
            },
        });
        state.tell(&json.to_string(), |one| one.invoke);
        self.changed(state);
    }

    /// Tells everyone who wants to know that the worker is being stopped.
    pub(crate) fn shut_down(&self, reason: &str, deadline_ms: i64) {
        let mut state = self.state();
        state.stopping = true;
        let json = json!({ "eventType": "SHUTDOWN", "shutdownReason": reason, "deadlineMs": deadline_ms });
        state.tell(&json.to_string(), |one| one.shutdown);
        self.changed(state);
    }

    /// Waits until the program of every external one has ended.
    pub(crate) async fn gone(&self) {
        let mut changes = self.changes.subscribe();
        let gone = |state: &State| state.all.iter().all(|one| !one.external || one.phase == Phase::Exited);
        while !gone(&self.state()) && changes.changed().await.is_ok() {}
    }

    /// All of them, for the log.
    pub(crate) fn summaries(&self) -> Vec<Summary> {
        let state = self.state();
        let events = |one: &Extension| {
            [(one.invoke, "INVOKE"), (one.shutdown, "SHUTDOWN")]
                .into_iter()
                .filter(|(has, _)| *has)
                .map(|(_, name)| name)
                .collect()
        };
        let summary = |one: &Extension| Summary {
            name: one.name.clone(),
            state: one.phase.name(),
            events: events(one),
        };
        state.all.iter().map(summary).collect()
    }

    async fn until(&self, good: impl Fn(&State) -> bool) -> Result<(), Failure> {
        let mut changes = self.changes.subscribe();
        loop {
            {
                let state = self.state();
                if let Some(failure) = &state.failure {
                    return Err(failure.clone());
                }
                if good(&state) {
                    return Ok(());
                }
            }
            // The sender lives as long as this.
            let _ = changes.changed().await;
        }
    }

    fn changed(&self, state: MutexGuard<'_, State>) {
        drop(state);
        self.changes.send_modify(|count| *count += 1);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One whose connection waits for an event; it may break.
struct Waiting<'a> {
    extensions: &'a Extensions,
    id: &'a str,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Ok(one) = self.extensions.state().find(self.id) {
            one.waits = false;
        }
    }
}

impl State {
    fn find(&mut self, id: &str) -> Result<&mut Extension, Refused> {
        let found = self.all.iter_mut().find(|one| one.id == id && one.phase != Phase::Started);
        found
            .ok_or_else(|| Refused("Extension.UnknownExtensionIdentifier", format!("Unknown extension {id}")))
    }

    fn add_internal(&mut self, name: &str) -> Result<usize, Refused> {
        if self.closed {
            let message = "Extension registration closed already".to_owned();
            return Err(Refused("Extension.RegistrationClosed", message));
        }
        if self.all.iter().any(|one| one.name == name) {
            let message = "Extension with this name already registered".to_owned();
            return Err(Refused("Extension.InvalidExtensionState", message));
        }
        if self.all.len() >= EXTENSIONS_MAX {
            let message = format!("Extension limit ({EXTENSIONS_MAX}) reached");
            return Err(Refused("Extension.TooManyExtensions", message));
        }
        self.all.push(Extension::new(name, false, Phase::Started));
        Ok(self.all.len() - 1)
    }

    fn tell(&mut self, json: &str, wanted: impl Fn(&Extension) -> bool) {
        for one in self.all.iter_mut().filter(|one| wanted(one)) {
            if matches!(one.phase, Phase::Ready | Phase::Running | Phase::Registered) {
                one.event = Some(Event { id: request_id(), json: json.to_owned() });
            }
        }
    }

    fn busy(&self) -> bool {
        self.all
            .iter()
            .any(|one| one.phase == Phase::Running || (one.phase == Phase::Ready && one.event.is_some()))
    }

    /// The first failure counts.
    fn fail(&mut self, failure: Failure) {
        self.failure.get_or_insert(failure);
    }
}

impl Extension {
    fn new(name: &str, external: bool, phase: Phase) -> Self {
        let (id, name) = (request_id(), name.to_owned());
        Self { id, name, external, invoke: false, shutdown: false, phase, waits: false, event: None }
    }

    fn step(&mut self, call: Call) -> Result<(), Refused> {
        if allows(self.phase, call) {
            self.phase = call.target();
            return Ok(());
        }
        let (from, to, name) = (self.phase.name(), call.target().name(), &self.name);
        let message = format!(
            "State transition from {from} to {to} failed for extension {name}. Error: State transition is not allowed"
        );
        Err(Refused("Extension.InvalidExtensionState", message))
    }
}

fn check_events(events: &[String], external: bool) -> Result<(), Refused> {
    for event in events {
        let why = match event.as_str() {
            "INVOKE" => continue,
            "SHUTDOWN" if external => continue,
            "SHUTDOWN" => "event not supported for internal extensions",
            _ => "invalid event type",
        };
        return Err(Refused("Extension.InvalidEventType", format!("{event}: {why}")));
    }
    Ok(())
}

fn crash(ending: CompanionEnding) -> Failure {
    match ending {
        CompanionEnding::Ended(ExitStatus::Code(code)) => {
            Failure { error_type: "Extension.Crash", text: format!("exit status {code}") }
        }
        CompanionEnding::Ended(ExitStatus::Signal(number)) => {
            let text = format!("signal: {}", crate::errors::signal_name(number));
            Failure { error_type: "Extension.Crash", text }
        }
        CompanionEnding::NotStarted(number) => {
            let error = std::io::Error::from_raw_os_error(i32::from(number));
            Failure { error_type: "Extension.LaunchError", text: error.to_string() }
        }
    }
}
