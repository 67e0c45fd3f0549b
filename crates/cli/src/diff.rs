//! `weft diff`: what `weft up` would change.

use crate::args::DiffArgs;
use crate::client::Client;
use crate::connect::Connection;
use crate::failure::Failure;
use crate::project::{Project, print_differences};
use crate::up;

/// Prints the differences; none are an outcome as good as some.
pub(crate) async fn run(args: &DiffArgs) -> Result<(), Failure> {
    let client = Client::new(Connection::find(&args.connect)?);
    match Project::find(&args.path)? {
        Some(project) => print_differences(&client, &project, &args.stack, args.json).await,
        None => up::print_plan(&client, &args.path, args.json).await,
    }
}
