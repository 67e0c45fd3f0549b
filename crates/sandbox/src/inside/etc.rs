//! The synthetic `/etc` and the other small files that programs expect to find.

use std::fs;
use std::path::{Path, PathBuf};

/// Files and folders of the machine's `/etc` that are shown as they are; nothing in them is private.
pub(crate) const SHOWN: &[&str] = &[
    "/etc/ld.so.cache",
    "/etc/alternatives",
    "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf",
    "/etc/pki/tls/certs",
    "/etc/pki/tls/openssl.cnf",
    "/etc/pki/ca-trust/extracted",
    "/etc/ca-certificates/extracted",
    "/etc/crypto-policies",
    "/etc/mime.types",
    "/etc/protocols",
    "/etc/services",
];

/// Where programs look for a bundle of the authorities that the machine trusts: Debian's place and Red Hat's.
const BUNDLES: [&str; 2] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"];

/// The places at which a [`Mount`](crate::Mount) can show programs another bundle of trusted authorities than the machine's.
///
/// A place in a folder that the machine does not have is made; one that its folder lacks cannot be.
pub fn bundle_places() -> Vec<PathBuf> {
    let mut places: Vec<PathBuf> = BUNDLES.iter().filter_map(|path| bundle_place(Path::new(path))).collect();
    places.dedup();
    places
}

fn bundle_place(path: &Path) -> Option<PathBuf> {
    let is_shown = |path: &Path| SHOWN.iter().any(|shown| path.starts_with(shown));
    match path.canonicalize() {
        Ok(real) => Some(real).filter(|real| is_shown(real)),
        Err(_) => {
            let kept = SHOWN.iter().map(Path::new).any(|shown| path.starts_with(shown) && shown.exists());
            (!kept).then(|| path.to_path_buf())
        }
    }
}

/// The user that a program is inside a user namespace of its own.
pub(crate) const INNER_ID: u32 = 1000;

/// Small files of the machine that every sandbox gets a copy of; read once by the launcher.
#[derive(Debug, Default)]
pub(crate) struct Copied {
    localtime: Vec<u8>,
    timezone: Vec<u8>,
    resolver: Vec<u8>,
    hosts: String,
}

impl Copied {
    /// Reads them; what is missing stays empty.
    pub(crate) fn read() -> Self {
        let read =
            |path: &str| fs::read(path).ok().filter(|bytes| bytes.len() <= 64 << 10).unwrap_or_default();
        Self {
            localtime: read("/etc/localtime"),
            timezone: read("/etc/timezone"),
            resolver: read("/etc/resolv.conf"),
            hosts: String::from_utf8(read("/etc/hosts")).unwrap_or_default(),
        }
    }
}

/// Writes what does not depend on the program into `root`. `id` is the program's user and group.
pub(crate) fn write(root: &Path, copied: &Copied, id: u32, own_network: bool) -> std::io::Result<()> {
    let etc = root.join("etc");
    let passwd = format!(
        "root:x:0:0:root:/:/usr/sbin/nologin\nworker:x:{id}:{id}:worker:/tmp:/usr/sbin/nologin\n\
         nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"
    );
    fs::write(etc.join("passwd"), passwd)?;
    fs::write(etc.join("group"), format!("root:x:0:\nworker:x:{id}:\nnogroup:x:65534:\n"))?;
    fs::write(etc.join("nsswitch.conf"), "passwd: files\ngroup: files\nhosts: files dns\nservices: files\n")?;
    fs::write(etc.join("host.conf"), "multi on\n")?;
    let resolver: &[u8] =
        if own_network { b"nameserver 127.0.0.1\noptions ndots:1\n" } else { &copied.resolver };
    fs::write(etc.join("resolv.conf"), resolver)?;
    for (name, contents) in [("localtime", &copied.localtime), ("timezone", &copied.timezone)] {
        if !contents.is_empty() {
            fs::write(etc.join(name), contents)?;
        }
    }
    Ok(())
}

/// `/etc/hosts` for a program whose host is called `name`.
pub(crate) fn hosts(name: &str, copied: &Copied, own_network: bool) -> String {
    // Lambda's extensions know themselves by the second and third name.
    let own = format!(
        "127.0.0.1 localhost sandbox sandbox.localdomain\n::1 localhost ip6-localhost ip6-loopback\n127.0.1.1 {name}\n"
    );
    if own_network { own } else { format!("{own}{}", copied.hosts) }
}

/// A host name made from any text: letters, digits, `-`, `.`; 1 to 63 bytes.
pub(crate) fn host_name(text: &str) -> String {
    let clean = |c: char| if c.is_ascii_alphanumeric() || c == '-' || c == '.' { c } else { '-' };
    let name: String = text.chars().take(63).map(clean).collect();
    let name = name.trim_matches(|c| c == '-' || c == '.');
    if name.is_empty() { "worker".to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_is_shown_where_a_file_is_or_can_be_made() {
        let check = |path: &str, expected: bool| {
            assert_eq!(bundle_place(Path::new(path)).is_some(), expected, "{path}");
        };
        check("/etc/no-such-folder/bundle.pem", true);
        check("/etc/passwd", false);
        for place in bundle_places() {
            assert!(place.is_file() || !place.parent().unwrap().exists(), "{}", place.display());
        }
    }

    #[test]
    fn any_text_becomes_a_host_name() {
        let check = |text: &str, expected: &str| assert_eq!(host_name(text), expected);
        check("api", "api");
        check("shop/api_1", "shop-api-1");
        check("", "worker");
        check("--", "worker");
        check(&"a".repeat(90), &"a".repeat(63));
    }
}
