//! `weft up`: from a file or a folder to URLs that answer.

use std::path::{Path, PathBuf};

use anstyle::AnsiColor;
use serde_json::json;
use weft_model::sts::{GetCallerIdentityRequest, GetCallerIdentityResponse};
use weft_template::{Manifest, Placement, Plan, Resource, Step, diff};
use weft_types::{AccountId, Timestamp, WorkloadName};

use crate::args::UpArgs;
use crate::build::Packs;
use crate::client::Client;
use crate::connect::{Connection, data_folder, running_server};
use crate::execute::Executor;
use crate::exposure;
use crate::failure::Failure;
use crate::files::Folder;
use crate::inventory::{self, App};
use crate::launch::{Launched, launch};
use crate::logs::{Follower, Group};
use crate::project::{self, Project};
use crate::ps;
use crate::rollout;
use crate::state::State;
use crate::table::coloured;

/// Deploys, shows what runs where, and unless detached streams logs until Ctrl-C.
pub(crate) async fn run(args: &UpArgs) -> Result<(), Failure> {
    let wanted = match Project::find(&args.path)? {
        Some(project) => What::Stacks(project),
        None => app(&args.path)?,
    };
    let launched = start_if_needed(args).await?;
    let is_ours = launched.is_some();
    let outcome = match &wanted {
        What::Stacks(project) => stacks_and_follow(args, project, is_ours).await,
        What::App(manifest, packs) => deploy_and_follow(args, manifest, packs, is_ours).await,
    };
    match (launched, outcome) {
        (Some(server), Ok(())) if args.detach => server.leave(),
        (Some(server), outcome) => {
            eprintln!("weft: draining and stopping the server; `--detach` leaves it running");
            server.stop().await?;
            return outcome;
        }
        (None, outcome) => return outcome,
    }
    Ok(())
}

/// What a path is deployed as.
enum What {
    App(Manifest, Packs),
    Stacks(Project),
}

/// Reads and packs an app, and tells what was made of its code.
fn app(path: &Path) -> Result<What, Failure> {
    let (root, manifest) = read(path)?;
    for note in &manifest.notes {
        eprintln!("  {note}");
    }
    let packs = Packs::of(&manifest, &root)?;
    Ok(What::App(manifest, packs))
}

/// Prints what would change of the app at a path.
pub(crate) async fn print_plan(client: &Client, path: &Path, is_json: bool) -> Result<(), Failure> {
    let (root, manifest) = read(path)?;
    let packs = Packs::of(&manifest, &root)?;
    let (_, plan) = plan(client, &manifest, &packs).await?;
    if is_json {
        let changes: Vec<String> = plan.steps().iter().map(ToString::to_string).collect();
        println!("{}", json!({"app": manifest.app.as_str(), "changes": changes}));
    } else if plan.is_empty() {
        println!("{}  no difference", manifest.app);
    } else {
        print!("{plan}");
    }
    Ok(())
}

async fn stacks_and_follow(args: &UpArgs, project: &Project, is_ours: bool) -> Result<(), Failure> {
    let began = Client::new(Connection::find(&args.connect)?).now();
    let (client, groups) = project::deploy(args, project).await?;
    if args.plan || args.detach || args.json {
        return Ok(());
    }
    follow(client, groups, began, is_ours).await
}

/// Reads what lies at a path: the folder that holds the code, and its manifest.
fn read(path: &Path) -> Result<(PathBuf, Manifest), Failure> {
    let found = path.canonicalize().map_err(|error| {
        let reason = if error.kind() == std::io::ErrorKind::NotFound {
            "there is no such file or folder".to_owned()
        } else {
            error.to_string()
        };
        Failure::Told(format!(
            "`{}`: {reason}; name a file such as `hello.py`, or a folder with a weft.toml or plain code",
            path.display()
        ))
    })?;
    let text =
        |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let (root, manifest) = if found.is_dir() {
        let manifest = weft_template::read_folder(&text(&found), &Folder::new(&found));
        (found, manifest)
    } else {
        let root = found.parent().map(Path::to_path_buf).unwrap_or_default();
        let manifest = weft_template::read_file(&text(&found), &Folder::new(&root));
        (root, manifest)
    };
    let manifest = manifest.map_err(|wrong| {
        let lines: Vec<String> = wrong.iter().map(ToString::to_string).collect();
        Failure::Told(lines.join("\n"))
    })?;
    Ok((root, manifest))
}

async fn start_if_needed(args: &UpArgs) -> Result<Option<Launched>, Failure> {
    if args.connect.endpoint.is_some() {
        return Ok(None);
    }
    let data = data_folder(&args.connect)?;
    if running_server(&data)?.is_some() {
        return Ok(None);
    }
    eprintln!("weft: starting a server with the data folder `{}`", data.display());
    launch(&data, args.listen).await.map(Some)
}

