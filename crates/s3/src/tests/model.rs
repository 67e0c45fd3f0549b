//! Versions of one key against a model that keeps them all in a list.

use proptest::collection::vec;
use proptest::prelude::*;
use weft_service::Error;
use weft_store::{Memory, Store, WriteTx};
use weft_types::{AccountId, Region, Timestamp};

use crate::tables::{About, BLOBS, BUCKETS, Bucket, CURRENT, Content, Number, VERSIONS, Version, Versioning};
use crate::versions::{Conditions, Place, acquire, delete, place};

/// What is done.
#[derive(Debug, Clone)]
enum Step {
    Put(u8),
    Delete,
    /// Deletes the version at this place of the list, the newest first.
    DeleteVersion(usize),
    DeleteNull,
    Set(Versioning),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..4_u8).prop_map(Step::Put),
        2 => Just(Step::Delete),
        2 => (0..4_usize).prop_map(Step::DeleteVersion),
        1 => Just(Step::DeleteNull),
        1 => Just(Step::Set(Versioning::Enabled)),
        1 => Just(Step::Set(Versioning::Suspended)),
    ]
}

fn at() -> Place {
    Place { bucket: "b".to_owned(), key: "k".to_owned() }
}

fn version(blob: u8, now: Timestamp) -> Version {
    Version {
        id: String::new(),
        number: 0,
        modified: now,
        marker: false,
        size: 1,
        etag: blob.to_string(),
        content: Content::Blob(blob.to_string()),
        parts: 0,
        checksum: None,
        about: About::default(),
    }
}

/// A version as the model keeps it: its id, and its blob; none for a delete marker.
type Kept = (String, Option<u8>);

/// Does a step to the store, and to the list of versions, the newest first.
fn take(tx: &mut WriteTx<'_>, list: &mut Vec<Kept>, step: &Step, now: Timestamp) -> Result<(), Error> {
    let mut bucket = BUCKETS.get(tx, &("b",))?.expect("it is there");
    let null = |list: &[Kept]| list.iter().position(|(id, _)| id == "null");
    let is_enabled = bucket.versioning == Versioning::Enabled;
    match step {
        Step::Put(blob) => {
            let version = version(*blob, now);
            acquire(tx, &version.content)?;
            let outcome = place(tx, &at(), version, &Conditions::default())?;
            if let Some(old) = null(list).filter(|_| !is_enabled) {
                list.remove(old);
            }
            let id = outcome.version_id.unwrap_or_else(|| "null".to_owned());
            assert_eq!(id != "null", is_enabled);
            list.insert(0, (id, Some(*blob)));
        }
        Step::Delete => {
            let outcome = delete(tx, &at(), None, now, false)?;
            if let Some(old) = null(list).filter(|_| !is_enabled) {
                list.remove(old);
            }
            if bucket.versioning != Versioning::Never {
                assert!(outcome.marker);
                list.insert(0, (outcome.version_id.expect("a marker has an id"), None));
            }
        }
        Step::DeleteVersion(index) => {
            let Some((id, blob)) = list.get(*index).cloned() else { return Ok(()) };
            let outcome = delete(tx, &at(), Some(&id), now, false)?;
            assert_eq!(outcome.marker, blob.is_none());
            list.remove(*index);
        }
        Step::DeleteNull => {
            delete(tx, &at(), Some("null"), now, false)?;
            if let Some(old) = null(list) {
                list.remove(old);
            }
        }
        Step::Set(versioning) => {
            bucket.versioning = *versioning;
            BUCKETS.insert(tx, &("b".to_owned(),), &bucket)?;
        }
    }
    Ok(())
}

/// Whether the store says what the list says: all versions in their order, the current one, and who has which blob.
fn compare(tx: &WriteTx<'_>, list: &[Kept]) -> Result<(), Error> {
    let rows = VERSIONS.query(&("b", "k")).rows(tx)?;
    let found: Vec<Kept> =
        rows.into_iter().map(|(_, row)| (row.id, (!row.marker).then(|| row.etag.parse().unwrap()))).collect();
    assert_eq!(found, list);
    let current = CURRENT.get(tx, &("b", "k"))?.map(|row| row.id);
    let newest = list.first().filter(|(_, blob)| blob.is_some()).map(|(id, _)| id.clone());
    assert_eq!(current, newest);
    for blob in 0..4_u8 {
        let count = BLOBS.get(tx, &(blob.to_string(),))?.map_or(0, |Number(count)| count);
        assert_eq!(count, list.iter().filter(|(_, kept)| *kept == Some(blob)).count() as u64);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn versions_come_and_go_as_in_a_list(steps in vec(step(), 1..30)) {
        let store = Store::memory(&Memory::new()).unwrap();
        let result: Result<(), Error> = store.write_blocking(move |tx| {
            let now = Timestamp::from_seconds(1_795_482_123);
            let bucket = Bucket {
                account: AccountId::DEFAULT,
                region: Region::default(),
                created: now,
                versioning: Versioning::Never,
                policy: None,
                public_access: None,
                ownership: None,
                tags: std::collections::BTreeMap::new(),
                object_lock: false,
                acl: Vec::new(),
                notifies: false,
            };
            BUCKETS.insert(tx, &("b".to_owned(),), &bucket)?;
            let mut list = Vec::new();
            for step in &steps {
                take(tx, &mut list, step, now)?;
                compare(tx, &list)?;
            }
            Ok(())
        });
        prop_assert!(result.is_ok(), "{result:?}");
    }
}
