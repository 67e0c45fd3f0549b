//! Keys and policies for dispatch, from memory where they are known.

use std::collections::BTreeMap;
use std::iter;
use std::sync::Arc;

use weft_policy::{NamedPolicy, Policy};
use weft_service::{
    BoxFuture, Credential, CredentialError, Error, Holdings, Identities, Principal, SessionFacts,
};
use weft_store::Read;
use weft_types::{AccountId, Region, Timestamp};

use crate::cache::{KnownKey, Policies};
use crate::policies::Document;
use crate::records::{Grants, KEYS, Role, User};
use crate::seal::{Session, Who};
use crate::tags::Tags;
use crate::{Iam, members, named, policies};

impl Identities for Iam {
    fn credential<'a>(
        &'a self,
        access_key_id: &'a str,
        token: Option<&'a str>,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Credential, CredentialError>> {
        Box::pin(async move {
            let known = match self.cache.key(access_key_id) {
                Some(known) if known.token.as_deref() == token => known,
                _ => self.look_up(access_key_id, token).await?,
            };
            if known.expires.is_some_and(|end| now >= end) {
                return Err(CredentialError::Expired);
            }
            Ok(known.credential.clone())
        })
    }

    fn holdings<'a>(&'a self, principal: &'a Principal) -> BoxFuture<'a, Result<Policies, Error>> {
        Box::pin(async move {
            let (account, owner) = match principal {
                Principal::User { account, name, id, .. } => (*account, Owner::User(name, id)),
                Principal::Session { account, role, role_id, .. } => (*account, Owner::Role(role, role_id)),
                Principal::Root(_)
                | Principal::Federated { .. }
                | Principal::Service { .. }
                | Principal::Anonymous => {
                    return Ok(Policies::default());
                }
            };
            let (Owner::User(name, id) | Owner::Role(name, id)) = owner;
            if let Some(known) = self.cache.policies(id) {
                return Ok(known);
            }
            let age = self.cache.age();
            let is_user = matches!(owner, Owner::User(..));
            let (name, wanted) = (name.clone(), id.clone());
            let held = self.read(move |tx| read_held(tx, account, is_user, &name, &wanted)).await?;
            let read = Policies::new(held.into());
            self.cache.remember_policies(age, id, &read);
            Ok(read)
        })
    }

    fn used(&self, principal: &Principal, region: &Region, at: Timestamp) {
        self.last_uses.note(principal, region, at);
    }

    fn principal_ids<'a>(
        &'a self,
        arns: &'a [String],
    ) -> BoxFuture<'a, Result<BTreeMap<String, String>, Error>> {
        Box::pin(self.ids_of(arns))
    }

    fn principal_arns<'a>(
        &'a self,
        ids: &'a [String],
    ) -> BoxFuture<'a, Result<BTreeMap<String, String>, Error>> {
        Box::pin(self.arns_of(ids))
    }
}

#[derive(Clone, Copy)]
enum Owner<'a> {
    User(&'a String, &'a String),
    Role(&'a String, &'a String),
}

/// What is stored of a principal's holdings: documents by their policies' names.
#[derive(Default)]
struct Held {
    identity: Vec<(String, Document)>,
    boundary: Option<(String, Option<Document>)>,
    tags: Tags,
}

/// What a user or role holds; nothing where it is gone, or where another has its name now.
fn read_held(tx: &impl Read, account: AccountId, is_user: bool, name: &str, id: &str) -> Result<Held, Error> {
    let (grants, tags, groups) = if is_user {
        let user = named::find::<User>(tx, account, name)?.filter(|user| user.id == id);
        let Some(user) = user else { return Ok(Held::default()) };
        let groups = members::groups(tx, &user)?;
        (user.grants, user.tags, groups)
    } else {
        let role = named::find::<Role>(tx, account, name)?.filter(|role| role.id == id);
        let Some(role) = role else { return Ok(Held::default()) };
        (role.grants, role.tags, Vec::new())
    };
    let mut held = Held { tags, ..Held::default() };
    if let Some(arn) = &grants.boundary {
        held.boundary = Some((arn.clone(), policies::document(tx, arn)?));
    }
    for Grants { inline, attached, .. } in
        iter::once(grants).chain(groups.into_iter().map(|group| group.grants))
    {
        held.identity.extend(inline.into_iter().map(|(name, text)| (name, Document::Own(text))));
        for arn in attached {
            held.identity.extend(policies::document(tx, &arn)?.map(|text| (arn, text)));
        }
    }
    Ok(held)
}

