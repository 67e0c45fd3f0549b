//! Warm requests: the gateway's routes and the Invoke API against the floor, on the same connections.

use std::net::SocketAddr;

use weft_types::Timestamp;

use crate::load::{self, Span, Times};
use crate::report::{Cell, Table};
use crate::server::{Access, Server, Weft};
use crate::{app, floor, signed};

/// Numbers of connections.
const CONNECTIONS: [usize; 3] = [1, 16, 64];
/// How the data plane may run.
const PLANES: [&str; 2] = ["shared", "per-core"];

/// Measures under both data planes; the app is deployed in the data folder.
pub(crate) async fn measure(weft: &Weft, data: &std::path::Path) -> Result<Vec<Table>, String> {
    let beside = floor::beside().map_err(|error| format!("no floor: {error}"))?;
    let mut tables = Vec::new();
    for plane in PLANES {
        let floor = floor::Process::start(plane).map_err(|error| format!("no floor: {error}"))?;
        let floors = Floors { process: floor.address, beside };
        let server = weft.start(data, Some(plane)).await?;
        let table = match weft.access(data).await {
            Ok(access) => one_plane(&server, &access, &floors, plane).await,
            Err(error) => Err(error),
        };
        server.stop().await?;
        tables.push(table?);
    }
    Ok(tables)
}

/// Where the floors listen.
struct Floors {
    /// In a process of its own, on the same kind of runtime as the server's.
    process: SocketAddr,
    /// On a thread beside the client's.
    beside: SocketAddr,
}

async fn one_plane(
    server: &Server,
    access: &Access,
    floors: &Floors,
    plane: &'static str,
) -> Result<Table, String> {
    let mut table = Table::new(
        format!("Warm requests, WEFT_DATA_PLANE={plane}"),
        &["connections", "path", "p50 µs", "p99 µs", "requests/s", "p50 / floor's", "failed"],
    );
    for connections in CONNECTIONS {
        let floor = load::run(floors.process, &get("/", floors.process), connections, Span::FULL).await;
        table.push(row(connections, "bare hyper (floor)".to_owned(), &floor, &floor));
        let beside = load::run(floors.beside, &get("/", floors.beside), connections, Span::FULL).await;
        table.push(row(connections, "bare hyper, a thread beside the client".to_owned(), &beside, &floor));
        for kind in app::KINDS {
            let request = get(&format!("/{kind}"), server.address);
            let times = load::run(server.address, &request, connections, Span::FULL).await;
            table.push(row(connections, format!("gateway → {kind}"), &times, &floor));
        }
        for kind in app::KINDS {
            // Signed anew for each line, and sent again and again within the five minutes that a signature holds.
            let request = invoke(kind, server.address, access)?;
            let times = load::run(server.address, &request, connections, Span::FULL).await;
            table.push(row(connections, format!("Invoke → {kind}"), &times, &floor));
        }
        eprintln!("  {plane}: {connections} connections done");
    }
    Ok(table)
}

fn row(connections: usize, path: String, times: &Times, floor: &Times) -> Vec<Cell> {
    if let Some(failure) = &times.first_failure {
        eprintln!(
            "  {path}, {connections} connections: {} failed, the first with: {failure}",
            times.failures
        );
    }
    vec![
        Cell::count(connections),
        Cell::Text(path),
        Cell::Number(times.percentile_us(50), 0),
        Cell::Number(times.percentile_us(99), 0),
        Cell::Number(times.per_second(), 0),
        Cell::Number(times.percentile_us(50) / floor.percentile_us(50), 2),
        Cell::count(times.failures),
    ]
}

/// The bytes of a plain request.
pub(crate) fn get(path: &str, address: SocketAddr) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: {address}\r\n\r\n").into_bytes()
}

/// The bytes of a signed invocation.
fn invoke(kind: &str, address: SocketAddr, access: &Access) -> Result<Vec<u8>, String> {
    signed::invoke(address, access, &app::function_name(kind), false)
}

/// The time, for signatures and the report's date.
pub(crate) fn now() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "a benchmark runs in real time")]
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
