//! About how much memory a policy takes, for caches that are bounded by bytes.

use crate::condition::{Condition, Operand};
use crate::pattern::ResourcePattern;
use crate::principal::Principals;
use crate::{Listed, Policy, Statement};

/// What an allocator adds to each piece of memory.
const PIECE: usize = 16;

/// Something that owns memory beside itself.
pub(crate) trait Memory {
    /// Bytes of what it owns, without itself.
    fn owned(&self) -> usize;
}

impl Policy {
    /// About how many bytes of memory it takes, itself included.
    pub fn memory_bytes(&self) -> usize {
        size_of::<Self>() + self.id.owned() + self.statements.owned()
    }
}

impl Memory for Box<str> {
    fn owned(&self) -> usize {
        self.len() + PIECE
    }
}

impl<T: Memory> Memory for Option<T> {
    fn owned(&self) -> usize {
        self.as_ref().map_or(0, Memory::owned)
    }
}

impl<T: Memory> Memory for [T] {
    fn owned(&self) -> usize {
        PIECE + size_of_val(self) + self.iter().map(Memory::owned).sum::<usize>()
    }
}

impl<T: Memory> Memory for Vec<T> {
    fn owned(&self) -> usize {
        self.as_slice().owned() + (self.capacity() - self.len()) * size_of::<T>()
    }
}

impl<T: Memory> Memory for Listed<T> {
    fn owned(&self) -> usize {
        self.list().owned()
    }
}

impl Memory for Statement {
    fn owned(&self) -> usize {
        let Self { sid, effect: _, principals, actions, resources, conditions } = self;
        sid.owned() + principals.owned() + actions.owned() + resources.owned() + conditions.owned()
    }
}

impl Memory for Principals {
    fn owned(&self) -> usize {
        let Self { anyone: _, accounts, arns, ids, services, federated, canonical } = self;
        [accounts, arns, ids, services, federated, canonical].into_iter().map(Memory::owned).sum()
    }
}

impl Memory for Condition {
    fn owned(&self) -> usize {
        let Self { name, operator: _, key, operands, written } = self;
        name.owned() + key.owned() + operands.owned() + written.owned()
    }
}

impl Memory for Operand {
    fn owned(&self) -> usize {
        match self {
            Self::Text(text) => text.owned(),
            Self::Arn(arn) => arn.owned(),
            Self::Bool(_) | Self::Number(_) | Self::Date(_) | Self::Address(_) | Self::Unreadable => 0,
        }
    }
}

impl Memory for ResourcePattern {
    fn owned(&self) -> usize {
        match self {
            Self::Any => 0,
            Self::Segments(segments) => segments.owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Policy;

    #[test]
    fn every_part_of_a_policy_counts() {
        let bytes = |statement: &str| {
            let text =
                format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow",{statement}}}]}}"#);
            Policy::parse(&text).expect("a policy").memory_bytes()
        };
        let long = "x".repeat(1000);
        let check = |statement: &str, least: usize| {
            let (short, grown) = (bytes(&statement.replace('§', "x")), bytes(&statement.replace('§', &long)));
            let growth = grown - short;
            assert!((least..least + 400).contains(&growth), "{statement}: {growth}");
        };
        // A compiled pattern takes two bytes for a character, and the text beside it one more where it may have variables.
        check(r#""Action":"s3:§","Resource":"*""#, 1998);
        check(r#""Action":"*","Resource":"arn:aws:s3:::§""#, 2997);
        check(r#""Action":"*","Resource":"*","Sid":"§""#, 999);
        check(r#""Action":"*","Principal":{"Federated":"§"}"#, 999);
        check(r#""Action":"*","Resource":"*","Condition":{"StringLike":{"aws:username":"§"}}"#, 3996);
        check(r#""Action":"*","Resource":"*","Condition":{"StringLike":{"aws:PrincipalTag/§":"a"}}"#, 999);
        let many = vec![r#""s3:Get""#; 1000].join(",");
        assert!(bytes(&format!(r#""Action":[{many}],"Resource":"*""#)) > 1000 * (24 + 14));
    }
}
