//! Conditions combined by `&&`, `||` and parentheses: `()` before `&&` before `||`.

use crate::pattern::Invalid;
use crate::pattern::scan::Scan;

/// Parentheses within parentheses.
const DEPTH_MAX: usize = 64;

/// A combination of conditions.
#[derive(Debug, Clone)]
pub(super) enum Expression<C> {
    One(C),
    All(Vec<Self>),
    Any(Vec<Self>),
}

impl<C> Expression<C> {
    /// Parses a combination; `condition` parses one of its conditions.
    pub(super) fn parse(
        scan: &mut Scan<'_>,
        condition: &mut dyn FnMut(&mut Scan<'_>) -> Result<C, Invalid>,
    ) -> Result<Self, Invalid> {
        Self::any(scan, condition, 0)
    }

    fn any(
        scan: &mut Scan<'_>,
        condition: &mut dyn FnMut(&mut Scan<'_>) -> Result<C, Invalid>,
        depth: usize,
    ) -> Result<Self, Invalid> {
        let mut parts = vec![Self::all(scan, condition, depth)?];
        while scan.eat("||") {
            parts.push(Self::all(scan, condition, depth)?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Self::Any(parts) })
    }

    fn all(
        scan: &mut Scan<'_>,
        condition: &mut dyn FnMut(&mut Scan<'_>) -> Result<C, Invalid>,
        depth: usize,
    ) -> Result<Self, Invalid> {
        let mut parts = vec![Self::unit(scan, condition, depth)?];
        while scan.eat("&&") {
            parts.push(Self::unit(scan, condition, depth)?);
        }
        Ok(if parts.len() == 1 { parts.remove(0) } else { Self::All(parts) })
    }

    fn unit(
        scan: &mut Scan<'_>,
        condition: &mut dyn FnMut(&mut Scan<'_>) -> Result<C, Invalid>,
        depth: usize,
    ) -> Result<Self, Invalid> {
        if !scan.eat("(") {
            return condition(scan).map(Self::One);
        }
        if depth == DEPTH_MAX {
            return Err(Invalid::new(format!("more than {DEPTH_MAX} parentheses within each other")));
        }
        let inner = Self::any(scan, condition, depth + 1)?;
        scan.expect(")")?;
        Ok(inner)
    }

    /// Whether it holds, where `holds` says it of one condition.
    pub(super) fn holds(&self, holds: &impl Fn(&C) -> bool) -> bool {
        match self {
            Self::One(condition) => holds(condition),
            Self::All(parts) => parts.iter().all(|part| part.holds(holds)),
            Self::Any(parts) => parts.iter().any(|part| part.holds(holds)),
        }
    }
}
