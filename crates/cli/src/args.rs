//! What the command line accepts.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// Your own cloud in one binary: services and functions behind one gateway.
#[derive(Debug, Parser)]
#[command(
    name = "weft",
    version,
    about = "Your own cloud in one binary: services and functions behind one gateway",
    after_help = "Start here:\n  weft up hello.py            serve a Flask file\n  weft up ./shop              deploy a folder: weft.toml, a CDK app, a SAM or CloudFormation template, plain code\n  weft diff ./shop            what the next `weft up` would change\n  eval \"$(weft env)\"          from here on the aws CLI and every AWS SDK talk to Weft\n\nExit codes: 0 done, 1 failed, 2 wrong usage.",
    disable_help_subcommand = true,
    arg_required_else_help = true
)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the server until SIGTERM or Ctrl-C
    Server(ServerArgs),
    /// Deploy a file or a folder, and show what runs where
    Up(UpArgs),
    /// Show what `weft up` would change, and change nothing
    Diff(DiffArgs),
    /// Print the exports with which `aws`, `cdk`, `sam`, `terraform` and every SDK talk to Weft
    Env(EnvArgs),
    /// Show workloads and their workers
    Ps(PsArgs),
    /// Show what workloads print
    Logs(LogsArgs),
    /// Invoke a function with an event
    Invoke(InvokeArgs),
    /// Remove an app, one workload of it, or a stack
    Rm(RmArgs),
    /// Say why a request was allowed or refused, by its id
    Explain(ExplainArgs),
    /// Show the server, its isolation, what is missing for a better one and how to get it
    Status(StatusArgs),
    /// Say where the certificate authority for https is, and make this machine trust it
    Trust(TrustArgs),
    /// Print the completion script for a shell
    Completions(CompletionsArgs),
}

/// Where the server is; for every subcommand that talks to it.
#[derive(Debug, Clone, Args)]
pub struct ConnectArgs {
    /// The server's data folder, where its address and the admin key are found
    /// [default: `/var/lib/weft` for root, `$XDG_DATA_HOME/weft` for others]
    #[arg(long, env = "WEFT_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// The server's address, for one on another machine; keys then come from `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`
    #[arg(long, env = "WEFT_ENDPOINT", value_name = "URL")]
    pub endpoint: Option<String>,
}

/// `weft server`.
#[derive(Debug, Clone, Args)]
pub struct ServerArgs {
    /// Where everything durable lives [default: `/var/lib/weft` for root, `$XDG_DATA_HOME/weft` for others]
    #[arg(long, env = "WEFT_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// The address of the APIs and of workloads; port 0 takes a free one
    #[arg(long, env = "WEFT_LISTEN", value_name = "ADDR:PORT", default_value = "127.0.0.1:4566")]
    pub listen: SocketAddr,
    /// A public address that serves workloads only, never the APIs
    #[arg(long, env = "WEFT_EDGE", value_name = "ADDR:PORT")]
    pub edge: Option<SocketAddr>,
    /// Pins the key of the user `admin`
    #[arg(long, env = "WEFT_ADMIN_KEY", value_name = "ID:SECRET", hide_env_values = true)]
    pub admin_key: Option<String>,
    /// Where records are kept; only the embedded store is built so far
    #[arg(long, env = "WEFT_STORE", value_name = "URL", hide_env_values = true)]
    pub store: Option<String>,
    /// How requests are spread over cores; docs/performance.md compares the two
    #[arg(long, env = "WEFT_DATA_PLANE", value_name = "HOW", default_value = "shared")]
    pub data_plane: DataPlane,
}

/// How requests are spread over cores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum DataPlane {
    /// One runtime whose threads take work from each other
    Shared,
    /// A runtime per core, each accepting for itself
    PerCore,
}

/// `weft up`.
#[derive(Debug, Clone, Args)]
#[command(
    after_help = "What PATH may be:\n  hello.py, app.js     a program that serves, or a function\n  FOLDER               with the first of: weft.toml; cdk.json (the app is synthesised, with the CDK's command line where\n                       there is one); samconfig.toml or template.yaml/.yml/.json; plain code\n  FILE.yaml, FILE.json a template of CloudFormation or SAM\n\nExamples:\n  weft up examples/cdk-hello --detach\n  weft up ./sam-app --parameter Stage=dev\n  weft up network.yaml --name network --plan"
)]
pub struct UpArgs {
    /// A file (`hello.py`, `network.yaml`), or a folder with a `weft.toml`, a CDK app, a template or plain code
    #[arg(value_name = "PATH", default_value = ".")]
    pub path: PathBuf,
    /// Leave the server running and return when everything is deployed
    #[arg(long)]
    pub detach: bool,
    /// Print what would change, and change nothing
    #[arg(long)]
    pub plan: bool,
    /// The address of a server that has to be started; port 0 takes a free one
    #[arg(long, env = "WEFT_LISTEN", value_name = "ADDR:PORT", default_value = "127.0.0.1:4566")]
    pub listen: SocketAddr,
    /// Print one JSON document instead of tables
    #[arg(long)]
    pub json: bool,
    /// What stacks are given.
    #[command(flatten)]
    pub stack: StackArgs,
    /// Where the server is.
    #[command(flatten)]
    pub connect: ConnectArgs,
}

