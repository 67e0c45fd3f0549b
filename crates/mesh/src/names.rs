//! Names that a worker may ask for, and the addresses that stand for them.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use weft_service::workload::WorkloadId;

/// The AWS endpoint's address inside every worker's network.
pub(crate) const AWS: Ipv4Addr = Ipv4Addr::new(100, 64, 0, 1);
/// The Runtime API's.
pub(crate) const RUNTIME: Ipv4Addr = Ipv4Addr::new(100, 64, 0, 2);

/// What a name means to a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// The AWS endpoint.
    Aws,
    /// The worker's own loopback.
    Loopback,
    /// A name of the worker's app.
    App(String),
    /// A name of the worker's app if there is one, else a public name.
    AppOrPublic(String),
    /// A public name.
    Public,
    /// Nothing, and nobody outside is asked.
    Nothing,
}

/// Reads a name, in lower case and without its final dot, for a worker of `app`.
pub(crate) fn meaning(name: &str, app: Option<&str>) -> Meaning {
    if name == "localhost" {
        return Meaning::Loopback;
    }
    if let Some(rest) = name.strip_suffix(".weft.localhost") {
        return match rest.split_once('.') {
            Some((workload, of)) if Some(of) == app => Meaning::App(workload.to_owned()),
            _ => Meaning::Nothing,
        };
    }
    if let Some(rest) = name.strip_suffix(".weft.internal") {
        return match rest {
            "aws" => Meaning::Aws,
            rest if rest.contains('.') => Meaning::Nothing,
            rest => Meaning::App(rest.to_owned()),
        };
    }
    let is_below =
        |suffix: &str| name == suffix || name.strip_suffix(suffix).is_some_and(|rest| rest.ends_with('.'));
    if ["localhost", "amazonaws.com", "amazonaws.com.cn"].into_iter().any(is_below) {
        return Meaning::Aws;
    }
    // Names of private networks and of the machine's neighbourhood: asking for them would tell what is there.
    if ["internal", "local", "home.arpa", "lan", "invalid", "test", "onion"].into_iter().any(is_below) {
        return Meaning::Nothing;
    }
    match name.split_once('.') {
        None if name.is_empty() => Meaning::Nothing,
        None => Meaning::App(name.to_owned()),
        // An app may be named like a top-level domain.
        Some((workload, of)) if Some(of) == app => Meaning::AppOrPublic(workload.to_owned()),
        Some(_) => Meaning::Public,
    }
}

/// An address for each workload that was ever asked for, the same for all who ask.
#[derive(Debug, Default)]
pub(crate) struct Names(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    addresses: HashMap<WorkloadId, Ipv4Addr>,
    workloads: HashMap<Ipv4Addr, WorkloadId>,
}

/// Addresses that can be given: a bound on the table, far below the 4 million that the network has, so that a free one
/// is found at once.
const NAMES_MAX: usize = 1 << 16;
/// The first address that a name may get; those before it are ours.
const FIRST: u32 = Ipv4Addr::new(100, 65, 0, 0).to_bits();
/// How many there are from there to the network's end.
const COUNT: u32 = Ipv4Addr::new(100, 127, 255, 255).to_bits() - FIRST;

impl Names {
    /// The workload's address; `None` when the table is full. It depends on the name, so that it usually survives a
    /// restart.
    pub(crate) fn address_of(&self, workload: &WorkloadId) -> Option<Ipv4Addr> {
        let mut table = self.table();
        if let Some(address) = table.addresses.get(workload) {
            return Some(*address);
        }
        if table.addresses.len() >= NAMES_MAX {
            return None;
        }
        let mut place = hash(workload) % COUNT;
        while table.workloads.contains_key(&Ipv4Addr::from_bits(FIRST + place)) {
            place = (place + 1) % COUNT;
        }
        let address = Ipv4Addr::from_bits(FIRST + place);
        table.addresses.insert(workload.clone(), address);
        table.workloads.insert(address, workload.clone());
        Some(address)
    }

    /// The workload that an address stands for.
    pub(crate) fn workload_at(&self, address: Ipv4Addr) -> Option<WorkloadId> {
        self.table().workloads.get(&address).cloned()
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// FNV-1a over what names a workload.
fn hash(workload: &WorkloadId) -> u32 {
    let app = workload.app.as_ref().map_or("", |app| app.as_str());
    let text = format!("{}/{}/{app}/{}", workload.account, workload.region.as_str(), workload.name);
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// Whether an address is of the network from which names get theirs.
pub(crate) fn is_ours(address: Ipv4Addr) -> bool {
    let [first, second, ..] = address.octets();
    first == 100 && (64..128).contains(&second)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::tests::workload;

    #[test]
    fn names_mean_what_the_app_has_before_the_world() {
        let app = |name: &str| Meaning::App(name.to_owned());
        for (name, want) in [
            ("orders", app("orders")),
            ("orders.shop.weft.localhost", app("orders")),
            ("orders.weft.internal", app("orders")),
            ("orders.shop", Meaning::AppOrPublic("orders".into())),
            ("orders.blog", Meaning::Public),
            ("orders.blog.weft.localhost", Meaning::Nothing),
            ("a.orders.shop.weft.localhost", Meaning::Nothing),
            ("shop.weft.localhost", Meaning::Nothing),
            ("a.b.weft.internal", Meaning::Nothing),
            ("weft.internal", Meaning::Nothing),
            ("aws.weft.internal", Meaning::Aws),
            ("amazonaws.com", Meaning::Aws),
            ("sts.amazonaws.com", Meaning::Aws),
            ("lambda.us-east-1.amazonaws.com", Meaning::Aws),
            ("s3.cn-north-1.amazonaws.com.cn", Meaning::Aws),
            ("evilamazonaws.com", Meaning::Public),
            ("amazonaws.com.evil.com", Meaning::Public),
            ("bucket.s3.localhost", Meaning::Aws),
            ("localhost", Meaning::Loopback),
            ("example.com", Meaning::Public),
            ("a.example.com", Meaning::Public),
            ("metadata.google.internal", Meaning::Nothing),
            ("printer.local", Meaning::Nothing),
            ("router.lan", Meaning::Nothing),
            ("", Meaning::Nothing),
        ] {
            assert_eq!(meaning(name, Some("shop")), want, "{name}");
        }
        assert_eq!(meaning("orders.shop.weft.localhost", None), Meaning::Nothing);
        assert_eq!(meaning("orders.shop", None), Meaning::Public);
    }

    #[test]
    fn addresses_are_stable_distinct_and_ours() {
        let (names, again) = (Names::default(), Names::default());
        let mut seen = HashMap::new();
        for number in 0..5000 {
            let id = workload("shop", &format!("w{number}"));
            let address = names.address_of(&id).unwrap();
            assert_eq!(names.address_of(&id), Some(address));
            assert!(is_ours(address) && address != AWS && address != RUNTIME);
            assert_eq!(names.workload_at(address), Some(id.clone()));
            assert_eq!(seen.insert(address, id), None);
        }
        let id = workload("shop", "w0");
        assert_eq!(again.address_of(&id), names.address_of(&id), "it survives a restart");
        assert_ne!(again.address_of(&workload("blog", "w0")), names.address_of(&id));
    }

    #[test]
    fn the_table_is_bounded() {
        let names = Names::default();
        for number in 0..NAMES_MAX {
            assert!(names.address_of(&workload("shop", &format!("w{number}"))).is_some());
        }
        assert_eq!(names.address_of(&workload("shop", "one-more")), None);
        assert!(names.address_of(&workload("shop", "w7")).is_some());
    }
}
