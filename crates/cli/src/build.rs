//! Uploading code that the server lacks, and waiting for its builds, with progress.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use weft_model::weft::{
    BuildDescription, CreateBuildRequest, CreateBuildResponse, DescribeBuildRequest, DescribeBuildResponse,
    FindMissingBlobsRequest, FindMissingBlobsResponse, PackageSettings, PutBlobRequest, PutBlobResponse,
};
use weft_template::{Code, Manifest};
use weft_types::{WorkloadName, error_chain};

use crate::client::Client;
use crate::failure::Failure;
use crate::pack::{Packed, pack};
use crate::progress::Progress;

/// How often a running build is asked for news.
const POLL: Duration = Duration::from_millis(150);

/// The packed code of a manifest's workloads.
pub(crate) struct Packs {
    packs: BTreeMap<WorkloadName, (Code, Packed)>,
}

impl Packs {
    /// Packs the code of every workload of a manifest that lies in `root`.
    pub(crate) fn of(manifest: &Manifest, root: &Path) -> Result<Self, Failure> {
        let mut packs = BTreeMap::new();
        for workload in manifest.code() {
            let folder = if workload.code.path.is_empty() {
                root.to_path_buf()
            } else {
                root.join(&workload.code.path)
            };
            let packed = pack(&folder, workload.code.only.as_deref());
            let packed = packed.map_err(|error| Failure::Told(error_chain(&error)))?;
            if let Some(note) = &packed.note {
                eprintln!("  {}: note: {note}", workload.name);
            }
            packs.insert(workload.name.clone(), (workload.code.clone(), packed));
        }
        Ok(Self { packs })
    }

    /// The digest of each workload's code.
    pub(crate) fn digests(&self) -> BTreeMap<WorkloadName, String> {
        self.packs.iter().map(|(name, (_, packed))| (name.clone(), packed.digest.clone())).collect()
    }

    /// Uploads what the server lacks and builds the code of `wanted`; gives the id of each one's build.
    pub(crate) async fn build(
        &self,
        client: &Client,
        wanted: &[WorkloadName],
    ) -> Result<BTreeMap<WorkloadName, String>, Failure> {
        let mut builds = BTreeMap::new();
        for name in wanted {
            let Some((code, packed)) = self.packs.get(name) else { continue };
            upload(client, name, packed).await?;
            builds.insert(name.clone(), build(client, name, code, packed).await?);
        }
        Ok(builds)
    }
}

async fn upload(client: &Client, name: &WorkloadName, packed: &Packed) -> Result<(), Failure> {
    let request = FindMissingBlobsRequest { digests: vec![packed.digest.clone()] };
    let answer: FindMissingBlobsResponse = client.call("weft", "FindMissingBlobs", request).await?;
    if answer.missing.unwrap_or_default().is_empty() {
        return Ok(());
    }
    eprintln!("  {name}: uploading {} KiB", packed.bytes.len().div_ceil(1024));
    let request = PutBlobRequest { digest: packed.digest.clone(), body: Bytes::from(packed.bytes.clone()) };
    client.call::<_, PutBlobResponse>("weft", "PutBlob", request).await?;
    Ok(())
}

async fn build(
    client: &Client,
    name: &WorkloadName,
    code: &Code,
    packed: &Packed,
) -> Result<String, Failure> {
    let request = CreateBuildRequest {
        source: packed.digest.clone(),
        kind: code.build.as_str().to_owned(),
        interpreter: code.interpreter.clone(),
        requirements: Some(code.requirements.clone()),
        package_settings: Some(package_settings()),
    };
    let answer: CreateBuildResponse = client.call("weft", "CreateBuild", request).await?;
    let started =
        answer.build.ok_or_else(|| Failure::Told(format!("the server made no build for `{name}`")))?;
    let progress = Progress::new(name);
    let mut after = None;
    loop {
        let request = DescribeBuildRequest { build_id: started.build_id.clone(), after };
        let news: DescribeBuildResponse = client.call("weft", "DescribeBuild", request).await?;
        for line in news.lines.unwrap_or_default() {
            progress.line(&line.text);
        }
        after = news.next_after.or(after);
        let Some(build) = news.build else { continue };
        match build.state.as_str() {
            "SUCCEEDED" => {
                progress.clear();
                for note in build.notes.iter().flatten() {
                    eprintln!("  {name}: note: {note}");
                }
                return Ok(build.build_id);
            }
            "FAILED" => {
                progress.clear();
                return Err(Failure::Told(failed(name, &build)));
            }
            _ => tokio::time::sleep(POLL).await,
        }
    }
}

/// A failed build as a person reads it: what, the last of the output, and the next step.
fn failed(name: &WorkloadName, build: &BuildDescription) -> String {
    let Some(error) = &build.error else { return format!("the build of `{name}` failed") };
    let mut text = format!("the build of `{name}` failed: {}", error.message);
    for line in error.output.iter().flatten() {
        text.push_str("\n  ");
        text.push_str(line);
    }
    if let Some(help) = &error.help {
        text.push_str("\n  help: ");
        text.push_str(help);
    }
    text
}

/// What the package clients of this machine are told, so that the server's builds find the same packages.
fn package_settings() -> PackageSettings {
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let below = |path: &str| home.as_ref().map(|home| home.join(path));
    let first = |paths: Vec<Option<PathBuf>>| {
        paths.into_iter().flatten().find_map(|p| std::fs::read_to_string(p).ok())
    };
    let named = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let pip = vec![
        named("PIP_CONFIG_FILE"),
        below(".config/pip/pip.conf"),
        below(".pip/pip.conf"),
        Some("/etc/pip.conf".into()),
    ];
    let npm = vec![named("NPM_CONFIG_USERCONFIG"), below(".npmrc")];
    let authorities = ["PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"].map(named);
    let files =
        [("pip.conf", first(pip)), ("npmrc", first(npm)), ("ca-bundle.pem", first(authorities.to_vec()))];
    let is_setting = |name: &str| {
        let upper = name.to_ascii_uppercase();
        let prefixed = ["PIP_", "UV_", "NPM_CONFIG_"].iter().any(|p| name.starts_with(p))
            || name.starts_with("npm_config_");
        let proxy = matches!(upper.as_str(), "HTTP_PROXY" | "HTTPS_PROXY" | "NO_PROXY");
        let a_path_here =
            matches!(name, "PIP_CONFIG_FILE" | "PIP_CERT" | "NPM_CONFIG_USERCONFIG" | "PIP_FIND_LINKS");
        (prefixed || proxy) && !a_path_here
    };
    let variables = std::env::vars().filter(|(name, _)| is_setting(name)).collect();
    let files = files
        .into_iter()
        .filter_map(|(name, text)| Some((name.to_owned(), text?)))
        .filter(|(_, t)| t.len() <= 1 << 20);
    PackageSettings { variables: Some(variables), files: Some(files.collect()) }
}
