//! Measures the release binary against floors that are taken in the same run:
//! `cargo build --release --bin weft && cargo run --release -p weft-bench [-- --json | --markdown]`.
//!
//! It starts servers of its own with data in a temporary folder and on free ports, deploys an app through `weft up`, and measures
//! warm requests against a bare hyper server, cold starts against the interpreters alone, the time until a server is ready, and
//! its idle memory. Everything is bounded in number and time; only processes that it started are ended.
//!
//! It deliberately knows the command line and HTTP only, as any client would.

mod app;
mod cold;
mod floor;
mod idle;
mod load;
mod native;
mod report;
mod server;
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
    let format = match format(std::env::args().skip(1)) {
        Ok(format) => format,
        Err(message) => {
            eprintln!("weft-bench: {message}");
            return ExitCode::from(2);
        }
    };
    match run() {
        Ok(tables) => {
            print!("{}", report::print(&machine(), &tables, format));
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprintln!("weft-bench: {message}");
            ExitCode::FAILURE
        }
    }
}

fn format(arguments: impl Iterator<Item = String>) -> Result<Format, String> {
    arguments.into_iter().try_fold(Format::Text, |_, argument| match argument.as_str() {
        "--json" => Ok(Format::Json),
        "--markdown" => Ok(Format::Markdown),
        other => Err(format!("`{other}` is not known; there are --json and --markdown")),
    })
}

/// One thread for the load and what watches it: floor and gateway are asked by the same client.
fn run() -> Result<Vec<Table>, String> {
    let weft = Weft::find()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| error.to_string())?.block_on(measure(&weft))
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
