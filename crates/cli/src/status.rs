//! `weft status`: the server, its isolation, and how to get a better one.

use anstyle::AnsiColor;
use serde_json::json;
use weft_model::weft::{DescribePlatformRequest, DescribePlatformResponse};

use crate::args::StatusArgs;
use crate::client::Client;
use crate::connect::Connection;
use crate::failure::Failure;
use crate::table::coloured;

/// Prints what the server says of itself.
pub(crate) async fn run(args: &StatusArgs) -> Result<(), Failure> {
    let client = Client::new(Connection::find(&args.connect)?);
    let platform: DescribePlatformResponse =
        client.call("weft", "DescribePlatform", DescribePlatformRequest {}).await?;
    if args.json {
        println!("{}", as_json(&platform));
    } else {
        print!("{}", as_text(&platform));
    }
    Ok(())
}

fn as_json(p: &DescribePlatformResponse) -> serde_json::Value {
    let isolation = p.isolation.as_ref().map(|isolation| {
        let features = isolation.features.iter().flatten();
        let features: Vec<_> = features
            .map(|f| json!({"name": f.name, "state": f.state, "detail": f.detail, "help": f.help}))
            .collect();
        json!({"mode": isolation.mode, "summary": isolation.summary, "features": features, "help": isolation.help})
    });
    let interpreters = p.interpreters.iter().flatten();
    let interpreters: Vec<_> =
        interpreters.map(|i| json!({"language": i.language, "version": i.version, "path": i.path})).collect();
    json!({
        "version": p.version, "pid": p.pid, "uptimeSeconds": p.uptime_seconds, "dataFolder": p.data_folder,
        "addresses": p.addresses, "edgeAddresses": p.edge_addresses,
        "certificateAuthority": p.certificate_authority,
        "certificateAuthorityUntil": p.certificate_authority_until.map(weft_types::Timestamp::iso8601_seconds),
        "region": p.region, "account": p.account_id,
        "principal": p.principal_arn, "memoryBytes": p.memory_bytes, "workers": p.workers,
        "isolation": isolation, "interpreters": interpreters,
    })
}

fn as_text(p: &DescribePlatformResponse) -> String {
    use std::fmt::Write as _;
    let mut text = String::new();
    let mut line = |name: &str, value: String| {
        let _ = writeln!(text, "{name:12} {value}");
    };
    line("version", p.version.clone().unwrap_or_default());
    line("address", p.addresses.clone().unwrap_or_default().join(", "));
    let edge = p.edge_addresses.clone().unwrap_or_default();
    line(
        "edge",
        if edge.is_empty() {
            "none; `--edge ADDR:PORT` opens a public one".to_owned()
        } else {
            edge.join(", ")
        },
    );
    line("https", https(p));
    line("data", p.data_folder.clone().unwrap_or_default());
    line(
        "process",
        p.pid.map_or_else(|| "unknown".to_owned(), |pid| format!("{pid}; `kill {pid}` drains and stops it")),
    );
    line("you are", p.principal_arn.clone().unwrap_or_default());
    line("up since", p.started.map(weft_types::Timestamp::iso8601_seconds).unwrap_or_default());
    line("memory", p.memory_bytes.map_or_else(|| "unknown".to_owned(), mebibytes));
    line("workers", p.workers.unwrap_or_default().to_string());
    for interpreter in p.interpreters.iter().flatten() {
        line(&interpreter.language, format!("{} ({})", interpreter.version, interpreter.path));
    }
    let Some(isolation) = &p.isolation else { return text };
    let _ = writeln!(
        text,
        "\nisolation    {}  {}",
        isolation.mode,
        isolation.summary.as_deref().unwrap_or_default()
    );
    for feature in isolation.features.iter().flatten() {
        let good = feature.state == "in-force";
        let state = coloured(
            &format!("{:10}", feature.state),
            if good { AnsiColor::Green } else { AnsiColor::Yellow },
        );
        let _ =
            writeln!(text, "  {:12} {state} {}", feature.name, feature.detail.as_deref().unwrap_or_default());
        if let Some(help) = feature.help.as_deref().filter(|help| !help.is_empty()) {
            let _ = writeln!(text, "  {:12} {:10} → {help}", "", "");
        }
    }
    for help in isolation.help.iter().flatten() {
        let _ = writeln!(text, "  → {help}");
    }
    text
}

/// What is said of TLS.
fn https(p: &DescribePlatformResponse) -> String {
    let Some(authority) = &p.certificate_authority else { return "none".to_owned() };
    let until = p.certificate_authority_until.map(weft_types::Timestamp::iso8601_seconds).unwrap_or_default();
    format!("on the same port; certificate authority {authority}, good until {until} (`weft trust`)")
}

/// Bytes as whole MiB.
pub(crate) fn mebibytes(bytes: i64) -> String {
    format!("{} MiB", (bytes + (1 << 19)) >> 20)
}
