//! `weft trust`: where the certificate authority is, and how programs and the machine come to trust it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use crate::args::{ConnectArgs, TrustArgs};
use crate::connect::data_folder;
use crate::failure::Failure;

/// Below the data folder, as the server writes them.
const CERTIFICATE: &str = "tls/ca.pem";
const BUNDLE: &str = "tls/ca-bundle.pem";
/// Where Debian and its descendants take authorities of the machine's owner from.
const LOCAL_AUTHORITIES: &str = "/usr/local/share/ca-certificates";
const UPDATE: &str = "update-ca-certificates";

/// What a server leaves in its data folder for clients that want TLS.
pub(crate) struct Authority {
    /// The authority's certificate.
    pub(crate) certificate: PathBuf,
    /// The machine's authorities and this one.
    pub(crate) bundle: PathBuf,
}

impl Authority {
    /// Finds it; the server may be stopped.
    pub(crate) fn find(connect: &ConnectArgs) -> Result<Self, Failure> {
        if connect.endpoint.is_some() {
            let why = "the certificate authority lies in the server's data folder: run this on its machine, without --endpoint";
            return Err(Failure::Told(why.to_owned()));
        }
        let data = data_folder(connect)?;
        let found = Self { certificate: data.join(CERTIFICATE), bundle: data.join(BUNDLE) };
        read(&found.certificate)?;
        Ok(found)
    }
}

fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| {
        let shown = path.display();
        Failure::Told(match error.kind() {
            io::ErrorKind::NotFound => {
                format!(
                    "there is no certificate authority in `{shown}` yet; the first `weft server` makes it"
                )
            }
            io::ErrorKind::PermissionDenied => {
                format!("`{shown}` belongs to another user; run this as the user who runs the server")
            }
            _ => format!("failed to read `{shown}`: {error}"),
        })
    })
}

/// Prints where the authority is, prints it, or makes this machine trust it.
pub(crate) fn run(args: &TrustArgs) -> Result<(), Failure> {
    let authority = Authority::find(&args.connect)?;
    if args.print {
        print!("{}", read(&authority.certificate)?);
        return Ok(());
    }
    if args.install {
        let place = install(&read(&authority.certificate)?)?;
        println!("this machine trusts {} now", place.display());
        return Ok(());
    }
    if args.json {
        println!("{}", json!({"certificate": authority.certificate, "bundle": authority.bundle}));
        return Ok(());
    }
    print!("{}", explained(&authority));
    Ok(())
}

fn explained(authority: &Authority) -> String {
    let (certificate, bundle) = (authority.certificate.display(), authority.bundle.display());
    format!(
        "certificate authority  {certificate}\n\
         with the machine's     {bundle}\n\n\
         One command             curl --cacert {certificate} https://localhost:4566/\n\
         One shell               eval \"$(weft env --https)\"\n\
         This machine            sudo weft trust --install (Debian, Ubuntu), or copy the file to where your system\n                        \
         keeps authorities: Fedora /etc/pki/ca-trust/source/anchors, then update-ca-trust\n\
         Firefox, Chrome         import the file as an authority in the settings\n\n\
         It vouches for names under localhost, weft.internal and amazonaws.com, and for loopback and private addresses\n\
         only; listeners of this machine answer for localhost and its own addresses. Its key never leaves the data folder.\n"
    )
}

/// Adds the authority to those that the machine trusts.
fn install(certificate: &str) -> Result<PathBuf, Failure> {
    let folder = Path::new(LOCAL_AUTHORITIES);
    if !rustix::process::geteuid().is_root() {
        return Err(Failure::Told("only root may change what the machine trusts: run it with sudo, and with --data DIR or WEFT_DATA for a server of another user".to_owned()));
    }
    if !folder.is_dir() {
        let why = format!(
            "`{LOCAL_AUTHORITIES}` is not there: --install knows Debian and its descendants; `weft trust` tells of others"
        );
        return Err(Failure::Told(why));
    }
    let place = folder.join(file_name(certificate));
    let failed =
        |what: &str, error: &dyn std::fmt::Display| Failure::Told(format!("failed to {what}: {error}"));
    fs::write(&place, certificate).map_err(|error| failed("add the authority", &error))?;
    let updated =
        Command::new(UPDATE).output().map_err(|error| failed("run update-ca-certificates", &error))?;
    if !updated.status.success() {
        return Err(failed(
            "update what the machine trusts",
            &String::from_utf8_lossy(&updated.stderr).trim(),
        ));
    }
    Ok(place)
}

/// A name of its own for each authority, so that those of several servers stand beside each other.
fn file_name(certificate: &str) -> String {
    let hash = crc32fast::hash(certificate.trim().as_bytes());
    format!("weft-{hash:08x}.crt")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_authority_has_a_file_of_its_own() {
        assert_eq!(file_name("a\n"), file_name("a"));
        assert_ne!(file_name("a"), file_name("b"));
        assert!(file_name("a").starts_with("weft-"));
        assert_eq!(file_name("a").rsplit_once('.').map(|(_, end)| end), Some("crt"));
    }
}
