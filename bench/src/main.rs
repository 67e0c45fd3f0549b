//! Measures the release binary against floors that are taken in the same run:
//! `cargo build --release --bin weft && cargo run --release -p weft-bench [-- --json | --markdown]`.
//!
//! It starts servers of its own with data in a temporary folder and on free ports, deploys an app through `weft up`, and measures
//! warm requests against a bare hyper server, cold starts against the interpreters alone, the time until a server is ready, and
//! its idle memory. Everything is bounded in number and time; only processes that it started are ended.
//!
//! With `peers` it measures the same signed requests on what others use instead of it (see `peers`); `--quick` tries all of that
//! with small counts.
//!
//! It deliberately knows the command line and HTTP only, as any client would.

mod app;
mod cold;
mod floor;
mod idle;
mod load;
mod native;
mod peers;
mod report;
mod server;
mod signed;
mod warm;

use std::process::ExitCode;
use std::time::Instant;

use report::{Format, Table};
use server::Weft;

fn main() -> ExitCode {
    // Deployed as a function, this program is the function.
    if let Ok(api) = std::env::var("AWS_LAMBDA_RUNTIME_API") {
        return if native::serve(&api).is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    if let Ok(plane) = std::env::var(floor::VARIABLE) {
        return floor::main(&plane);
    }
    let wanted = match wanted(std::env::args().skip(1)) {
        Ok(wanted) => wanted,
        Err(message) => {
            eprintln!("weft-bench: {message}");
            return ExitCode::from(2);
        }
    };
    match run(wanted) {
        Ok(tables) => {
            print!("{}", report::print(&machine(), &tables, wanted.format));
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("weft-bench: {message}");
            ExitCode::FAILURE
        }
    }
}

/// What the arguments say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Wanted {
    format: Format,
    /// Against peers rather than the floors alone.
    peers: bool,
    /// With counts that are good for a trial only.
    quick: bool,
}

fn wanted(arguments: impl Iterator<Item = String>) -> Result<Wanted, String> {
    let mut wanted = Wanted { format: Format::Text, peers: false, quick: false };
    for argument in arguments {
        match argument.as_str() {
            "--json" => wanted.format = Format::Json,
            "--markdown" => wanted.format = Format::Markdown,
            "peers" => wanted.peers = true,
            "--quick" => wanted.quick = true,
            other => {
                return Err(format!(
                    "`{other}` is not known; there are --json, --markdown, and `peers` with --quick"
                ));
            }
        }
    }
    if wanted.quick && !wanted.peers { Err("--quick is for `peers`".to_owned()) } else { Ok(wanted) }
}

/// One thread for the load and what watches it: floor and gateway are asked by the same client.
fn run(wanted: Wanted) -> Result<Vec<Table>, String> {
    let weft = Weft::find()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    if wanted.peers {
        return runtime.block_on(peers::measure(&weft, wanted.quick));
    }
    runtime.block_on(measure(&weft))
}

async fn measure(weft: &Weft) -> Result<Vec<Table>, String> {
    let began = Instant::now();
    let step = |text: &str| eprintln!("{:5.1} s  {text}", began.elapsed().as_secs_f64());
    let (folder, data) = (weft.path("app"), weft.path("data"));
    app::write(&folder).map_err(|error| format!("the app cannot be written: {error}"))?;

    step("deploy, then cold starts");
    let server = weft.start(&data, None).await?;
    let deployed = weft.up(&data, &folder).await;
    let cold = match deployed {
        Ok(()) => Ok(cold::measure(&server).await),
        Err(error) => Err(error),
    };
    server.stop().await?;
    let mut tables = vec![];
    let cold = cold?;
    step("warm requests");
    tables.extend(warm::measure(weft, &data).await?);
    tables.push(cold);
    step("time to ready");
    tables.push(idle::ready(weft, &data).await?);
    step("idle memory");
    tables.push(idle::memory(weft).await?);
    step("done");
    Ok(tables)
}

/// What it was measured on, in one line.
fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let processor = read("/proc/cpuinfo");
    let processor = processor.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let kernel = read("/proc/sys/kernel/osrelease");
    let load = read("/proc/loadavg");
    format!(
        "{}: {cores} cores ({}), Linux {}, load {} at the end.",
        warm::now().iso8601_seconds(),
        processor.map_or("unknown", |(_, name)| name),
        kernel.trim(),
        load.split_whitespace().take(3).collect::<Vec<_>>().join(" ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_say_what_is_wanted() {
        let check = |text: &str, expected: Option<(Format, bool, bool)>| {
            let found = wanted(text.split_whitespace().map(str::to_owned));
            assert_eq!(found.ok().map(|w| (w.format, w.peers, w.quick)), expected, "{text}");
        };
        check("", Some((Format::Text, false, false)));
        check("--markdown", Some((Format::Markdown, false, false)));
        check("peers --json", Some((Format::Json, true, false)));
        check("--quick peers", Some((Format::Text, true, true)));
        check("--quick", None);
        check("pears", None);
    }
}
