//! The local certificate authority: made at the first start, kept in the data folder.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use weft_net::{Authority, Tls, TlsError};
use weft_service::{Clock as _, SystemClock};
use weft_types::Timestamp;

/// Below the data folder: the authority, and what others may read of it.
const FOLDER: &str = "tls";
/// The authority with its key.
const RECORD: &str = "authority.json";
/// Its certificate, for `weft trust`.
const CERTIFICATE: &str = "ca.pem";
/// The machine's authorities and ours, for programs that know one file only.
const BUNDLE: &str = "ca-bundle.pem";
/// The record's version.
const VERSION: u64 = 1;
/// A new authority is made when the old one is good for less than this.
const RENEWAL: Duration = Duration::from_hours(24 * 60);
/// Where Linux distributions keep the authorities that the machine trusts.
const MACHINES: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Why the authority cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AuthorityError {
    #[error("`{}` cannot be read or written", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error(
        "`{}` holds no authority; without the file a new one is made, which clients must be told to trust", .0.display()
    )]
    Damaged(PathBuf, #[source] Option<TlsError>),
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// The authority, in use.
pub(crate) struct Trust {
    pub(crate) tls: Tls,
    /// The bundle, as this process reaches it.
    pub(crate) bundle: PathBuf,
    pub(crate) until: Timestamp,
}

impl Trust {
    /// Opens the authority of a data folder, or makes it; writes what others read anew.
    pub(crate) fn open(data: &Path) -> Result<Self, AuthorityError> {
        let folder = data.join(FOLDER);
        let in_file = |path: &Path, source| AuthorityError::File { path: path.to_path_buf(), source };
        let made = fs::DirBuilder::new().recursive(true).mode(0o755).create(&folder);
        made.map_err(|error| in_file(&folder, error))?;
        let authority = stored_or_new(&folder.join(RECORD), now())?;
        let ours = authority.certificate_pem();
        let bundle = folder.join(BUNDLE);
        for (path, text) in [(&folder.join(CERTIFICATE), ours.to_owned()), (&bundle, with_machines(ours))] {
            write_whole(path, text.as_bytes(), 0o644).map_err(|error| in_file(path, error))?;
        }
        let until = timestamp(authority.until());
        Ok(Self { tls: Tls::new(authority, now)?, bundle, until })
    }
}

/// Where the authority's certificate and the bundle are in a data folder.
pub(crate) fn public_files(data: &Path) -> (PathBuf, PathBuf) {
    let folder = data.join(FOLDER);
    (folder.join(CERTIFICATE), folder.join(BUNDLE))
}

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(u64::try_from(SystemClock.now().as_millis()).unwrap_or_default())
}

fn timestamp(time: SystemTime) -> Timestamp {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

fn stored_or_new(path: &Path, now: SystemTime) -> Result<Authority, AuthorityError> {
    let in_file = |source| AuthorityError::File { path: path.to_path_buf(), source };
    match fs::read(path) {
        Ok(record) => {
            let stored = restored(&record, path)?;
            if stored.until() > now + RENEWAL {
                return Ok(stored);
            }
            tracing::warn!(
                "the certificate authority ends soon and is replaced; `weft trust` tells how to trust the new one"
            );
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(in_file(error)),
    }
    let authority = Authority::generate(now)?;
    let until = timestamp(authority.until()).as_seconds();
    let record = json!({
        "version": VERSION,
        "certificate": authority.certificate_pem(),
        "key": authority.key_pem(),
        "until": until,
    });
    write_whole(path, format!("{record}\n").as_bytes(), 0o600).map_err(in_file)?;
    Ok(authority)
}

/// The authority of a record. Certificate and key are checked against each other.
fn restored(record: &[u8], path: &Path) -> Result<Authority, AuthorityError> {
    let damaged = || AuthorityError::Damaged(path.to_path_buf(), None);
    let record: Value = serde_json::from_slice(record).map_err(|_| damaged())?;
    let text = |name: &str| record.get(name).and_then(Value::as_str).ok_or_else(damaged);
    let number = |name: &str| record.get(name).and_then(Value::as_u64).ok_or_else(damaged);
    if number("version")? != VERSION {
        return Err(damaged());
    }
    let until = UNIX_EPOCH.checked_add(Duration::from_secs(number("until")?)).ok_or_else(damaged)?;
    Authority::restore(text("certificate")?, text("key")?, until)
        .map_err(|error| AuthorityError::Damaged(path.to_path_buf(), Some(error)))
}

/// The authorities that the machine trusts, and ours.
fn with_machines(ours: &str) -> String {
    let machines = MACHINES.iter().find_map(|path| fs::read_to_string(path).ok()).unwrap_or_default();
    format!("{machines}\n{ours}")
}

/// Replaces a file durably; whoever reads meanwhile sees the old or the new one, whole.
pub(crate) fn write_whole(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let new = path.with_extension("new");
    // One that was left behind may have another mode.
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(new, path)?;
    path.parent().map_or(Ok(()), |folder| fs::File::open(folder)?.sync_all())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn an_authority_is_made_once_and_only_its_owner_reads_the_key() {
        let data = tempfile::tempdir().unwrap();
        let (certificate, bundle) = public_files(data.path());
        Trust::open(data.path()).unwrap();
        let first = fs::read_to_string(&certificate).unwrap();
        Trust::open(data.path()).unwrap();
        assert_eq!(fs::read_to_string(&certificate).unwrap(), first);
        assert!(fs::read_to_string(&bundle).unwrap().ends_with(&first));
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&data.path().join("tls/authority.json")), 0o600);
        assert_eq!((mode(&certificate) | mode(&bundle)) & 0o077 & !0o044, 0);
    }

    #[test]
    fn an_authority_that_ends_soon_is_replaced() {
        let data = tempfile::tempdir().unwrap();
        let path = data.path().join(RECORD);
        let check = |days: u64, same: bool| {
            let first = stored_or_new(&path, now()).unwrap();
            let later = first.until() - Duration::from_hours(24 * days);
            let second = stored_or_new(&path, later).unwrap();
            assert_eq!(
                second.certificate_pem() == first.certificate_pem(),
                same,
                "{days} days before its end"
            );
        };
        check(61, true);
        check(59, false);
    }

    #[test]
    fn a_damaged_authority_is_told_and_not_replaced() {
        let data = tempfile::tempdir().unwrap();
        let path = data.path().join(RECORD);
        stored_or_new(&path, now()).unwrap();
        let good = fs::read_to_string(&path).unwrap();
        for damaged in
            ["", "{}", &good.replace("\"version\":1", "\"version\":2"), &good.replace("CERT", "CURT")]
        {
            fs::write(&path, damaged).unwrap();
            assert!(matches!(stored_or_new(&path, now()), Err(AuthorityError::Damaged(..))), "{damaged}");
            assert_eq!(fs::read_to_string(&path).unwrap(), damaged);
        }
    }
}
