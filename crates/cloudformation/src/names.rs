//! Stacks' names and ARNs.

use weft_service::{Error, Scope};

use crate::errors;

/// A stack as a request names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StackRef {
    /// By its name: the one that is not deleted.
    Name(String),
    /// By its ARN: also after it was deleted.
    Id {
        /// The name in the ARN.
        name: String,
        /// The last part of the ARN.
        unique: String,
    },
}

impl StackRef {
    /// Reads a name or an ARN. An ARN of another account or region names a stack that does not exist here.
    pub(crate) fn parse(text: &str, scope: &Scope) -> Result<Self, Error> {
        let Some(rest) = text.strip_prefix("arn:") else {
            return is_name(text)
                .then(|| Self::Name(text.to_owned()))
                .ok_or_else(|| errors::stack_name(text));
        };
        let parts: Vec<&str> = rest.splitn(5, ':').collect();
        let resource = parts.get(4).and_then(|resource| resource.strip_prefix("stack/"));
        let here = parts.get(1) == Some(&"cloudformation")
            && parts.get(2) == Some(&scope.region.as_str())
            && parts.get(3) == Some(&scope.account.to_string().as_str());
        match resource.and_then(|resource| resource.split_once('/')) {
            Some((name, unique)) if here => Ok(Self::Id { name: name.to_owned(), unique: unique.to_owned() }),
            _ => Err(errors::no_stack(text)),
        }
    }

    /// The name.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Name(name) | Self::Id { name, .. } => name,
        }
    }

    /// The ARN as policies see it: with `/*` where only the name is known.
    pub(crate) fn access(&self, scope: &Scope) -> String {
        let resource = match self {
            Self::Name(name) => format!("stack/{name}/*"),
            Self::Id { name, unique } => format!("stack/{name}/{unique}"),
        };
        scope.arn("cloudformation", &resource).to_string()
    }

    /// As the request wrote it, for messages.
    pub(crate) fn shown(&self, scope: &Scope) -> String {
        match self {
            Self::Name(name) => name.clone(),
            Self::Id { .. } => self.access(scope),
        }
    }
}

/// A letter, then letters, digits and hyphens, at most 128.
pub(crate) fn is_name(text: &str) -> bool {
    text.len() <= 128
        && text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-')
}

/// What stands at the end of a generated physical name: twelve letters and digits that the step's token decides, so that
/// a step that is tried again chooses the same name.
pub(crate) fn suffix(token: &str) -> String {
    use sha2::Digest as _;
    const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let digest = sha2::Sha256::digest(token.as_bytes());
    digest.iter().take(12).map(|byte| char::from(LETTERS[usize::from(byte & 31)])).collect()
}

/// A generated physical name of at most `max` letters: stack, logical id, suffix, the former two cut where it must be.
pub(crate) fn physical(stack: &str, logical_id: &str, suffix: &str, max: usize) -> String {
    let whole = format!("{stack}-{logical_id}-{suffix}");
    if whole.len() <= max {
        return whole;
    }
    let room = max.saturating_sub(suffix.len() + 2);
    let of_logical = logical_id.len().min(room.div_ceil(2).max(room.saturating_sub(stack.len())));
    let of_stack = stack.len().min(room - of_logical);
    format!("{}-{}-{suffix}", &stack[..of_stack], &logical_id[..of_logical])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn physical_names_fit_and_keep_their_suffix() {
        let check = |stack: &str, logical: &str, max: usize, expected: &str| {
            let name = physical(stack, logical, "abcdefghijkl", max);
            assert_eq!(name, expected);
            assert!(name.len() <= max);
        };
        check("shop", "Orders", 64, "shop-Orders-abcdefghijkl");
        check(
            &"s".repeat(40),
            &"L".repeat(40),
            64,
            &format!("{}-{}-abcdefghijkl", "s".repeat(25), "L".repeat(25)),
        );
        check("shop", &"L".repeat(80), 64, &format!("shop-{}-abcdefghijkl", "L".repeat(46)));
        check(&"s".repeat(100), "Fn", 64, &format!("{}-Fn-abcdefghijkl", "s".repeat(48)));
    }

    #[test]
    fn a_step_that_is_tried_again_has_the_same_suffix() {
        assert_eq!(suffix("a/1"), suffix("a/1"));
        assert_ne!(suffix("a/1"), suffix("a/2"));
    }

    #[test]
    fn names_of_stacks() {
        for (name, fits) in [("a", true), ("A-9", true), ("9a", false), ("a_b", false), ("", false)] {
            assert_eq!(is_name(name), fits, "{name}");
        }
        assert!(!is_name(&"a".repeat(129)));
    }
}
