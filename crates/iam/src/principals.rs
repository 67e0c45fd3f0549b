//! Users and roles by their unique ids, to which stored policies bind.
//!
//! Who had no id here when a policy named it, because an older build made it, gets its place when a policy is saved.

use std::collections::BTreeMap;

use weft_policy::{Policy, rename_principals};
use weft_service::Error;
use weft_store::{Read, WriteTx};
use weft_types::{AccountId, Arn};

use crate::Iam;
use crate::named::{self, Named};
use crate::records::{Kind, PRINCIPALS, PrincipalRecord, Role, User};

/// A user or role that a policy may name.
struct Found {
    id: String,
    arn: String,
    record: PrincipalRecord,
}

fn found<E: Named>(entity: &E) -> Option<Found> {
    let (kind, id) = entity.principal()?;
    let record = PrincipalRecord { kind, account: entity.account(), name: entity.name().to_owned() };
    Some(Found { id: id.to_owned(), arn: entity.arn(), record })
}

/// Remembers a user or role by its id, after it was made or got another name.
pub(crate) fn remember<E: Named>(tx: &mut WriteTx<'_>, entity: &E) -> Result<(), Error> {
    match found(entity) {
        Some(Found { id, record, .. }) => Ok(PRINCIPALS.insert(tx, &(id,), &record)?),
        None => Ok(()),
    }
}

/// Forgets a user or role that is deleted.
pub(crate) fn forget<E: Named>(tx: &mut WriteTx<'_>, entity: &E) -> Result<(), Error> {
    match entity.principal() {
        Some((_, id)) => Ok(PRINCIPALS.remove(tx, &(id.to_owned(),)).map(drop)?),
        None => Ok(()),
    }
}

/// Whether an ARN is one of a user or role, which has a unique id; those of sessions have none.
fn has_id(arn: &Arn) -> bool {
    arn.service() == "iam"
}

/// The user or role with this ARN.
fn by_arn(tx: &impl Read, arn: &Arn) -> Result<Option<Found>, Error> {
    let Ok(account) = AccountId::parse(arn.account()) else { return Ok(None) };
    let name = arn.resource().rsplit('/').next().unwrap_or_default();
    let there = match arn.resource().split('/').next() {
        Some("user") => named::find::<User>(tx, account, name)?.as_ref().and_then(found),
        Some("role") => named::find::<Role>(tx, account, name)?.as_ref().and_then(found),
        _ => None,
    };
    Ok(there.filter(|found| found.arn == arn.as_str()))
}

/// The ARN of the user or role with this id; none once it is deleted.
fn arn_of(tx: &impl Read, id: &str) -> Result<Option<String>, Error> {
    let Some(PrincipalRecord { kind, account, name }) = PRINCIPALS.get(tx, &(id,))? else { return Ok(None) };
    let there = match kind {
        Kind::User => named::find::<User>(tx, account, &name)?.as_ref().and_then(found),
        Kind::Role => named::find::<Role>(tx, account, &name)?.as_ref().and_then(found),
    };
    Ok(there.filter(|found| found.id == id).map(|found| found.arn))
}

/// The document as it is stored: users and roles by their ids. Fails with the one that does not exist.
pub(crate) fn bind(
    tx: &mut WriteTx<'_>,
    policy: &Policy,
    document: &str,
) -> Result<Result<String, String>, Error> {
    for id in policy.principal_ids() {
        if arn_of(tx, id)?.is_none() {
            return Ok(Err(id.to_owned()));
        }
    }
    let mut ids = BTreeMap::new();
    for text in policy.principal_arns() {
        let Some(arn) = Arn::parse(text).ok().filter(has_id) else { continue };
        let Some(Found { id, record, .. }) = by_arn(tx, &arn)? else { return Ok(Err(text.to_owned())) };
        PRINCIPALS.insert(tx, &(id.clone(),), &record)?;
        ids.insert(text.to_owned(), id);
    }
    Ok(Ok(rename_principals(document, &ids)))
}

/// The document as it is shown: users and roles by their ARNs while they exist.
pub(crate) fn show(tx: &impl Read, document: &str) -> Result<String, Error> {
    // Most name no ids, and are not read for that.
    let Some(policy) = may_have_ids(document).then(|| Policy::parse(document).ok()).flatten() else {
        return Ok(document.to_owned());
    };
    let mut arns = BTreeMap::new();
    for id in policy.principal_ids() {
        arns.extend(arn_of(tx, id)?.map(|arn| (id.to_owned(), arn)));
    }
    Ok(rename_principals(document, &arns))
}

fn may_have_ids(document: &str) -> bool {
    document.contains("AIDA") || document.contains("AROA")
}

impl Role {
    /// The role with its trust policy as it is shown.
    pub(crate) fn shown(mut self, tx: &impl Read) -> Result<Self, Error> {
        self.trust = show(tx, &self.trust)?;
        Ok(self)
    }
}

impl Iam {
    /// The ids of the users and roles with these ARNs, by ARN; whoever does not exist is not among them.
    pub(crate) async fn ids_of(&self, arns: &[String]) -> Result<BTreeMap<String, String>, Error> {
        let arns: Vec<Arn> = arns.iter().filter_map(|arn| Arn::parse(arn).ok()).filter(has_id).collect();
        let (ids, new) = self
            .read(move |tx| {
                let (mut ids, mut new) = (BTreeMap::new(), Vec::new());
                for arn in &arns {
                    let Some(found) = by_arn(tx, arn)? else { continue };
                    ids.insert(arn.to_string(), found.id.clone());
                    if PRINCIPALS.get(tx, &(found.id.as_str(),))?.is_none() {
                        new.push(arn.clone());
                    }
                }
                Ok((ids, new))
            })
            .await?;
        if !new.is_empty() {
            self.write(move |tx| {
                for arn in &new {
                    if let Some(Found { id, record, .. }) = by_arn(tx, arn)? {
                        PRINCIPALS.insert(tx, &(id,), &record)?;
                    }
                }
                Ok(())
            })
            .await?;
        }
        Ok(ids)
    }

    /// The ARNs of the users and roles with these ids, by id; whoever is deleted is not among them.
    pub(crate) async fn arns_of(&self, ids: &[String]) -> Result<BTreeMap<String, String>, Error> {
        let ids = ids.to_vec();
        self.read(move |tx| {
            let mut arns = BTreeMap::new();
            for id in ids {
                arns.extend(arn_of(tx, &id)?.map(|arn| (id, arn)));
            }
            Ok(arns)
        })
        .await
    }
}
