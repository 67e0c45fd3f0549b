//! The one place that reads configuration.

use std::net::SocketAddr;
use std::path::PathBuf;

use weft_types::default_data_folder;

/// How a server is started.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// Where everything durable lives; the default depends on who runs it.
    pub data: Option<PathBuf>,
    /// The address of the APIs and of workloads.
    pub listen: SocketAddr,
    /// A further address that serves workloads only.
    pub edge: Option<SocketAddr>,
    /// The admin user's key as `ID:SECRET`.
    pub admin_key: Option<String>,
    /// The store's URL.
    pub store: Option<String>,
    /// How requests are spread over cores.
    pub data_plane: DataPlane,
}

/// How requests are spread over cores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DataPlane {
    /// One runtime whose threads take work from each other.
    #[default]
    Shared,
    /// A runtime per core, each accepting for itself.
    PerCore,
}

/// What is wrong with the options.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ConfigError {
    /// Neither `--data` nor a home is known.
    #[error("there is no folder for the data: set --data, XDG_DATA_HOME or HOME")]
    NoDataFolder,
    /// The key does not look like one.
    #[error(
        "--admin-key wants ID:SECRET, the id 16 to 128 letters and digits, the secret at least 16 characters"
    )]
    BadAdminKey,
    /// The store is one that is not built.
    #[error("--store {0}: only the embedded store is built so far; PostgreSQL comes with the cluster")]
    UnknownStore(String),
}

/// Options after they were checked.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) data: PathBuf,
    pub(crate) listen: SocketAddr,
    pub(crate) edge: Option<SocketAddr>,
    pub(crate) admin_key: Option<(String, String)>,
    pub(crate) data_plane: DataPlane,
}

impl Config {
    pub(crate) fn check(options: ServerOptions) -> Result<Self, ConfigError> {
        if let Some(store) = options.store
            && store != "embedded"
        {
            let scheme = store.split(':').next().unwrap_or_default().to_owned();
            return Err(ConfigError::UnknownStore(scheme));
        }
        let data = match &options.data {
            Some(data) => std::path::absolute(data).unwrap_or_else(|_| data.clone()),
            None => default_data_folder(rustix::process::geteuid().is_root(), |name| std::env::var_os(name))
                .ok_or(ConfigError::NoDataFolder)?,
        };
        let admin_key = options.admin_key.as_deref().map(parse_admin_key).transpose()?;
        let ServerOptions { listen, edge, data_plane, .. } = options;
        Ok(Self { data, listen, edge, admin_key, data_plane })
    }
}

fn parse_admin_key(text: &str) -> Result<(String, String), ConfigError> {
    let (id, secret) = text.split_once(':').ok_or(ConfigError::BadAdminKey)?;
    let good_id = (16..=128).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric());
    if good_id && secret.len() >= 16 {
        Ok((id.to_owned(), secret.to_owned()))
    } else {
        Err(ConfigError::BadAdminKey)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(admin_key: &str, store: &str, expected: &Result<(), ConfigError>) {
        let options = ServerOptions {
            data: Some(PathBuf::from("/x")),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            edge: None,
            admin_key: Some(admin_key.to_owned()),
            store: Some(store.to_owned()),
            data_plane: DataPlane::Shared,
        };
        assert_eq!(Config::check(options).map(|_| ()), *expected, "{admin_key} {store}");
    }

    #[test]
    fn options_are_checked_before_anything_starts() {
        let good = "AKIAEXAMPLEEXAMPLE00:0123456789abcdef";
        check(good, "embedded", &Ok(()));
        check(good, "postgres://u:p@h/d", &Err(ConfigError::UnknownStore("postgres".to_owned())));
        check("AKIA:0123456789abcdef", "embedded", &Err(ConfigError::BadAdminKey));
        check("AKIAEXAMPLEEXAMPLE00:short", "embedded", &Err(ConfigError::BadAdminKey));
        check("AKIAEXAMPLEEXAMPLE00", "embedded", &Err(ConfigError::BadAdminKey));
    }
}
