//! Policies of resources, as they are stored: bound to users and roles themselves, not to their names.
//!
//! As AWS does, the ARN of a user or role becomes its unique id when a policy is saved, and is shown as its ARN again while
//! it exists; once it is deleted the id stays, and whoever is made under the same name is not meant. ARNs of sessions stay
//! as they are. Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>.

use std::collections::BTreeMap;

use weft_policy::{Policy, rename_principals};
use weft_types::Arn;

use crate::{Error, Identities};

/// The document to store, or none where it names a user or role that does not exist.
pub(crate) async fn bind(identities: &dyn Identities, document: &str) -> Result<Option<String>, Error> {
    let policy = Policy::parse(document).map_err(Error::internal)?;
    let arns: Vec<String> = policy.principal_arns().filter(|arn| has_id(arn)).map(str::to_owned).collect();
    let ids: Vec<String> = policy.principal_ids().map(str::to_owned).collect();
    let named = if arns.is_empty() { BTreeMap::new() } else { identities.principal_ids(&arns).await? };
    let known = if ids.is_empty() { BTreeMap::new() } else { identities.principal_arns(&ids).await? };
    let all = arns.iter().all(|arn| named.contains_key(arn)) && ids.iter().all(|id| known.contains_key(id));
    Ok(all.then(|| rename_principals(document, &named)))
}

/// The document to show.
pub(crate) async fn show(identities: &dyn Identities, document: &str) -> Result<String, Error> {
    // A document that this build cannot read is shown as it is.
    let ids: Vec<String> = match Policy::parse(document) {
        Ok(policy) => policy.principal_ids().map(str::to_owned).collect(),
        Err(_) => Vec::new(),
    };
    if ids.is_empty() {
        return Ok(document.to_owned());
    }
    Ok(rename_principals(document, &identities.principal_arns(&ids).await?))
}

/// Whether an ARN is one of a user or role, which has a unique id; those of sessions have none.
fn has_id(arn: &str) -> bool {
    Arn::parse(arn).is_ok_and(|arn| arn.service() == "iam")
}