impl From<Held> for Holdings {
    fn from(held: Held) -> Self {
        let named = |(name, text): (String, Document)| NamedPolicy::new(name, text.policy());
        // A boundary whose policy is gone bounds everything away.
        let boundary = held.boundary.map(|(arn, text)| match text {
            Some(text) => named((arn, text)),
            None => NamedPolicy::new(arn, Policy::empty()),
        });
        Self {
            identity: held.identity.into_iter().map(named).collect(),
            boundary,
            tags: held.tags.into_iter().collect(),
        }
    }
}

impl Iam {
    async fn look_up(&self, id: &str, token: Option<&str>) -> Result<Arc<KnownKey>, CredentialError> {
        let age = self.cache.age();
        let unavailable = |error: Error| CredentialError::Unavailable(format!("{error:?}"));
        let known = match token {
            Some(token) => {
                let session = self.seal.open(id, token).ok_or(CredentialError::Unknown)?;
                self.session(session, token).await.map_err(unavailable)?
            }
            None => self.long_lived(id).await.map_err(unavailable)?,
        };
        let known = Arc::new(known.ok_or(CredentialError::Unknown)?);
        self.cache.remember_key(age, id, &known);
        Ok(known)
    }

    /// A user's key that is active.
    async fn long_lived(&self, id: &str) -> Result<Option<KnownKey>, Error> {
        let id = id.to_owned();
        let found = self
            .read(move |tx| {
                let Some(key) = KEYS.get(tx, &(id.as_str(),))?.filter(|key| key.active) else {
                    return Ok(None);
                };
                Ok(named::find::<User>(tx, key.account, &key.user)?.map(|user| (key.secret, user)))
            })
            .await?;
        Ok(found.map(|(secret, user)| {
            let principal = Arc::new(user_principal(user));
            let credential = Credential::long_lived(secret, principal);
            KnownKey { credential, token: None, expires: None }
        }))
    }

    /// The key of a session; none where its user is gone.
    async fn session(&self, session: Session, token: &str) -> Result<Option<KnownKey>, Error> {
        let facts = facts(&session);
        let Session { key, account, who, expires, policy, policy_arns, .. } = session;
        // A federated user may do nothing unless a policy was passed for it.
        let federated = matches!(who, Who::Federated { .. });
        let narrows = federated || policy.is_some() || !policy_arns.is_empty();
        let (principal, texts) = self
            .read(move |tx| {
                let principal = session_principal(tx, account, &who)?;
                let inline = policy.clone().map(|text| ("session policy".to_owned(), Document::Own(text)));
                let mut texts: Vec<(String, Document)> = inline.into_iter().collect();
                for arn in &policy_arns {
                    let Some(text) = policies::document(tx, arn)? else {
                        // What it denied is not known any more, so nothing is allowed: without it the session would widen.
                        return Ok((principal, Vec::new()));
                    };
                    texts.push((arn.clone(), text));
                }
                Ok((principal, texts))
            })
            .await?;
        let Some(principal) = principal else { return Ok(None) };
        let named = texts.into_iter().map(|(name, text)| NamedPolicy::new(name, text.policy()));
        let mut session_policies: Vec<NamedPolicy> = named.collect();
        if narrows && session_policies.is_empty() {
            // One of its policies is gone: what is left allows nothing, where no policy at all would narrow nothing.
            session_policies.push(NamedPolicy::new("session policy", Policy::empty()));
        }
        let secret = self.seal.secret(&key).into();
        let session = Some(Arc::new(facts));
        let credential = Credential { secret, principal: Arc::new(principal), session_policies, session };
        Ok(Some(KnownKey { credential, token: Some(token.into()), expires: Some(expires) }))
    }
}

fn facts(session: &Session) -> SessionFacts {
    SessionFacts {
        issued: session.issued,
        tags: session.tags.clone(),
        transitive: session.transitive.clone(),
        source_identity: session.source_identity.clone(),
        mfa: false,
    }
}

fn session_principal(tx: &impl Read, account: AccountId, who: &Who) -> Result<Option<Principal>, Error> {
    Ok(match who {
        Who::Root => Some(Principal::Root(account)),
        Who::User { name, id } => {
            named::find::<User>(tx, account, name)?.filter(|user| user.id == *id).map(user_principal)
        }
        Who::Federated { name, by } => session_principal(tx, account, by)?.map(|by| {
            let (name, by) = (name.clone(), Box::new(by));
            Principal::Federated { account, name, by }
        }),
        // With its role a session ends: policies of resources that name the role or its sessions must not outlive it.
        Who::Role { path, name, id, session } => named::find::<Role>(tx, account, name)?
            .filter(|role| role.id == *id)
            .map(|_| Principal::Session {
                account,
                path: path.clone(),
                role: name.clone(),
                role_id: id.clone(),
                session: session.clone(),
            }),
    })
}

fn user_principal(user: User) -> Principal {
    Principal::User { account: user.account, path: user.path, name: user.name, id: user.id }
}
