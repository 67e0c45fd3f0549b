//! What a request does to a setting that may be there or not.

/// A change of an optional setting.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Change<T> {
    /// The request does not name it.
    #[default]
    Keep,
    /// It is taken away.
    Clear,
    /// It is set.
    Set(T),
}

impl<T: Clone> Change<T> {
    /// The change of a request that names the setting, with a value or with nothing.
    pub(crate) fn to(value: Option<T>) -> Self {
        value.map_or(Self::Clear, Self::Set)
    }

    /// Carries it out.
    pub(crate) fn apply(&self, place: &mut Option<T>) {
        match self {
            Self::Keep => {}
            Self::Clear => *place = None,
            Self::Set(value) => *place = Some(value.clone()),
        }
    }
}
