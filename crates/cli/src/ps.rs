//! `weft ps`: workloads, stacks, where they answer, their workers, and what starting those took.

mod running;

use serde_json::{Value, json};
use weft_model::cloudformation::Stack;
use weft_model::weft::WorkerDescription;
use weft_types::Timestamp;

use crate::args::PsArgs;
use crate::client::Client;
use crate::connect::Connection;
use crate::exposure;
use crate::failure::Failure;
use crate::inventory::{self, App, NameError, Named, Running};
use crate::rollout;
use crate::stack;
use crate::table::table;

/// Prints apps' workloads, then workers, then the starts of workers.
pub(crate) async fn run(args: &PsArgs) -> Result<(), Failure> {
    let connection = Connection::find(&args.connect)?;
    let endpoint = connection.endpoint.clone();
    let client = Client::new(connection);
    let mut apps = inventory::apps(&client).await?;
    let mut running = inventory::running(&client).await?;
    let stacks = if args.app.is_none() { stack::all(&client).await? } else { Vec::new() };
    if let Some(wanted) = &args.app {
        apps.retain(|app| app.name == *wanted);
        running.workers.retain(|worker| worker.app.as_deref() == Some(wanted));
        running.starts.retain(|starts| starts.app.as_deref() == Some(wanted));
        if apps.is_empty() {
            return Err(NameError::Unknown(wanted.clone()).into());
        }
    }
    if args.json {
        println!("{}", as_json(&apps, &running, &stacks, &endpoint));
    } else {
        print!("{}", as_text(&apps, &running, &stacks, &endpoint, client.now()));
        print!("{}", news_text(&apps));
        if let Some(note) = exposure::note(&client, &exposure::unsaid_of_apps(&apps)).await {
            println!("\n{note}");
        }
    }
    Ok(())
}

/// How many workers a workload has. A function's workers carry its Lambda name.
fn count(workers: &[WorkerDescription], workload: &Named) -> usize {
    workers.iter().filter(|worker| is_of(worker, workload)).count()
}

fn is_of(worker: &WorkerDescription, workload: &Named) -> bool {
    match &workload.function {
        Some(function) => worker.kind == "function" && worker.name == *function,
        None => worker.app.as_deref() == Some(&workload.app) && worker.name == workload.name,
    }
}

/// The workloads of apps as JSON; also what `weft up --json` shows.
pub(crate) fn workloads_json(apps: &[App], workers: &[WorkerDescription], endpoint: &str) -> Vec<Value> {
    let all = apps.iter().flat_map(|app| app.workloads().into_iter().map(move |workload| (app, workload)));
    all.map(|(app, w)| {
        let kind = if w.function.is_some() { "function" } else { "service" };
        json!({
            "app": w.app, "name": w.name, "kind": kind, "functionName": w.function, "logGroup": w.log_group,
            "workers": count(workers, &w), "urls": app.urls(endpoint, &w.name), "routes": routes_json(app, &w.name),
            "rollout": state_json(app, &w),
        })
    })
    .collect()
}

/// How far a service's latest revision is; functions have no such state.
fn state_json(app: &App, workload: &Named) -> Value {
    let service = app.services.iter().find(|s| workload.function.is_none() && s.name == workload.name);
    service.map_or(Value::Null, |s| {
        json!({
            "revision": s.revision, "latestRevision": s.latest_revision, "state": s.state, "reason": s.state_reason,
        })
    })
}

/// What is to be told of services whose latest revision does not serve, after an empty line.
pub(crate) fn news_text(apps: &[App]) -> String {
    let news = apps.iter().flat_map(|app| &app.services).filter_map(rollout::news);
    news.fold(String::new(), |text, news| text + "\n" + &news + "\n")
}

/// The routes that lead to a workload, and who may use them.
fn routes_json(app: &App, workload: &str) -> Vec<Value> {
    let routes = app.routes.iter().filter(|route| route.target == workload);
    routes.map(|r| json!({"host": r.host, "path": r.path, "auth": r.auth})).collect()
}

fn as_json(apps: &[App], running: &Running, stacks: &[Stack], endpoint: &str) -> Value {
    let workers = &running.workers;
    let named: Vec<Named> = apps.iter().flat_map(App::workloads).collect();
    let workers_json: Vec<Value> = workers
        .iter()
        .map(|w| {
            let workload = named.iter().find(|n| is_of(w, n)).map_or(w.name.clone(), |n| n.name.clone());
            json!({
                "id": w.id, "app": w.app, "workload": workload, "name": w.name, "kind": w.kind, "revision": w.revision,
                "state": w.state, "inFlight": w.in_flight, "served": w.served, "memoryBytes": w.memory_bytes,
                "started": w.started.iso8601(), "pid": w.pid,
            })
        })
        .collect();
    json!({
        "workloads": workloads_json(apps, workers, endpoint), "workers": workers_json,
        "starts": running::starts_json(&running.starts, &named), "stacks": stack::stacks_json(stacks),
    })
}

/// The table of workloads; also what `weft up` shows.
pub(crate) fn workloads_text(apps: &[App], workers: &[WorkerDescription], endpoint: &str) -> String {
    let mut rows = Vec::new();
    for app in apps {
        for workload in app.workloads() {
            let urls = app.urls(endpoint, &workload.name);
            let kind = if workload.function.is_some() { "function" } else { "service" };
            rows.push(vec![
                workload.app.clone(),
                workload.name.clone(),
                kind.to_owned(),
                count(workers, &workload).to_string(),
                urls.first().cloned().unwrap_or_default(),
            ]);
            if urls.len() > 1 {
                let last = urls.last().cloned().unwrap_or_default();
                rows.push(vec![String::new(), String::new(), String::new(), String::new(), last]);
            }
        }
    }
    table(&["app", "workload", "kind", "workers", "url"], &rows)
}

fn as_text(apps: &[App], running: &Running, stacks: &[Stack], endpoint: &str, now: Timestamp) -> String {
    let workers = &running.workers;
    let mut text = match (apps, stacks) {
        ([], []) => "Nothing is deployed. `weft up PATH` deploys a file or a folder.\n".to_owned(),
        ([], stacks) => stack::stacks_text(stacks),
        (apps, []) => workloads_text(apps, workers, endpoint),
        (apps, stacks) => workloads_text(apps, workers, endpoint) + "\n" + &stack::stacks_text(stacks),
    };
    let named: Vec<Named> = apps.iter().flat_map(App::workloads).collect();
    text.push('\n');
    if workers.is_empty() {
        text.push_str("No worker runs; the first request starts one.\n");
    } else {
        text.push_str(&running::workers_text(workers, &named, now));
    }
    text + &running::starts_text(&running.starts, &named)
}
