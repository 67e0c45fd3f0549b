//! Permissions boundaries: managed policies that bound what the policies of a user or role can give.

use weft_model::iam::AttachedPermissionsBoundary;
use weft_service::{Access, Context, Error};
use weft_store::{Read, WriteTx};
use weft_types::AccountId;

use crate::Iam;
use crate::entity::Entity;
use crate::errors::no_such_entity;
use crate::policies::{self, PolicyArn};
use crate::records::{BOUNDARIES, Count, Grants};

/// Fails unless an entity of the account can have the policy as its boundary.
pub(crate) fn require(tx: &impl Read, account: AccountId, arn: &str) -> Result<(), Error> {
    let parsed = PolicyArn::parse(arn)?;
    if policies::is_attachable(tx, account, &parsed)? {
        return Ok(());
    }
    Err(no_such_entity(format!("Scope ARN: {arn} does not exist or is not attachable.")))
}

/// How often a policy is a boundary in an account.
pub(crate) fn uses(tx: &impl Read, account: AccountId, arn: &str) -> Result<u64, Error> {
    Ok(BOUNDARIES.get(tx, &(account.as_u64(), arn))?.unwrap_or_default().0)
}

/// Counts a use (1) or its end (-1).
pub(crate) fn count(tx: &mut WriteTx<'_>, account: AccountId, arn: &str, change: i64) -> Result<(), Error> {
    let count = uses(tx, account, arn)?.saturating_add_signed(change);
    let key = (account.as_u64(), arn.to_owned());
    if count == 0 {
        return Ok(BOUNDARIES.remove(tx, &key)?);
    }
    Ok(BOUNDARIES.insert(tx, &key, &Count(count))?)
}

/// Gives an access the condition key of the boundary in its request.
pub(crate) fn condition(access: Access, boundary: Option<&str>) -> Access {
    match boundary {
        Some(arn) => access.with("iam:PermissionsBoundary", arn),
        None => access,
    }
}

/// The boundary as answers have it.
pub(crate) fn show(grants: &Grants) -> Option<AttachedPermissionsBoundary> {
    let arn = grants.boundary.clone()?;
    // The type is what AWS answers, although its model names another.
    let kind = "Policy".to_owned();
    Some(AttachedPermissionsBoundary {
        permissions_boundary_type: Some(kind),
        permissions_boundary_arn: Some(arn),
    })
}

impl Iam {
    /// Sets, changes or, with none, removes a boundary.
    pub(crate) async fn set_boundary<E: Entity>(
        &self,
        cx: &Context,
        name: &str,
        arn: Option<String>,
    ) -> Result<(), Error> {
        self.change(cx, name, move |tx, entity: &mut E| {
            let account = entity.account();
            if let Some(arn) = &arn {
                require(tx, account, arn)?;
                count(tx, account, arn, 1)?;
            }
            let before = std::mem::replace(&mut entity.grants_mut().boundary, arn.clone());
            match (before, &arn) {
                (Some(before), _) => count(tx, account, &before, -1),
                (None, Some(_)) => Ok(()),
                (None, None) => {
                    let (kind, name) = (E::KIND, entity.name());
                    let message = format!("The {kind} with name {name} has no permissions boundary.");
                    Err(no_such_entity(message))
                }
            }
        })
        .await
    }
}
