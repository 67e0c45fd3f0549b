//! `weft env`: the exports with which every AWS tool talks to Weft.

use serde_json::json;

use crate::args::EnvArgs;
use crate::client::Client;
use crate::connect::Connection;
use crate::failure::Failure;
use crate::trust::Authority;

/// Where programs look for the name of a file of authorities that they trust.
const BUNDLES: [&str; 4] = ["AWS_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE"];

/// Prints the exports, or one JSON object.
pub(crate) fn run(args: &EnvArgs) -> Result<(), Failure> {
    let mut connection = Connection::find(&args.connect)?;
    let trusted = if args.https { Some(Authority::find(&args.connect)?.bundle) } else { None };
    if trusted.is_some() {
        connection.endpoint = connection.endpoint.replacen("http://", "https://", 1);
    }
    let mut variables = Client::new(connection).variables();
    if let Some(bundle) = trusted {
        variables.extend(BUNDLES.map(|name| (name, bundle.display().to_string())));
    }
    if args.json {
        let object: serde_json::Map<_, _> =
            variables.into_iter().map(|(k, v)| (k.to_owned(), json!(v))).collect();
        println!("{}", serde_json::Value::Object(object));
        return Ok(());
    }
    for (name, value) in variables {
        println!("export {name}={}", quoted(&value));
    }
    Ok(())
}

/// The text as one word of a POSIX shell.
fn quoted(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_./:@%+=,".contains(&b);
    if !text.is_empty() && text.bytes().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_one_word_of_the_shell() {
        for (value, word) in
            [("a/b+c=", "a/b+c="), ("a b", "'a b'"), ("it's", "'it'\\''s'"), ("", "''"), ("$x", "'$x'")]
        {
            assert_eq!(quoted(value), word);
        }
    }
}