async fn deploy_and_follow(
    args: &UpArgs,
    manifest: &Manifest,
    packs: &Packs,
    is_ours: bool,
) -> Result<(), Failure> {
    let client = Client::new(Connection::find(&args.connect)?);
    let began = client.now();
    let plan = plan(&client, manifest, packs).await?;
    if !args.plan {
        carry_out(&client, manifest, packs, &plan).await?;
    }
    let serving = if args.plan { Ok(()) } else { rollout::wait(&client, manifest).await };
    show(args, &client, manifest, &plan, serving.is_ok()).await?;
    serving?;
    if args.plan || args.detach || args.json {
        return Ok(());
    }
    let app = read_app(&client, manifest).await?;
    let groups = app.iter().flat_map(App::workloads);
    let groups = groups.map(|w| Group { label: w.name, name: w.log_group }).collect();
    follow(client, groups, began, is_ours).await
}

/// Prints what workloads print until Ctrl-C.
async fn follow(client: Client, groups: Vec<Group>, began: Timestamp, is_ours: bool) -> Result<(), Failure> {
    let mut follower = Follower::new(client, groups, began, false);
    eprintln!(
        "\nweft: logs follow; Ctrl-C {}",
        if is_ours { "stops everything" } else { "leaves everything running" }
    );
    tokio::select! {
        ended = follower.forever() => ended.map_err(Failure::from),
        () = interrupted() => Ok(()),
    }
}

async fn interrupted() {
    let term = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
    let Ok(mut term) = term else { return };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = term.recv() => {}
    }
}

async fn plan(client: &Client, manifest: &Manifest, packs: &Packs) -> Result<(State, Plan), Failure> {
    let caller: GetCallerIdentityResponse =
        client.call("sts", "GetCallerIdentity", GetCallerIdentityRequest {}).await?;
    let account =
        caller.account.as_deref().and_then(|text| AccountId::parse(text).ok()).unwrap_or(AccountId::DEFAULT);
    let placement = Placement { account, digests: packs.digests() };
    let desired = manifest.resources(&placement).map_err(|error| Failure::Told(error.to_string()))?;
    let state = State::read(client, &manifest.app).await?;
    let plan = diff(&state.resources, &desired, &manifest.part).map_err(|conflicts| {
        let lines: Vec<String> = conflicts.iter().map(ToString::to_string).collect();
        Failure::Told(format!(
            "{}\n  help: rename it here, or remove it there with `weft rm`",
            lines.join("\n")
        ))
    })?;
    Ok((state, plan))
}

async fn carry_out(
    client: &Client,
    manifest: &Manifest,
    packs: &Packs,
    (state, plan): &(State, Plan),
) -> Result<(), Failure> {
    let builds = packs.build(client, &with_new_code(plan)).await?;
    let executor = Executor { client, app: &manifest.app, builds: &builds, route_ids: &state.route_ids };
    for step in plan.steps() {
        let sign = match step {
            Step::Create(_) => AnsiColor::Green,
            Step::Update { .. } => AnsiColor::Yellow,
            Step::Delete(_) => AnsiColor::Red,
        };
        eprintln!("{}", coloured(&step.to_string(), sign));
        executor.step(step).await?;
    }
    Ok(())
}

/// The workloads that need a build. A function whose directory entry or Lambda function is new needs its code's build as well.
fn with_new_code(plan: &Plan) -> Vec<WorkloadName> {
    let names = plan.steps().iter().filter_map(|step| match step {
        Step::Create(Resource::Function(function))
        | Step::Update { to: Resource::Function(function), .. } => Some(function.name.clone()),
        Step::Create(Resource::Service(service)) => Some(service.name.clone()),
        Step::Update { to: Resource::Service(service), changed, .. } if changed.contains(&"code") => {
            Some(service.name.clone())
        }
        _ => None,
    });
    names.collect()
}

async fn read_app(client: &Client, manifest: &Manifest) -> Result<Option<App>, Failure> {
    Ok(inventory::apps(client).await?.into_iter().find(|app| app.name == manifest.app.as_str()))
}

async fn show(
    args: &UpArgs,
    client: &Client,
    manifest: &Manifest,
    (_, plan): &(State, Plan),
    is_serving: bool,
) -> Result<(), Failure> {
    let apps: Vec<App> = read_app(client, manifest).await?.into_iter().collect();
    let workers = inventory::running(client).await?.workers;
    if args.json {
        let changes: Vec<String> = plan.steps().iter().map(ToString::to_string).collect();
        let workloads = ps::workloads_json(&apps, &workers, client.endpoint());
        println!("{}", json!({"app": manifest.app.as_str(), "changes": changes, "workloads": workloads}));
        return Ok(());
    }
    if args.plan {
        print!("{plan}");
    }
    if plan.is_empty() {
        eprintln!("weft: nothing to change");
    }
    if let Some(note) = exposure::note(client, &exposure::unsaid_of_manifest(manifest)).await {
        eprintln!("{note}");
    }
    if !args.plan {
        print!("\n{}", ps::workloads_text(&apps, &workers, client.endpoint()));
    }
    if !args.plan && is_serving {
        print!("{}", ps::news_text(&apps));
    }
    Ok(())
}
