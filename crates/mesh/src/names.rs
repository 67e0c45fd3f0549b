//! Names that a worker may ask for, and the addresses that stand for them.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

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

/// An address for each workload that a worker may know, the same for all who ask.
///
/// A worker may keep what it was told for as long as it runs, whatever the answer allows. So each holds a claim to the
/// addresses that it was told, and only an address without claims is forgotten and can stand for another workload.
#[derive(Debug)]
pub(crate) struct Names {
    table: Mutex<Table>,
    /// Addresses that can be given.
    count: u32,
    /// Names that can have one at a time.
    most: usize,
}

#[derive(Debug, Default)]
struct Table {
    names: HashMap<WorkloadId, Name>,
    workloads: HashMap<Ipv4Addr, WorkloadId>,
    /// When it last forgot what nobody holds.
    swept: Option<Instant>,
}

#[derive(Debug)]
struct Name {
    address: Ipv4Addr,
    told: Instant,
    /// Copies of it are the claims.
    claim: Arc<()>,
}

/// The addresses that one worker was told. Dropped when nothing that the worker does can reach us any more.
#[derive(Debug, Default)]
pub(crate) struct Claims(Mutex<HashMap<Ipv4Addr, Arc<()>>>);

/// A bound on the table, far below the 4 million addresses that the network has, so that a free one is found at once.
const NAMES_MAX: usize = 1 << 16;
/// Names of one worker, so that no worker can fill the table alone.
const CLAIMS_MAX: usize = 1 << 12;
/// How long a name keeps its address although nobody holds it.
const KEPT: Duration = Duration::from_mins(10);
/// How often a full table is searched for names that nobody holds.
const SWEEP_PAUSE: Duration = Duration::from_secs(1);
/// The first address that a name may get; those before it are ours.
const FIRST: u32 = Ipv4Addr::new(100, 65, 0, 0).to_bits();
/// How many there are from there to the network's end.
const COUNT: u32 = Ipv4Addr::new(100, 127, 255, 255).to_bits() - FIRST;

impl Default for Names {
    fn default() -> Self {
        Self { table: Mutex::default(), count: COUNT, most: NAMES_MAX }
    }
}

impl Names {
    /// The workload's address, to which the worker gets a claim; `None` when the table is full, or the worker knows too
    /// many. It depends on the name, so that it usually survives a restart.
    pub(crate) fn tell(&self, workload: &WorkloadId, claims: &Claims, now: Instant) -> Option<Ipv4Addr> {
        let mut table = locked(&self.table);
        let mut held = locked(&claims.0);
        let known = table.names.get(workload).is_some_and(|name| held.contains_key(&name.address));
        if !known && held.len() >= CLAIMS_MAX {
            return None;
        }
        if !table.names.contains_key(workload) {
            table.sweep(self.most, now);
            if table.names.len() >= self.most {
                return None;
            }
            table.add(workload, self.count, now);
        }
        let name = table.names.get_mut(workload)?;
        name.told = now;
        held.insert(name.address, Arc::clone(&name.claim));
        Some(name.address)
    }

    /// The workload that an address stands for.
    pub(crate) fn workload_at(&self, address: Ipv4Addr) -> Option<WorkloadId> {
        locked(&self.table).workloads.get(&address).cloned()
    }
}

impl Table {
    fn add(&mut self, workload: &WorkloadId, count: u32, now: Instant) {
        let mut place = hash(workload) % count;
        while self.workloads.contains_key(&Ipv4Addr::from_bits(FIRST + place)) {
            place = (place + 1) % count;
        }
        let address = Ipv4Addr::from_bits(FIRST + place);
        self.names.insert(workload.clone(), Name { address, told: now, claim: Arc::default() });
        self.workloads.insert(address, workload.clone());
    }