/// What a stack is given; for paths that are a template or a CDK app.
#[derive(Debug, Clone, Default, Args)]
pub struct StackArgs {
    /// The stack's name [default: what samconfig.toml says, else the folder's]
    #[arg(long, value_name = "STACK")]
    pub name: Option<String>,
    /// A value for a parameter of the template; may be given again
    #[arg(long = "parameter", value_name = "KEY=VALUE", value_parser = pair)]
    pub parameters: Vec<(String, String)>,
    /// A value for the CDK app's context; may be given again
    #[arg(short, long, value_name = "KEY=VALUE", value_parser = pair)]
    pub context: Vec<(String, String)>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("it looks like KEY=VALUE")?;
    if key.is_empty() {
        return Err("there is no KEY before the `=`".to_owned());
    }
    Ok((key.to_owned(), value.to_owned()))
}

/// `weft diff`.
#[derive(Debug, Clone, Args)]
pub struct DiffArgs {
    /// What `weft up` takes: a file or a folder
    #[arg(value_name = "PATH", default_value = ".")]
    pub path: PathBuf,
    /// Print one JSON document instead of text
    #[arg(long)]
    pub json: bool,
    /// What stacks are given.
    #[command(flatten)]
    pub stack: StackArgs,
    /// Where the server is.
    #[command(flatten)]
    pub connect: ConnectArgs,
}

/// `weft env`.
#[derive(Debug, Clone, Args)]
pub struct EnvArgs {
    /// An https address, and the variables that make programs trust its certificate
    #[arg(long)]
    pub https: bool,
    /// Print one JSON object instead of shell exports
    #[arg(long)]
    pub json: bool,
    /// Where the server is.
    #[command(flatten)]
    pub connect: ConnectArgs,
}

/// `weft ps`.
#[derive(Debug, Clone, Args)]
pub struct PsArgs {
    /// Only this app
    #[arg(value_name = "APP")]
    pub app: Option<String>,
    /// Print JSON instead of a table
    #[arg(long)]
    pub json: bool,
    /// Where the server is.
    #[command(flatten)]
    pub connect: ConnectArgs,
}

/// `weft logs`.
#[derive(Debug, Clone, Args)]
pub struct LogsArgs {
    /// A workload (`web`, or `shop/web`), an app, or a log group (`/aws/lambda/hello`); all apps without it
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// Go on with what comes
    #[arg(short, long)]
    pub follow: bool,
    /// How far back to begin: `90s`, `15m`, `2h`, `1d`
    #[arg(long, value_name = "TIME", default_value = "10m")]
    pub since: String,
    /// Print one JSON object a line
    #[arg(long)]
    pub json: bool,
    /// Where the server is.
    #[command(flatten)]
    pub connect: ConnectArgs,
}

/// `weft invoke`.
#[derive(Debug, Clone, Args)]
pub struct InvokeArgs {
    /// The function: `thumbnail`, `shop/thumbnail`, or a Lambda function's name or ARN
    #[arg(value_name = "FUNCTION")]
    pub function: String,
    /// The event as JSON; `-` reads it from standard input, `@FILE` from a file [default: {}]
    #[arg(value_name = "EVENT", conflicts_with = "event_file")]
    pub event: Option<String>,
    /// Read the event from a file
    #[arg(long, value_name = "FILE")]
    pub event_file: Option<PathBuf>,
    /// The version (`3`, `$LATEST`) or the alias to invoke
    #[arg(long, value_name = "VERSION")]
    pub qualifier: Option<String>,
    /// Hand the event over and return at once; the function runs later, and its answer goes to its destinations
    #[arg(long = "async")]
    pub asynchronous: bool,
    /// Print the answer, its status, the log's tail and the times in one JSON object
    #[arg(long)]
    pub json: bool,
    /// Where the server is.
    #[command(flatten)]
    pub connect: ConnectArgs,
}

/// `weft rm`.
#[derive(Debug, Clone, Args)]
pub struct RmArgs {
    /// An app (`shop`), a workload of one (`shop/web`), or a stack
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Print JSON instead of text
    #[arg(long)]
    pub json: bool,
    /// Where the server is.
    #[command(flatten)]
    pub connect: ConnectArgs,
}

/// `weft explain`.
#[derive(Debug, Clone, Args)]
pub struct ExplainArgs {
    /// The request's id, from the header `x-amzn-requestid` of its answer
    #[arg(value_name = "REQUEST-ID")]
    pub request_id: String,
    /// Print JSON instead of text
    #[arg(long)]
    pub json: bool,
    /// Where the server is.
    #[command(flatten)]
    pub connect: ConnectArgs,
}

/// `weft status`.
#[derive(Debug, Clone, Args)]
pub struct StatusArgs {
    /// Print JSON instead of text
    #[arg(long)]
    pub json: bool,
    /// Where the server is.
    #[command(flatten)]
    pub connect: ConnectArgs,
}

/// `weft trust`.
#[derive(Debug, Clone, Args)]
pub struct TrustArgs {
    /// Add it to the authorities that this machine trusts (Debian's `update-ca-certificates`; needs root)
    #[arg(long, conflicts_with_all = ["print", "json"])]
    pub install: bool,
    /// Print the certificate as PEM
    #[arg(long, conflicts_with = "json")]
    pub print: bool,
    /// Print where it is as one JSON object
    #[arg(long)]
    pub json: bool,
    /// Where the server is.
    #[command(flatten)]
    pub connect: ConnectArgs,
}

/// `weft completions`.
#[derive(Debug, Clone, Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub shell: clap_complete::Shell,
}
