//! The policies of a user, group or role, as a simulation takes them.

use weft_service::Error;
use weft_store::Read;
use weft_types::{AccountId, Arn};

use crate::entity::Entity;
use crate::errors::invalid_input;
use crate::records::{Group, Role, User};
use crate::simulation::Source;
use crate::{members, named, policies};

/// The ARN of a user, group or role of the account.
#[derive(Debug, Clone)]
pub(crate) struct PrincipalArn {
    arn: Arn,
}

/// What a principal brings to a simulation.
pub(crate) struct Principal {
    pub(crate) sources: Vec<Source>,
    pub(crate) boundary: Option<Source>,
    /// What is known of the principal for condition keys.
    pub(crate) keys: Vec<(String, Vec<String>)>,
    /// Whether it is a user, which by itself can be the caller of a resource's policy.
    pub(crate) is_user: bool,
}

impl PrincipalArn {
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let invalid = || {
            invalid_input(format!("Invalid Entity Arn: {text} does not clearly define entity type and name."))
        };
        let arn = Arn::parse(text).map_err(|_| invalid())?;
        let kind = arn.resource().split_once('/').map(|(kind, _)| kind);
        let known = arn.service() == "iam" && matches!(kind, Some("user" | "group" | "role"));
        if known && !arn.resource().ends_with('/') { Ok(Self { arn }) } else { Err(invalid()) }
    }

    pub(crate) fn as_str(&self) -> &str {
        self.arn.as_str()
    }
}

/// Reads what a user, group or role has; the policies of a user's groups are among its own.
pub(crate) fn read_principal(
    tx: &impl Read,
    account: AccountId,
    wanted: &PrincipalArn,
) -> Result<Principal, Error> {
    let resource = wanted.arn.resource();
    let name = resource.rsplit('/').next().unwrap_or_default();
    let own = AccountId::parse(wanted.arn.account()).is_ok_and(|named| named == account);
    match resource.split('/').next() {
        Some("user") => {
            let user: User = exactly(tx, account, name, wanted, own)?;
            let groups = members::groups(tx, &user)?;
            let mut principal = principal_of(tx, &user)?;
            for group in &groups {
                principal.sources.extend(sources_of(tx, group)?);
            }
            principal.is_user = true;
            principal.keys.extend(known_of(&user, &user.id));
            principal.keys.push(("aws:username".to_owned(), vec![user.name]));
            Ok(principal)
        }
        Some("group") => principal_of(tx, &exactly::<Group>(tx, account, name, wanted, own)?),
        _ => {
            let role: Role = exactly(tx, account, name, wanted, own)?;
            let mut principal = principal_of(tx, &role)?;
            principal.keys.extend(known_of(&role, &role.id));
            Ok(principal)
        }
    }
}

/// The entity with this very ARN, or `NoSuchEntity`.
fn exactly<E: Entity>(
    tx: &impl Read,
    account: AccountId,
    name: &str,
    wanted: &PrincipalArn,
    own: bool,
) -> Result<E, Error> {
    let found: Option<E> = if own { named::find(tx, account, name)? } else { None };
    let found = found.filter(|entity| entity.arn() == wanted.as_str());
    found.ok_or_else(|| E::missing(name))
}

fn known_of<E: Entity>(entity: &E, id: &str) -> Vec<(String, Vec<String>)> {
    let mut keys = vec![
        ("aws:PrincipalArn".to_owned(), vec![entity.arn()]),
        ("aws:PrincipalAccount".to_owned(), vec![entity.account().to_string()]),
        ("aws:userid".to_owned(), vec![id.to_owned()]),
    ];
    let tags = entity.tags().into_iter().flatten();
    keys.extend(tags.map(|(key, value)| (format!("aws:PrincipalTag/{key}"), vec![value.clone()])));
    keys
}

fn principal_of<E: Entity>(tx: &impl Read, entity: &E) -> Result<Principal, Error> {
    let boundary = match &entity.grants().boundary {
        Some(arn) => managed(tx, arn)?,
        None => None,
    };
    Ok(Principal { sources: sources_of(tx, entity)?, boundary, keys: Vec::new(), is_user: false })
}

/// Inline policies are called by kind, owner and name, managed ones by their names.
fn sources_of<E: Entity>(tx: &impl Read, entity: &E) -> Result<Vec<Source>, Error> {
    let inline = entity.grants().inline.iter();
    let inline = inline.map(|(name, text)| Source {
        id: format!("{}_{}_{name}", E::KIND, entity.name()),
        text: text.clone(),
    });
    let mut sources: Vec<Source> = inline.collect();
    for arn in &entity.grants().attached {
        sources.extend(managed(tx, arn)?);
    }
    Ok(sources)
}

fn managed(tx: &impl Read, arn: &str) -> Result<Option<Source>, Error> {
    let id = arn.rsplit('/').next().unwrap_or_default().to_owned();
    Ok(policies::document(tx, arn)?.map(|document| Source { id, text: document.text() }))
}
