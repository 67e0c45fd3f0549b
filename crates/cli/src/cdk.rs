//! A folder with a `cdk.json`: the app is synthesised by its own library, its assets are uploaded, and its stacks wanted.

mod assembly;
mod assets;
mod bootstrap;
mod synth;

use std::path::Path;

use weft_template::cloudformation::Template;

use crate::archive;
use crate::client::Client;
use crate::failure::Failure;
use crate::objects::Bucket;
use crate::stack::{self, Source, Wanted};
pub(crate) use assembly::Place;
use assembly::{Assembly, StackArtifact};

/// A stack of an app, with the client of its region.
pub(crate) struct AppStack {
    pub(crate) client: Client,
    pub(crate) wanted: Wanted,
}

/// Whether the app's assets may be uploaded, and what is missing for that be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    Deploy,
    /// No stack is made or changed; assets are uploaded, as the server reads them to compare.
    Look,
}

/// Synthesises the app in a folder and makes ready what its stacks need; the stacks come in an order in which they can be
/// deployed.
pub(crate) async fn stacks(
    client: &Client,
    folder: &Path,
    context: &[(String, String)],
    effect: Effect,
) -> Result<Vec<AppStack>, Failure> {
    let account = client.account().await?;
    let output = synth::run(client, folder, &account, context).await?;
    let assembly = Assembly::read(&output)?;
    if assembly.stacks.is_empty() {
        return Err(Failure::Told(format!("the CDK app in `{}` has no stack", folder.display())));
    }
    let mut ready = Vec::new();
    for artifact in assembly.stacks {
        let place = artifact.place(&account, client.region())?;
        let client = client.in_region(&place.region);
        if let Some(parameter) = &artifact.bootstrap_parameter {
            prepare(&client, parameter, effect).await?;
        }
        let wanted = wanted(&client, &artifact, &place).await?;
        ready.push(AppStack { client, wanted });
    }
    Ok(ready)
}

/// Makes what the assets of an app need, where that may be made.
async fn prepare(client: &Client, parameter: &str, effect: Effect) -> Result<(), Failure> {
    if effect == Effect::Deploy {
        return bootstrap::ensure(client, parameter).await;
    }
    if bootstrap::is_there(client, parameter).await? {
        return Ok(());
    }
    Err(Failure::Told(format!(
        "{} was never prepared for CDK apps, so there is nothing to compare with\n  help: `weft up` prepares it and makes all \
         of the app",
        client.region()
    )))
}

async fn wanted(client: &Client, artifact: &StackArtifact, place: &Place) -> Result<Wanted, Failure> {
    for manifest in &artifact.asset_manifests {
        assets::publish(client, manifest, place).await?;
    }
    let text = archive::text(&artifact.template)?;
    let template = Template::parse(&text)
        .map_err(|error| Failure::Told(format!("`{}`: {error}", artifact.template.display())))?;
    let source = match artifact.template_url.as_deref() {
        Some(url) => Source::Url(place.filled(&url.replacen("s3:/", client.endpoint(), 1))),
        None if text.len() <= stack::BODY_BYTES_MAX => Source::Body(text),
        None => {
            let bucket = Bucket::of_artifacts(client, &place.account).await?;
            let key = bucket.put(".template.json", text.into_bytes(), &artifact.name).await?;
            Source::Url(bucket.url(&key))
        }
    };
    Ok(Wanted {
        name: artifact.name.clone(),
        template: source,
        declared: template.parameters().iter().map(|parameter| parameter.key.clone()).collect(),
        parameters: artifact.parameters.clone(),
        tags: artifact.tags.clone(),
    })
}
