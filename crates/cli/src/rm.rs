//! `weft rm`: removes an app, one workload of it with its role and routes, or a stack.

use std::collections::BTreeMap;

use serde_json::json;
use weft_template::{Plan, removal};
use weft_types::{AppName, WorkloadName};

use crate::args::RmArgs;
use crate::client::Client;
use crate::connect::Connection;
use crate::execute::Executor;
use crate::failure::Failure;
use crate::inventory::NameError;
use crate::stack;
use crate::state::State;

/// Removes what the name means. Log groups stay, as they do when a function is deleted.
pub(crate) async fn run(args: &RmArgs) -> Result<(), Failure> {
    let client = Client::new(Connection::find(&args.connect)?);
    let Some((app, state, plan)) = app(&client, &args.name).await? else {
        return stack(&client, args).await;
    };
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

/// The app that a name means, and the removal of it or of its workload; none where there is no such thing.
async fn app(client: &Client, name: &str) -> Result<Option<(AppName, State, Plan)>, Failure> {
    let (app, workload) = name.split_once('/').map_or((name, None), |(app, w)| (app, Some(w)));
    let Ok(app) = AppName::parse(app) else { return Ok(None) };
    let Ok(workload) = workload.map(WorkloadName::parse).transpose() else { return Ok(None) };
    let state = State::read(client, &app).await?;
    let plan = removal(&state.resources, workload.as_ref());
    Ok((!plan.is_empty()).then_some((app, state, plan)))
}

/// Removes a stack, and tells what of it stays.
async fn stack(client: &Client, args: &RmArgs) -> Result<(), Failure> {
    let name = &args.name;
    // A name with a slash is a workload's; the rest that no stack can have is left to the server.
    let stack = if name.contains('/') && !name.starts_with("arn:") {
        None
    } else {
        stack::find(client, name).await?
    };
    let stack = stack.ok_or_else(|| NameError::Unknown(name.clone()))?;
    let removed = stack::remove(client, &stack).await?;
    for kept in &removed.retained {
        eprintln!("  kept, as the template says: {kept}");
    }
    if args.json {
        println!("{}", json!({"stack": stack.stack_name, "retained": removed.retained}));
    }
    Ok(())
}
