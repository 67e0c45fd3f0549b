//! What an extension may call when: a table, with the names and rules of AWS's emulator.

/// Where an extension is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Its program was started.
    Started,
    /// It has registered.
    Registered,
    /// It waits for an event.
    Ready,
    /// It has one.
    Running,
    /// It reported that it could not initialise itself.
    InitError,
    /// It reported that it will end.
    ExitError,
    /// Its program has ended.
    Exited,
}

/// What it calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    /// `register`.
    Register,
    /// `event/next`.
    Next,
    /// `init/error`.
    InitError,
    /// `exit/error`.
    ExitError,
}

impl Phase {
    /// Its name in messages.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Started => "Started",
            Self::Registered => "Registered",
            Self::Ready => "Ready",
            Self::Running => "Running",
            Self::InitError => "InitError",
            Self::ExitError => "ExitError",
            Self::Exited => "Exited",
        }
    }
}

impl Call {
    /// The phase to which it leads.
    pub(crate) const fn target(self) -> Phase {
        match self {
            Self::Register => Phase::Registered,
            Self::Next => Phase::Ready,
            Self::InitError => Phase::InitError,
            Self::ExitError => Phase::ExitError,
        }
    }
}

/// Whether a call is right. An error may be reported again; the first counts.
pub(crate) const fn allows(phase: Phase, call: Call) -> bool {
    matches!(
        (phase, call),
        (Phase::Started, Call::Register)
            | (Phase::Registered | Phase::Running, Call::Next)
            | (Phase::Registered | Phase::InitError, Call::InitError)
            | (Phase::Registered | Phase::Ready | Phase::Running | Phase::ExitError, Call::ExitError)
    )
}

#[cfg(test)]
mod tests {
    use super::Phase::*;
    use super::*;

    #[test]
    fn each_call_is_right_in_some_phases_alone() {
        let check = |call: Call, right: &[Phase]| {
            for phase in [Started, Registered, Ready, Running, InitError, ExitError, Exited] {
                assert_eq!(allows(phase, call), right.contains(&phase), "{phase:?} {call:?}");
            }
        };
        check(Call::Register, &[Started]);
        check(Call::Next, &[Registered, Running]);
        check(Call::InitError, &[Registered, InitError]);
        check(Call::ExitError, &[Registered, Ready, Running, ExitError]);
    }
}
