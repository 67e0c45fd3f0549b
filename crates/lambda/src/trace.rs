//! The trace header, and the lineage in it by which a function that calls itself in circles is found.
//!
//! `X-Amzn-Trace-Id: Root=1-…;Parent=…;Sampled=0;Lineage=2:fc4c1d0b:0,1:9a3e77b0:0`: how often each function is among the
//! causes of a request, the latest last. AWS's SDKs hand the header on by themselves where they run in a function.
//! Source: <https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html>.

use weft_store::hex;
use weft_types::Timestamp;

/// Times that a function may be among the causes of its own invocation.
pub(crate) const LOOPS_MAX: u32 = 16;

/// Functions that a lineage remembers; of more, the latest.
const FUNCTIONS_MAX: usize = 12;

/// The longest header that is taken over.
pub(crate) const HEADER_MAX: usize = 1024;

/// What is known of where a request comes from, for one function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trace {
    /// The header for the invocation, with the function in its lineage.
    pub(crate) header: String,
    /// How often the function has been in the lineage, this time counted.
    pub(crate) loops: u32,
}

impl Trace {
    /// The trace of an invocation of the function with this ARN, for a request that came with `header` or none.
    pub(crate) fn of(header: Option<&str>, function_arn: &str, now: Timestamp, random: [u8; 20]) -> Self {
        let header = header.filter(|header| header.len() <= HEADER_MAX).unwrap_or_default();
        let field = |name: &str| {
            let mut fields = header.split(';').filter_map(|field| field.trim().split_once('='));
            fields.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
        };
        let own = hash(function_arn);
        let mut lineage: Vec<(u32, &str)> =
            field("Lineage").unwrap_or_default().split(',').filter_map(parse).collect();
        let known = lineage.iter().position(|(_, hash)| *hash == own);
        let loops = known.map_or(0, |at| lineage.remove(at).0).saturating_add(1);
        lineage.push((loops, &own));
        let forgotten = lineage.len().saturating_sub(FUNCTIONS_MAX);
        let lineage: Vec<String> =
            lineage[forgotten..].iter().map(|(count, hash)| format!("{count}:{hash}:0")).collect();
        let root = match field("Root") {
            Some(root) if is_plain(root) => root.to_owned(),
            _ => format!("1-{:08x}-{}", now.as_seconds(), hex(&random[..12])),
        };
        let parent = match field("Parent") {
            Some(parent) if is_plain(parent) => parent.to_owned(),
            _ => hex(&random[12..]),
        };
        let sampled = if field("Sampled") == Some("1") { "1" } else { "0" };
        let lineage = lineage.join(",");
        Self { header: format!("Root={root};Parent={parent};Sampled={sampled};Lineage={lineage}"), loops }
    }

    /// Whether the function called itself in circles for so long that it is to be stopped.
    pub(crate) fn is_loop(&self) -> bool {
        self.loops > LOOPS_MAX
    }
}

fn parse(entry: &str) -> Option<(u32, &str)> {
    let mut parts = entry.split(':');
    let count = parts.next()?.parse().ok()?;
    let hash = parts.next()?;
    (hash.len() == 8 && is_plain(hash)).then_some((count, hash))
}

fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// FNV-1a in 32 bits: short, and nobody gains by a collision, which only stops a loop early.
fn hash(text: &str) -> String {
    let hash =
        text.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    format!("{hash:08x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "arn:aws:lambda:us-east-1:000000000000:function:a";
    const B: &str = "arn:aws:lambda:us-east-1:000000000000:function:b";

    fn next(header: Option<&str>, arn: &str) -> Trace {
        Trace::of(header, arn, Timestamp::from_seconds(0x6926_0000), [7; 20])
    }

    #[test]
    fn a_request_without_a_trace_begins_one() {
        let trace = next(None, A);
        let begin = "Root=1-69260000-070707070707070707070707;Parent=0707070707070707;Sampled=0;Lineage=1:";
        assert!(trace.header.starts_with(begin), "{}", trace.header);
        assert_eq!(trace.loops, 1);
    }

    #[test]
    fn a_trace_is_handed_on() {
        let trace =
            next(Some("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"), A);
        let begin = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1;Lineage=1:";
        assert!(trace.header.starts_with(begin), "{}", trace.header);
    }

    #[test]
    fn functions_that_call_each_other_are_stopped_after_sixteen_rounds() {
        let mut header: Option<String> = None;
        for round in 1..=LOOPS_MAX {
            for arn in [A, B] {
                let trace = next(header.as_deref(), arn);
                assert_eq!((trace.loops, trace.is_loop()), (round, false));
                header = Some(trace.header);
            }
        }
        assert!(next(header.as_deref(), A).is_loop());
    }

    #[test]
    fn a_long_chain_of_different_functions_is_no_loop() {
        let mut header: Option<String> = None;
        for n in 0..100 {
            let trace = next(header.as_deref(), &format!("{A}{n}"));
            assert_eq!(trace.loops, 1);
            assert!(trace.header.len() < HEADER_MAX);
            header = Some(trace.header);
        }
    }

    #[test]
    fn nothing_that_a_caller_writes_breaks_the_header() {
        let check = |header: &str, loops: u32| {
            let trace = next(Some(header), A);
            assert_eq!(trace.loops, loops, "{header}");
            assert!(trace.header.starts_with("Root=1-69260000-0707"), "{}", trace.header);
        };
        check("", 1);
        check("Root=a\"b;Lineage=x", 1);
        check("Lineage=4294967295:zz:0,9:\u{fc}:0", 1);
        check(&format!("Lineage={}", "1:aaaaaaaa:0,".repeat(200)), 1);
        check(&format!("Lineage=4294967295:{}:0", hash(A)), u32::MAX);
    }
}
