//! Trust policies, checked before they are stored.

use weft_policy::PolicyError;
use weft_service::Error;
use weft_store::Read;
use weft_types::{AccountId, Arn};

use crate::documents::{self, Purpose};
use crate::errors::quota;
use crate::named::{self, Named};
use crate::records::{Role, User};

/// Characters of a trust policy, without white space.
const TRUST_MAX: usize = 2048;

/// Checks a trust policy, and returns the users and roles that it names.
pub(super) fn check(text: &str) -> Result<Vec<Arn>, Error> {
    let policy = documents::check(Purpose::Trust, text)?;
    if documents::size(text) > TRUST_MAX {
        return Err(quota("ACLSizePerRole", TRUST_MAX));
    }
    Ok(policy.principal_arns().filter_map(|arn| Arn::parse(arn).ok()).collect())
}

/// Fails where a user or role that is trusted does not exist, as AWS does.
pub(super) fn require_principals(tx: &impl Read, arns: &[Arn]) -> Result<(), Error> {
    for arn in arns {
        let Ok(account) = AccountId::parse(arn.account()) else { continue };
        let name = arn.resource().rsplit('/').next().unwrap_or_default();
        let exists = match arn.resource().split('/').next() {
            Some("user") => same(named::find::<User>(tx, account, name)?, arn),
            Some("role") => same(named::find::<Role>(tx, account, name)?, arn),
            _ => true,
        };
        if !exists {
            let error = PolicyError::InvalidPrincipal { kind: "AWS".to_owned(), text: arn.to_string() };
            return Err(Error::new("MalformedPolicyDocumentException", error.to_string()));
        }
    }
    Ok(())
}

fn same<E: Named>(found: Option<E>, arn: &Arn) -> bool {
    found.is_some_and(|entity| entity.arn() == arn.as_str())
}
