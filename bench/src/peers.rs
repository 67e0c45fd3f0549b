//! `weft-bench peers`: the same signed requests to Weft, to what others use instead of it, and to a bare hyper server.
//!
//! Only one server runs at a time. Peers come from their registries through the ordinary clients into a folder of their
//! own; what cannot be run here is named below the tables with its reason.

mod handlers;
mod install;
mod kinds;
mod measure;
mod process;
mod tables;

use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::floor;
use crate::report::Table;
use crate::server::Weft;
use kinds::{Counter, Target};
use measure::{Measured, Plan};

/// Measures all that can be run.
pub(crate) async fn measure(weft: &Weft, quick: bool) -> Result<Vec<Table>, String> {
    let began = Instant::now();
    let step = |text: &str| eprintln!("{:5.1} s  {text}", began.elapsed().as_secs_f64());
    let plan = if quick { Plan::QUICK } else { Plan::FULL };
    let folder = folder();
    let (mut measured, mut notes) = (Measured::default(), Vec::new());

    if weft.in_memory() {
        notes.push(
            "The data folder lay in memory, where a durable write costs nothing: TMPDIR names another."
                .to_owned(),
        );
    }
    step("the floor");
    floor_of(&plan, &mut measured).await?;
    step("weft");
    weft_of(weft, &plan, &mut measured).await?;
    for peer in kinds::ALL {
        step(peer.name);
        if let Err(reason) = peer_of(peer, &folder, weft, &plan, &mut measured).await {
            notes.push(format!("{} was not measured: {reason}", peer.name));
        }
    }
    step("done");
    Ok(tables::all(&measured, notes))
}

/// Where peers are installed: `WEFT_BENCH_PEERS`, else `.tools/peers` of the source tree.
fn folder() -> PathBuf {
    let named = std::env::var_os("WEFT_BENCH_PEERS").map(PathBuf::from);
    named.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name(".tools").join("peers"))
}

async fn floor_of(plan: &Plan, measured: &mut Measured) -> Result<(), String> {
    let floor = floor::Process::start("shared").map_err(|error| format!("no floor: {error}"))?;
    let target = Target::floor(floor.address);
    measured.take(&target, plan).await
}

async fn weft_of(weft: &Weft, plan: &Plan, measured: &mut Measured) -> Result<(), String> {
    let (folder, data) = (weft.path("peers-app"), weft.path("peers-data"));
    handlers::write_app(&folder).map_err(|error| format!("the app cannot be written: {error}"))?;
    let server = weft.start(&data, None).await?;
    let outcome = async {
        weft.up(&data, &folder).await?;
        let counter = Counter::Served { weft, data: &data, function: "peers-counted" };
        let target = Target::weft(server.address, weft.access(&data).await?, counter);
        measured.take(&target, plan).await
    };
    let outcome = outcome.await;
    server.stop().await?;
    outcome
}

async fn peer_of(
    peer: &kinds::Kind,
    folder: &Path,
    weft: &Weft,
    plan: &Plan,
    measured: &mut Measured,
) -> Result<(), String> {
    let home = install::install(peer, folder).await?;
    let work = weft.path(peer.name);
    std::fs::create_dir_all(&work).map_err(|error| error.to_string())?;
    let mut running = process::Running::default();
    let outcome = async {
        let target = kinds::start(peer, &home, &work, &mut running).await?;
        measured.take(&target, plan).await
    };
    let outcome = outcome.await;
    running.stop().await;
    outcome.map_err(|reason| format!("{reason}{}", process::said(&work)))
}
