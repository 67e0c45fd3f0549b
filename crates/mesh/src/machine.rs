//! The machine's own resolver.

use std::io;
use std::net::IpAddr;

/// Asks the machine's resolver. With its final dot a name is complete: the machine's search domains are not the worker's.
pub(crate) async fn look_up(name: String) -> io::Result<Vec<IpAddr>> {
    match tokio::net::lookup_host((format!("{name}."), 0)).await {
        Ok(found) => Ok(found.map(|found| found.ip()).collect()),
        Err(error) => told_apart(error),
    }
}

/// What the C library says of a name that does not exist: glibc, musl.
const NO_NAME: &[&str] = &["Name or service not known", "Name does not resolve"];
/// The same of a name that exists and has no address, or none of a family that the machine uses.
const NO_ADDRESS: &[&str] = &[
    "No address associated with hostname",
    "Address family for hostname not supported",
    "Name has no usable address",
];

/// A failed lookup by its reason, of which the standard library keeps the text alone. What is not known here counts as
/// temporary: a resolver may ask again, but it keeps "no such name".
fn told_apart(error: io::Error) -> io::Result<Vec<IpAddr>> {
    let text = error.to_string();
    let is_one_of = |known: &[&str]| known.iter().any(|known| text.ends_with(known));
    if is_one_of(NO_ADDRESS) {
        return Ok(Vec::new());
    }
    Err(if is_one_of(NO_NAME) { io::Error::new(io::ErrorKind::NotFound, error) } else { error })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_lookups_are_told_apart_by_their_reason() {
        let check = |reason: &str, expected: Result<usize, bool>| {
            let error = io::Error::other(format!("failed to lookup address information: {reason}"));
            let found = told_apart(error);
            let found = found.map(|all| all.len()).map_err(|error| error.kind() == io::ErrorKind::NotFound);
            assert_eq!(found, expected, "{reason}");
        };
        check("Name or service not known", Err(true));
        check("Name does not resolve", Err(true));
        check("No address associated with hostname", Ok(0));
        check("Address family for hostname not supported", Ok(0));
        check("Name has no usable address", Ok(0));
        check("Temporary failure in name resolution", Err(false));
        check("Try again", Err(false));
        check("Non-recoverable failure in name resolution", Err(false));
        check("System error", Err(false));
        check("Memory allocation failure", Err(false));
        check("", Err(false));
    }

    /// The texts above are this machine's: no server is asked for what cannot be a name.
    #[tokio::test]
    async fn the_machine_s_library_says_so_of_what_is_no_name() {
        let error = look_up("a b".into()).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound, "{error}");
    }
}
