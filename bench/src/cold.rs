//! Cold starts: each copy's first request, against the start of the interpreter alone.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::app;
use crate::load::{self, Times};
use crate::report::{Cell, Table};
use crate::server::Server;
use crate::warm;

/// Between two first requests, so that each meets a server that has prepared itself again.
const PAUSE: Duration = Duration::from_millis(150);

/// Sends each copy its first request.
pub(crate) async fn measure(server: &Server) -> Table {
    let mut table = Table::new(
        format!("Cold starts: the first request of each of {} copies", app::COPIES),
        &["function", "p50 ms", "p99 ms", "alone", "alone p50 ms", "alone p99 ms", "p50 / alone's", "failed"],
    );
    for kind in app::KINDS {
        let (mut times, mut failures) = (Vec::new(), 0);
        for number in 0..app::COPIES {
            let request = warm::get(&format!("/{}", app::copy(kind, number)), server.address);
            match load::once(server.address, &request).await {
                Ok(took) => times.push(took),
                Err(failure) => {
                    failures += 1;
                    eprintln!("  {} failed with: {failure}", app::copy(kind, number));
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
        let (shown, alone) = alone(kind);
        let cold = Times::of(times, Duration::ZERO);
        let ms = |times: &Times, percent| Cell::Number(times.percentile_us(percent) / 1e3, 2);
        table.push(vec![
            Cell::Text(kind.to_owned()),
            ms(&cold, 50),
            ms(&cold, 99),
            Cell::Text(shown.to_owned()),
            ms(&alone, 50),
            ms(&alone, 99),
            Cell::Number(cold.percentile_us(50) / alone.percentile_us(50), 2),
            Cell::count(failures),
        ]);
    }
    table
}

/// The interpreter's own start and end, as often as there are copies.
fn alone(kind: &str) -> (&'static str, Times) {
    let (shown, program, arguments): (_, Option<String>, &[&str]) = match kind {
        "py" => (
            "python3 -I -S -c pass",
            own_path("python3", &["-c", "import sys; print(sys.executable)"]),
            &["-I", "-S", "-c", "pass"],
        ),
        "node" => ("node -e 0", own_path("node", &["-p", "process.execPath"]), &["-e", "0"]),
        _ => ("true", Some("true".to_owned()), &[]),
    };
    let Some(program) = program else { return (shown, Times::default()) };
    let times = (0..app::COPIES).filter_map(|_| {
        let mut command = Command::new(&program);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let began = Instant::now();
        command.status().ok().filter(std::process::ExitStatus::success).map(|_| began.elapsed())
    });
    (shown, Times::of(times.collect(), Duration::ZERO))
}

/// The interpreter itself, where what `PATH` has is a script before it.
fn own_path(name: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(name).args(arguments).stdin(Stdio::null()).output().ok()?;
    let path = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (output.status.success() && !path.is_empty()).then_some(path)
}
