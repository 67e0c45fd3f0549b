//! `weft rm`: removes an app, or one workload of it with its role and routes.

use std::collections::BTreeMap;

use serde_json::json;
use weft_template::removal;
use weft_types::{AppName, WorkloadName};

use crate::args::RmArgs;
use crate::client::Client;
use crate::connect::Connection;
use crate::execute::Executor;
use crate::failure::Failure;
use crate::inventory::NameError;
use crate::state::State;

/// Removes what the name means. Log groups stay, as they do when a function is deleted.
pub(crate) async fn run(args: &RmArgs) -> Result<(), Failure> {
    let client = Client::new(Connection::find(&args.connect)?);
    let unknown = || Failure::from(NameError::Unknown(args.name.clone()));
    let (app, workload) =
        args.name.split_once('/').map_or((args.name.as_str(), None), |(app, w)| (app, Some(w)));
    let app = AppName::parse(app).map_err(|_| unknown())?;
    let workload = workload.map(WorkloadName::parse).transpose().map_err(|_| unknown())?;
    let state = State::read(&client, &app).await?;
    let plan = removal(&state.resources, workload.as_ref());
    if plan.is_empty() {
        return Err(unknown());
    }
    let builds = BTreeMap::new();
    let executor = Executor { client: &client, app: &app, builds: &builds, route_ids: &state.route_ids };
    for step in plan.steps() {
        eprintln!("{step}");
        executor.step(step).await?;
    }
    if args.json {
        let changes: Vec<String> = plan.steps().iter().map(ToString::to_string).collect();
        println!("{}", json!({"changes": changes}));
    }
    Ok(())
}
