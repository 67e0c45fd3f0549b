//! Finding the server and its key.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use weft_types::default_data_folder;

use crate::args::ConnectArgs;

/// A server's address and the key with which to talk to it.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    /// `http://127.0.0.1:4566`, without a slash at the end.
    pub(crate) endpoint: String,
    /// The key.
    pub(crate) key: Key,
    /// The region of the requests.
    pub(crate) region: String,
}

/// An access key.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Key {
    #[serde(rename = "accessKeyId")]
    pub(crate) id: String,
    #[serde(rename = "secretAccessKey")]
    pub(crate) secret: String,
    #[serde(default, rename = "sessionToken")]
    pub(crate) token: Option<String>,
}

/// What a running server leaves in its data folder.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ServerFile {
    /// Its address.
    pub(crate) endpoint: String,
    /// Its process.
    pub(crate) pid: u32,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    #[error("no server is running with the data folder `{}`; start one with `weft server` or `weft up PATH`", .0.display())]
    NotRunning(PathBuf),
    #[error("`{}` belongs to another user; run this as the user who runs the server, or set WEFT_DATA to the server's data folder", .0.display())]
    NotMine(PathBuf),
    #[error("failed to read `{}`", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("`{}` is not what a server writes; is WEFT_DATA another program's folder?", path.display())]
    Parse { path: PathBuf, source: serde_json::Error },
    #[error(
        "there is no key for {0}; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (`weft env` on the server's machine prints them)"
    )]
    NoKey(String),
    #[error("there is no folder for the data: set --data, XDG_DATA_HOME or HOME")]
    NoDataFolder,
}

impl Connection {
    /// Finds the server: `--endpoint` with keys from the environment, else what the data folder says.
    pub(crate) fn find(args: &ConnectArgs) -> Result<Self, ConnectError> {
        let region = variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION"));
        let region = region.unwrap_or_else(|| "us-east-1".to_owned());
        if let Some(endpoint) = &args.endpoint {
            let endpoint = endpoint.trim_end_matches('/').to_owned();
            let key = key_from_environment().ok_or_else(|| ConnectError::NoKey(endpoint.clone()))?;
            return Ok(Self { endpoint, key, region });
        }
        let data = data_folder(args)?;
        let server = running_server(&data)?.ok_or_else(|| ConnectError::NotRunning(data.clone()))?;
        Ok(Self { endpoint: server.endpoint, key: read(&data.join("admin.json"))?, region })
    }
}

/// The data folder that the arguments mean.
pub(crate) fn data_folder(args: &ConnectArgs) -> Result<PathBuf, ConnectError> {
    if let Some(data) = &args.data {
        return Ok(std::path::absolute(data).unwrap_or_else(|_| data.clone()));
    }
    let is_root = rustix::process::geteuid().is_root();
    default_data_folder(is_root, |name| std::env::var_os(name)).ok_or(ConnectError::NoDataFolder)
}

/// The server that runs on a data folder, if one does. A file that a killed server left behind does not count.
pub(crate) fn running_server(data: &Path) -> Result<Option<ServerFile>, ConnectError> {
    let path = data.join("server.json");
    let server: ServerFile = match read(&path) {
        Ok(server) => server,
        Err(ConnectError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    Ok(is_alive(server.pid).then_some(server))
}

/// Whether a process runs. One that was killed and that nobody has waited for yet does not.
fn is_alive(pid: u32) -> bool {
    let stat = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat")).unwrap_or_default();
    let state = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().next());
    state.is_some_and(|state| state != "Z" && state != "X")
}

fn read<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T, ConnectError> {
    let text = fs::read(path).map_err(|source| match source.kind() {
        io::ErrorKind::PermissionDenied => ConnectError::NotMine(path.to_path_buf()),
        _ => ConnectError::Read { path: path.to_path_buf(), source },
    })?;
    serde_json::from_slice(&text).map_err(|source| ConnectError::Parse { path: path.to_path_buf(), source })
}

fn key_from_environment() -> Option<Key> {
    Some(Key {
        id: variable("AWS_ACCESS_KEY_ID")?,
        secret: variable("AWS_SECRET_ACCESS_KEY")?,
        token: variable("AWS_SESSION_TOKEN"),
    })
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
