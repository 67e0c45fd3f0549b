//! What a runtime may call when: a table of where it is and what it calls.
//!
//! Names and rules are those of AWS's own emulator of the Runtime API, whose error messages name them too.

/// Where a runtime is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// It initialises itself.
    Started,
    /// It reported that it could not.
    InitError,
    /// It waits for an event.
    Ready,
    /// It has one.
    Running,
    /// Its answer is on its way.
    InvocationResponse,
    /// Its error is on its way.
    InvocationErrorResponse,
    /// It has answered, and has not asked for the next event.
    ResponseSent,
}

impl Phase {
    /// Its name in messages.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Started => "Started",
            Self::InitError => "InitError",
            Self::Ready => "Ready",
            Self::Running => "Running",
            Self::InvocationResponse => "InvocationResponse",
            Self::InvocationErrorResponse => "InvocationErrorResponse",
            Self::ResponseSent => "ResponseSent",
        }
    }
}

/// What it calls. `known` says whether the id in the path is that of the event that it has or had last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    /// `invocation/next`.
    Next,
    /// `invocation/{id}/response`.
    Response { known: bool },
    /// `invocation/{id}/error`.
    Error { known: bool },
    /// `init/error`.
    InitError,
}

impl Call {
    /// The phase to which it leads.
    pub(crate) const fn target(self) -> Phase {
        match self {
            Self::Next => Phase::Ready,
            Self::Response { .. } => Phase::InvocationResponse,
            Self::Error { .. } => Phase::InvocationErrorResponse,
            Self::InitError => Phase::InitError,
        }
    }
}

/// What comes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The runtime goes on to [`Call::target`].
    Go,
    /// It gets the event once more that it has: it lost the answer, or began anew.
    Again,
    /// 400 `InvalidRequestID`.
    UnknownId,
    /// 403 `InvalidStateTransition`.
    Refused,
}

/// Decides.
pub(crate) const fn decide(phase: Phase, call: Call) -> Verdict {
    match (phase, call) {
        (_, Call::Response { known: false } | Call::Error { known: false }) => Verdict::UnknownId,
        (Phase::Running, Call::Next) => Verdict::Again,
        (Phase::Started | Phase::Ready | Phase::ResponseSent, Call::Next)
        | (Phase::Running, Call::Response { .. } | Call::Error { .. })
        | (Phase::Started, Call::InitError) => Verdict::Go,
        _ => Verdict::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::Phase::*;
    use super::*;

    #[test]
    fn each_call_is_right_in_some_phases_alone() {
        let all =
            [Started, InitError, Ready, Running, InvocationResponse, InvocationErrorResponse, ResponseSent];
        let check = |call: Call, right: &[Phase], again: &[Phase]| {
            for phase in all {
                let expected = match () {
                    () if right.contains(&phase) => Verdict::Go,
                    () if again.contains(&phase) => Verdict::Again,
                    () => Verdict::Refused,
                };
                assert_eq!(decide(phase, call), expected, "{phase:?} {call:?}");
            }
        };
        check(Call::Next, &[Started, Ready, ResponseSent], &[Running]);
        check(Call::Response { known: true }, &[Running], &[]);
        check(Call::Error { known: true }, &[Running], &[]);
        check(Call::InitError, &[Started], &[]);
        for phase in all {
            assert_eq!(decide(phase, Call::Response { known: false }), Verdict::UnknownId);
            assert_eq!(decide(phase, Call::Error { known: false }), Verdict::UnknownId);
        }
    }
}
