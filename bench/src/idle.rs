//! The server alone: how soon it is ready, and what it holds when nobody asks.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::load::Times;
use crate::report::{Cell, Table};
use crate::server::Weft;

/// Starts of each kind.
const STARTS: usize = 10;
/// What a server may do after its start before its memory counts.
const SETTLE: Duration = Duration::from_secs(5);

/// Starts servers on new folders and on one with an app.
pub(crate) async fn ready(weft: &Weft, deployed: &Path) -> Result<Table, String> {
    let mut table = Table::new(
        "From the start of the process to the ready line",
        &["data folder", "p50 ms", "worst ms", "starts"],
    );
    for (shown, old) in [("new", None), ("with the benchmark's app", Some(deployed))] {
        let mut times = Vec::new();
        for number in 0..STARTS {
            let fresh = weft.path(&format!("fresh-{number}"));
            let server = weft.start(old.unwrap_or(&fresh), None).await?;
            times.push(server.ready);
            server.stop().await?;
        }
        let times = Times::of(times, Duration::ZERO);
        table.push(vec![
            Cell::Text(shown.to_owned()),
            Cell::Number(times.percentile_us(50) / 1e3, 1),
            Cell::Number(times.percentile_us(100) / 1e3, 1),
            Cell::count(STARTS),
        ]);
    }
    Ok(table)
}

/// The memory of a server on a new folder, some seconds after its start.
pub(crate) async fn memory(weft: &Weft) -> Result<Table, String> {
    let server = weft.start(&weft.path("idle"), None).await?;
    tokio::time::sleep(SETTLE).await;
    let mut table = Table::new(
        format!("Idle memory, {SETTLE:?} after the start"),
        &["processes", "count", "PSS MiB", "RSS MiB"],
    );
    let found = server.pid().map(family).unwrap_or_default();
    server.stop().await?;
    for (shown, own) in [("server and launcher", true), ("prepared workers", false)] {
        let members: Vec<&Member> = found.iter().filter(|member| member.own == own).collect();
        table.push(vec![
            Cell::Text(shown.to_owned()),
            Cell::count(members.len()),
            Cell::Number(members.iter().map(|member| member.pss_mib).sum(), 1),
            Cell::Number(members.iter().map(|member| member.rss_mib).sum(), 1),
        ]);
    }
    Ok(table)
}

struct Member {
    /// The server's first process, or a child of it that runs the same program.
    own: bool,
    pss_mib: f64,
    rss_mib: f64,
}

/// The process and all below it.
fn family(root: u32) -> Vec<Member> {
    let parents: HashMap<u32, u32> = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(|pid| Some((pid, parent(pid)?)))
        .collect();
    let program = |pid: u32| fs::read_link(format!("/proc/{pid}/exe")).ok();
    let below = |pid: u32| {
        std::iter::successors(Some(pid), |pid| parents.get(pid).copied()).take(64).any(|above| above == root)
    };
    let is_own =
        |pid: u32| pid == root || (parents.get(&pid) == Some(&root) && program(pid) == program(root));
    let members = parents.keys().copied().filter(|pid| below(*pid));
    members
        .map(|pid| {
            let (pss_mib, rss_mib) = memory_of(pid);
            Member { own: is_own(pid), pss_mib, rss_mib }
        })
        .collect()
}

/// The parent, which stands after the name in brackets and the state.
fn parent(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

/// PSS and RSS in MiB; NaN where this user may not see them.
fn memory_of(pid: u32) -> (f64, f64) {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let field = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse::<f64>().ok().map(|kib| kib / 1024.0)
    };
    (field("Pss:").unwrap_or(f64::NAN), field("Rss:").unwrap_or(f64::NAN))
}