    /// Forgets names that nobody holds and nobody asked for lately: those of workloads that are gone, above all.
    fn sweep(&mut self, most: usize, now: Instant) {
        let pause = if self.names.len() < most { KEPT } else { SWEEP_PAUSE };
        if self.swept.is_some_and(|swept| now.saturating_duration_since(swept) < pause) {
            return;
        }
        self.swept = Some(now);
        let workloads = &mut self.workloads;
        self.names.retain(|_, name| {
            // Claims are made under this lock alone.
            let held = Arc::strong_count(&name.claim) > 1;
            let keep = held || now.saturating_duration_since(name.told) < KEPT;
            if !keep {
                workloads.remove(&name.address);
            }
            keep
        });
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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
    use proptest::prelude::*;

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

    fn id(number: usize) -> WorkloadId {
        workload("shop", &format!("w{number}"))
    }

    #[test]
    fn addresses_are_stable_distinct_and_ours() {
        let (names, again) = (Names::default(), Names::default());
        let now = Instant::now();
        let mut seen = HashMap::new();
        for number in 0..5000 {
            // A worker each: none may know all of them.
            let claims = Claims::default();
            let address = names.tell(&id(number), &claims, now).unwrap();
            assert_eq!(names.tell(&id(number), &claims, now), Some(address));
            assert!(is_ours(address) && address != AWS && address != RUNTIME);
            assert_eq!(names.workload_at(address), Some(id(number)));
            assert_eq!(seen.insert(address, number), None);
        }
        let claims = Claims::default();
        let first = names.tell(&id(0), &claims, now);
        assert_eq!(again.tell(&id(0), &claims, now), first, "it survives a restart");
        assert_ne!(again.tell(&workload("blog", "w0"), &claims, now), first);
    }

    #[test]
    fn a_worker_knows_so_many_names_and_no_more() {
        let (names, claims, now) = (Names::default(), Claims::default(), Instant::now());
        for number in 0..CLAIMS_MAX {
            assert!(names.tell(&id(number), &claims, now).is_some());
        }
        assert_eq!(names.tell(&id(CLAIMS_MAX), &claims, now), None);
        assert!(names.tell(&id(7), &claims, now).is_some());
        assert!(names.tell(&id(CLAIMS_MAX), &Claims::default(), now).is_some());
    }

    #[test]
    fn a_full_table_has_room_again_when_nobody_holds_a_name() {
        let names = Names { most: 2, ..Names::default() };
        let (gone, stays, new, now) =
            (Claims::default(), Claims::default(), Claims::default(), Instant::now());
        let first = names.tell(&id(0), &gone, now).unwrap();
        let second = names.tell(&id(1), &stays, now).unwrap();
        assert_eq!(names.tell(&id(2), &new, now + 9 * KEPT), None, "both are held");
        drop(gone);
        assert_eq!(names.tell(&id(2), &new, now + 9 * KEPT), None, "it was searched just now");
        assert!(names.tell(&id(2), &new, now + 10 * KEPT).is_some());
        assert_eq!(names.workload_at(first), None);
        assert_eq!(names.workload_at(second), Some(id(1)), "held, though asked for long ago");
        assert_eq!(names.tell(&id(1), &new, now + 10 * KEPT), Some(second));
    }

    proptest! {
        /// Workers come and go, ask, and time passes; the network has few addresses, so that each is wanted often.
        #[test]
        fn an_address_never_changes_its_meaning_for_a_worker_that_may_know_it(
            steps in proptest::collection::vec((0usize..6, 0usize..40, 0u64..900), 1..400),
        ) {
            let names = Names { table: Mutex::default(), count: 20, most: 16 };
            let mut workers: [(Claims, HashMap<Ipv4Addr, usize>); 6] = Default::default();
            let mut now = Instant::now();
            for (worker, number, seconds) in steps {
                now += Duration::from_secs(seconds);
                if seconds % 9 == 0 {
                    workers[worker] = Default::default();
                }
                let (claims, told) = &mut workers[worker];
                match names.tell(&id(number), claims, now) {
                    Some(address) => prop_assert_eq!(*told.entry(address).or_insert(number), number),
                    None => prop_assert_eq!(locked(&names.table).names.len(), 16),
                }
                prop_assert!(locked(&names.table).workloads.len() <= 16);
                for (address, number) in workers.iter().flat_map(|(_, told)| told) {
                    prop_assert_eq!(names.workload_at(*address), Some(id(*number)));
                }
            }
            workers = Default::default();
            prop_assert!(names.tell(&id(99), &workers[0].0, now + 2 * KEPT).is_some());
        }
    }
}
