//! AWS's own managed policies, each with its default version.
//!
//! They are packed into the binary (`models/managed-policies.bin`, written by `cargo xtask codegen --managed-policies`):
//! the index is read when the first policy is asked for and stays, a document is inflated with its block of about
//! 64 KiB each time. A policy that decides requests is parsed once and kept, as it never changes.

use std::io::Read as _;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use flate2::read::ZlibDecoder;
use sha2::{Digest as _, Sha256};
use weft_policy::Policy;
use weft_types::Timestamp;

use crate::{documents, ids};

static PACKED: &[u8] = include_bytes!("../../../models/managed-policies.bin");

/// The ARN of `AdministratorAccess`.
pub(crate) const ADMINISTRATOR_ACCESS: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

/// A policy of AWS.
pub(crate) struct AwsPolicy {
    pub(crate) name: &'static str,
    pub(crate) path: &'static str,
    /// The number of its only version that is here, the default one.
    pub(crate) version: u32,
    pub(crate) created: Timestamp,
    pub(crate) updated: Timestamp,
    block: usize,
    place: Range<usize>,
    /// The document, once it was needed.
    read: OnceLock<Arc<Policy>>,
}

struct Catalogue {
    /// Sorted by name.
    policies: Vec<AwsPolicy>,
    /// Where each packed block is.
    blocks: Vec<Range<usize>>,
}

/// All of them, sorted by name.
pub(crate) fn all() -> &'static [AwsPolicy] {
    &catalogue().policies
}

/// The policy of AWS with this ARN.
pub(crate) fn find(arn: &str) -> Option<&'static AwsPolicy> {
    let place = arn.strip_prefix("arn:aws:iam::aws:policy")?;
    let name = &place[place.rfind('/')? + 1..];
    let found = all().binary_search_by_key(&name, |policy| policy.name).ok()?;
    Some(&all()[found]).filter(|policy| policy.path.len() + name.len() == place.len() && policy.arn() == arn)
}

impl AwsPolicy {
    pub(crate) fn arn(&self) -> String {
        format!("arn:aws:iam::aws:policy{}{}", self.path, self.name)
    }

    /// A unique id of the form that AWS's have. It is made from the ARN: the published data has none.
    pub(crate) fn id(&self) -> String {
        ids::unique_id_of("ANPA", &Sha256::digest(self.arn()))
    }

    /// The document, read. Kept, as it never changes.
    pub(crate) fn policy(&self) -> Arc<Policy> {
        Arc::clone(self.read.get_or_init(|| documents::stored(&self.document())))
    }

    /// The document's text. Inflates its block each time.
    pub(crate) fn document(&self) -> String {
        let packed = catalogue().blocks.get(self.block).and_then(|block| PACKED.get(block.clone()));
        let text = packed.map(inflate).unwrap_or_default();
        text.get(self.place.clone()).unwrap_or_default().to_owned()
    }
}

fn catalogue() -> &'static Catalogue {
    static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
    static INDEX: OnceLock<String> = OnceLock::new();
    CATALOGUE.get_or_init(|| {
        let (begin, index) = index();
        read(begin, INDEX.get_or_init(|| index))
    })
}

/// The index's text, and where the blocks begin.
fn index() -> (usize, String) {
    let Some((length, rest)) = PACKED.split_first_chunk() else { return (0, String::new()) };
    let length = u32::from_be_bytes(*length) as usize;
    (4 + length, inflate(rest.get(..length).unwrap_or_default()))
}

fn read(begin: usize, index: &'static str) -> Catalogue {
    let mut lines = index.lines();
    let mut end = begin;
    let lengths =
        lines.next().unwrap_or_default().split(' ').filter_map(|length| length.parse::<usize>().ok());
    let blocks = lengths.map(|length| {
        let start = end;
        end += length;
        start..end
    });
    Catalogue { blocks: blocks.collect(), policies: lines.filter_map(policy).collect() }
}

fn policy(line: &'static str) -> Option<AwsPolicy> {
    let mut fields = line.split('\t');
    let (name, path) = (fields.next()?, fields.next()?);
    let version = fields.next()?.parse().ok()?;
    let mut time = || fields.next()?.parse().ok().map(Timestamp::from_seconds);
    let (created, updated) = (time()?, time()?);
    let mut number = || fields.next()?.parse::<usize>().ok();
    let (block, offset, length) = (number()?, number()?, number()?);
    Some(AwsPolicy {
        name,
        path,
        version,
        created,
        updated,
        block,
        place: offset..offset + length,
        read: OnceLock::new(),
    })
}

fn inflate(packed: &[u8]) -> String {
    let mut text = String::new();
    if let Err(error) = ZlibDecoder::new(packed).read_to_string(&mut text) {
        tracing::error!(%error, "the packed policies cannot be read");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_packed_policy_is_found_by_its_arn_and_can_be_read() {
        assert_eq!(all().len(), 1594);
        assert!(all().is_sorted_by_key(|policy| policy.name));
        for policy in all() {
            assert!(find(&policy.arn()).is_some_and(|found| found.name == policy.name));
            Policy::parse(&policy.document()).unwrap_or_else(|error| panic!("{}: {error}", policy.name));
        }
    }

    #[test]
    fn nothing_else_is_found() {
        let base = "arn:aws:iam::aws:policy";
        for place in
            ["/Nothing", "/AWSLambdaBasicExecutionRole", "/service-role/AdministratorAccess", "", "/"]
        {
            assert!(find(&format!("{base}{place}")).is_none(), "{place}");
        }
        assert!(find("AdministratorAccess").is_none());
    }
}
