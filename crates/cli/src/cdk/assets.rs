//! The files that an assembly's stacks need.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::Place;
use crate::archive;
use crate::client::Client;
use crate::failure::Failure;
use crate::objects::Bucket;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    #[serde(default)]
    files: BTreeMap<String, FileAsset>,
    #[serde(default)]
    docker_images: BTreeMap<String, Value>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FileAsset {
    display_name: Option<String>,
    source: FileSource,
    destinations: BTreeMap<String, Destination>,
}

#[derive(Debug, Deserialize)]
struct FileSource {
    path: Option<String>,
    packaging: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Destination {
    bucket_name: String,
    object_key: String,
}

/// Uploads the files that a manifest lists and that are not there.
pub(super) async fn publish(client: &Client, manifest: &Path, place: &Place) -> Result<(), Failure> {
    let folder = manifest.parent().unwrap_or_else(|| Path::new("."));
    let listed: Manifest = serde_json::from_str(&archive::text(manifest)?)
        .map_err(|error| Failure::Told(format!("`{}` cannot be read: {error}", manifest.display())))?;
    if let Some(image) = listed.docker_images.keys().next() {
        return Err(Failure::Told(format!(
            "the app has container images ({image}), which `weft up` does not build\n  help: `eval \"$(weft env)\"`, then `cdk \
             deploy` builds and pushes them"
        )));
    }
    for (id, asset) in listed.files {
        let name = asset.display_name.unwrap_or(id);
        for destination in asset.destinations.values() {
            let bucket = Bucket::named(client, place.filled(&destination.bucket_name));
            let key = place.filled(&destination.object_key);
            if bucket.has(&key).await? {
                continue;
            }
            let bytes = contents(folder, &name, &asset.source)?;
            bucket.put_as(&key, bytes, &name).await?;
        }
    }
    Ok(())
}

fn contents(folder: &Path, name: &str, source: &FileSource) -> Result<Vec<u8>, Failure> {
    let Some(path) = &source.path else {
        return Err(Failure::Told(format!(
            "the asset `{name}` is made by a program of its own, which `weft up` does not run\n  help: `eval \"$(weft env)\"`, \
             then `cdk deploy` runs it"
        )));
    };
    let path = folder.join(path);
    if source.packaging.as_deref() == Some("zip") && path.is_dir() {
        return archive::zip_folder(&path, &[]);
    }
    std::fs::read(&path).map_err(|error| archive::unreadable(&path, &error))
}
