//! What a subscriber may ask for, and how each version of the schema tells an event.

use serde::Deserialize;
use serde_json::{Value, json};
use weft_types::Timestamp;

use crate::platform::Happening;

/// A version of one of the two APIs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Schema {
    /// The Logs API.
    Logs2020,
    /// The Logs API with `platform.runtimeDone`.
    Logs2021,
    /// The Telemetry API, whose function records are text alone.
    Telemetry202207,
    /// Function records may be objects.
    Telemetry202212,
    /// The newest.
    Telemetry2025,
}

/// What a subscription is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Subscription {
    pub(crate) schema: Schema,
    pub(crate) types: Vec<&'static str>,
    pub(crate) buffering: Buffering,
    pub(crate) destination: Destination,
}

/// When a batch is sent: at the first of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Buffering {
    pub(crate) items_max: usize,
    pub(crate) bytes_max: usize,
    pub(crate) timeout_ms: u64,
}

/// Where it goes, on the loopback of the worker's own network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Destination {
    /// JSON arrays, posted to this port and path.
    Http { port: u16, path: String, put: bool },
    /// JSON lines.
    Tcp { port: u16 },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Body {
    schema_version: Option<String>,
    types: Vec<String>,
    buffering: Option<BufferingBody>,
    destination: DestinationBody,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct BufferingBody {
    max_items: Option<u64>,
    max_bytes: Option<u64>,
    timeout_ms: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DestinationBody {
    protocol: String,
    #[serde(rename = "URI")]
    uri: Option<String>,
    port: Option<u16>,
    method: Option<String>,
    encoding: Option<String>,
}

impl Subscription {
    /// Reads what a subscriber sent; the error is for people.
    pub(crate) fn parse(is_logs: bool, body: &[u8]) -> Result<Self, String> {
        let body: Body = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        let schema = match (is_logs, body.schema_version.as_deref()) {
            (true, None | Some("2020-08-15")) => Schema::Logs2020,
            (true, Some("2021-03-18")) => Schema::Logs2021,
            (false, Some("2022-07-01")) => Schema::Telemetry202207,
            (false, Some("2022-12-13")) => Schema::Telemetry202212,
            (false, Some("2025-01-29")) => Schema::Telemetry2025,
            _ => return Err("schemaVersion is not one of this API's".to_owned()),
        };
        let types = types(&body.types)?;
        let buffering = buffering(body.buffering)?;
        Ok(Self { schema, types, buffering, destination: destination(body.destination)? })
    }
}

fn types(names: &[String]) -> Result<Vec<&'static str>, String> {
    let known = ["platform", "function", "extension"];
    if let Some(other) = names.iter().find(|name| !known.contains(&name.as_str())) {
        return Err(format!("types: {other} is not one of platform, function and extension"));
    }
    if names.is_empty() {
        return Err("types: at least one is needed".to_owned());
    }
    Ok(known.into_iter().filter(|known| names.iter().any(|name| name == known)).collect())
}

fn buffering(body: Option<BufferingBody>) -> Result<Buffering, String> {
    let within = |name: &str, value: Option<u64>, default: u64, least: u64, most: u64| match value {
        None => Ok(default),
        Some(value) if (least..=most).contains(&value) => Ok(value),
        Some(value) => Err(format!("buffering: {name} is {value}, and has to be {least} to {most}")),
    };
    let (items, bytes, time) =
        body.map_or((None, None, None), |body| (body.max_items, body.max_bytes, body.timeout_ms));
    let size = |value: u64| usize::try_from(value).unwrap_or(usize::MAX);
    Ok(Buffering {
        items_max: size(within("maxItems", items, 10_000, 1_000, 10_000)?),
        bytes_max: size(within("maxBytes", bytes, 262_144, 262_144, 1_048_576)?),
        timeout_ms: within("timeoutMs", time, 1_000, 25, 30_000)?,
    })
}

fn destination(body: DestinationBody) -> Result<Destination, String> {
    if body.encoding.is_some_and(|encoding| encoding != "JSON") {
        return Err("destination: the encoding is JSON".to_owned());
    }
    match (body.protocol.as_str(), body.uri, body.port) {
        ("TCP", None, Some(port)) if port > 0 => Ok(Destination::Tcp { port }),
        ("HTTP", Some(uri), None) => {
            let put = match body.method.as_deref() {
                None | Some("POST") => false,
                Some("PUT") => true,
                Some(_) => return Err("destination: the method is POST or PUT".to_owned()),
            };
            let (port, path) = place(&uri)
                .ok_or_else(|| format!("destination: {uri} is not http://sandbox.localdomain:PORT/…"))?;
            Ok(Destination::Http { port, path, put })
        }
        _ => Err("destination: HTTP with a URI, or TCP with a port".to_owned()),
    }
}

/// Port and path of a URI on the worker's own loopback.
fn place(uri: &str) -> Option<(u16, String)> {
    let uri: http::Uri = uri.parse().ok()?;
    let local = matches!(uri.host()?, "sandbox" | "sandbox.localdomain");
    let fits = local && uri.scheme_str() == Some("http");
    let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    fits.then(|| (uri.port_u16().unwrap_or(80), path))
}

impl Schema {
    /// Whether it belongs to the Logs API.
    pub(crate) fn is_logs(self) -> bool {
        self <= Self::Logs2021
    }

    /// A platform's event as this version tells it; `None` where it does not know of it.
    pub(crate) fn platform(self, now: Timestamp, happening: &Happening) -> Option<String> {
        let mut record = happening.record.clone();
        let mut kind = happening.kind;
        if self.is_logs() {
            match kind {
                "platform.runtimeDone" if self == Self::Logs2021 => {
                    keep(&mut record, &["requestId", "status"]);
                }
                "platform.start" => keep(&mut record, &["requestId", "version"]),
                "platform.report" => keep(&mut record, &["requestId", "metrics"]),
                "platform.extension" | "platform.logsSubscription" | "platform.logsDropped" => {}
                "platform.telemetrySubscription" => kind = "platform.logsSubscription",
                _ => return None,
            }
        } else if kind == "platform.logsSubscription" {
            return None;
        } else if self == Self::Telemetry202207 && kind == "platform.initStart" {
            keep(&mut record, &["initializationType", "phase", "runtimeVersion"]);
        } else if self == Self::Telemetry202207 && kind == "platform.initReport" {
            keep(&mut record, &["initializationType", "phase", "metrics"]);
        }
        Some(json!({ "time": now.iso8601(), "type": kind, "record": record }).to_string())
    }

    /// A line that was printed, by `function` or `extension`.
    pub(crate) fn line(self, now: Timestamp, kind: &str, line: &str, is_json: bool) -> String {
        let parsed = || serde_json::from_str::<Value>(line).ok().filter(Value::is_object);
        let object = if is_json && self >= Self::Telemetry202212 { parsed() } else { None };
        let record = object.unwrap_or_else(|| line.into());
        json!({ "time": now.iso8601(), "type": kind, "record": record }).to_string()
    }
}

fn keep(record: &mut Value, names: &[&str]) {
    if let Some(record) = record.as_object_mut() {
        record.retain(|name, _| names.contains(&name.as_str()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform;

    const HTTP: &str = r#""destination":{"protocol":"HTTP","URI":"http://sandbox.localdomain:9003/x"}"#;

    fn parse(is_logs: bool, rest: &str) -> Result<Subscription, String> {
        Subscription::parse(is_logs, format!("{{{rest}}}").as_bytes())
    }

    #[test]
    fn a_subscription_has_its_bounds() {
        let good = |rest: &str| parse(false, &format!(r#""schemaVersion":"2022-07-01",{rest}"#));
        let check = |rest: &str, fits: bool| {
            let found = good(&format!(r#""types":["platform"],{rest}"#));
            assert_eq!(found.is_ok(), fits, "{rest}: {found:?}");
        };
        check(HTTP, true);
        check(r#""destination":{"protocol":"HTTP","URI":"http://sandbox:80/"}"#, true);
        check(
            r#""destination":{"protocol":"HTTP","URI":"http://sandbox:80/","method":"PUT","encoding":"JSON"}"#,
            true,
        );
        check(r#""destination":{"protocol":"TCP","port":9003}"#, true);
        for bad in [
            r#""destination":{"protocol":"TCP"}"#,
            r#""destination":{"protocol":"TCP","port":0}"#,
            r#""destination":{"protocol":"HTTP"}"#,
            r#""destination":{"protocol":"HTTP","URI":"http://example.com/"}"#,
            r#""destination":{"protocol":"HTTP","URI":"https://sandbox:80/"}"#,
            r#""destination":{"protocol":"HTTP","URI":"http://sandbox:80/","method":"GET"}"#,
            r#""destination":{"protocol":"UDP","port":1}"#,
        ] {
            check(bad, false);
        }
        for (name, least, most) in
            [("maxItems", 1000, 10_000), ("maxBytes", 262_144, 1_048_576), ("timeoutMs", 25, 30_000)]
        {
            for (value, fits) in [(least - 1, false), (least, true), (most, true), (most + 1, false)] {
                check(&format!(r#"{HTTP},"buffering":{{"{name}":{value}}}"#), fits);
            }
        }
        assert!(good(&format!(r#""types":[],{HTTP}"#)).is_err());
        assert!(good(&format!(r#""types":["other"],{HTTP}"#)).is_err());
        assert!(good(&format!(r#""types":["platform"],"other":1,{HTTP}"#)).is_err());
        let default = good(&format!(r#""types":["function","platform"],{HTTP}"#)).unwrap();
        assert_eq!(default.buffering, Buffering { items_max: 10_000, bytes_max: 262_144, timeout_ms: 1_000 });
        assert_eq!(default.destination, Destination::Http { port: 9003, path: "/x".into(), put: false });
        assert_eq!(default.types, ["platform", "function"]);
    }

    #[test]
    fn each_api_has_its_versions() {
        let check = |is_logs, version: &str, expected: Option<Schema>| {
            let found =
                parse(is_logs, &format!(r#""schemaVersion":"{version}","types":["platform"],{HTTP}"#));
            assert_eq!(found.ok().map(|found| found.schema), expected, "{version}");
        };
        check(true, "2020-08-15", Some(Schema::Logs2020));
        check(true, "2021-03-18", Some(Schema::Logs2021));
        check(true, "2022-07-01", None);
        check(false, "2022-07-01", Some(Schema::Telemetry202207));
        check(false, "2022-12-13", Some(Schema::Telemetry202212));
        check(false, "2025-01-29", Some(Schema::Telemetry2025));
        check(false, "2020-08-15", None);
        assert!(parse(true, &format!(r#""types":["platform"],{HTTP}"#)).is_ok());
        assert!(parse(false, &format!(r#""types":["platform"],{HTTP}"#)).is_err());
    }

    #[test]
    fn a_version_is_told_no_more_than_it_defines() {
        let now = Timestamp::from_millis(0);
        let all = [Schema::Logs2020, Schema::Logs2021, Schema::Telemetry202207, Schema::Telemetry202212];
        let check = |happening: &Happening, known: [bool; 4]| {
            let found = all.map(|schema| schema.platform(now, happening).is_some());
            assert_eq!(found, known, "{}", happening.kind);
        };
        let (demand, status) = (platform::Initialization::OnDemand, platform::Status::SUCCESS);
        let took = std::time::Duration::ZERO;
        check(&platform::init_runtime_done(demand, &status), [false, false, true, true]);
        check(&platform::init_report(demand, &status, took), [false, false, true, true]);
        check(&platform::start("r", "1", None), [true; 4]);
        check(&platform::runtime_done("r", &status, took, 0, None), [false, true, true, true]);
        check(&platform::extension("e", "Ready", &[]), [true; 4]);
        check(&platform::subscription(false, "e", &[]), [true; 4]);
        check(&platform::subscription(true, "e", &[]), [true, true, false, false]);
        check(&platform::logs_dropped("slow", 1, 1), [true; 4]);
    }

    #[test]
    fn a_functions_line_is_an_object_where_the_version_knows_objects() {
        let now = Timestamp::from_millis(0);
        let check = |schema: Schema, line: &str, is_json: bool, expected: Value| {
            let found: Value = serde_json::from_str(&schema.line(now, "function", line, is_json)).unwrap();
            assert_eq!(found["record"], expected, "{schema:?} {line}");
        };
        let line = r#"{"level":"INFO"}"#;
        check(Schema::Telemetry202207, line, true, line.into());
        check(Schema::Logs2021, line, true, line.into());
        check(Schema::Telemetry202212, line, true, json!({ "level": "INFO" }));
        check(Schema::Telemetry202212, line, false, line.into());
        check(Schema::Telemetry2025, "text", true, "text".into());
        check(Schema::Telemetry2025, "[1]", true, "[1]".into());
    }
}
