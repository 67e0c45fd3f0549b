//! `CreatePolicy`: a new managed policy with its first version.

use std::collections::BTreeMap;

use weft_model::iam::{CreatePolicyRequest, CreatePolicyResponse};
use weft_service::{Access, Context, Error, Once, Operation, Scope};
use weft_store::WriteTx;

use crate::documents::{self, Purpose};
use crate::errors::already_exists;
use crate::named::count_up;
use crate::policies::{AnyPolicy, POLICY_QUOTA, require_size};
use crate::records::{ManagedPolicy, POLICIES, Version, name_key};
use crate::uses::Uses;
use crate::{Iam, ids, tags};

/// A parsed `CreatePolicy` request.
pub(crate) struct CreatePolicy {
    name: String,
    path: String,
    document: String,
    description: Option<String>,
    tags: BTreeMap<String, String>,
}

impl Operation for CreatePolicy {
    const NAME: &'static str = "CreatePolicy";
    type Service = Iam;
    type Input = CreatePolicyRequest;
    type Output = CreatePolicyResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self {
            name: input.policy_name,
            path: input.path.unwrap_or_else(|| "/".to_owned()),
            document: input.policy_document,
            description: input.description,
            tags: tags::parse(input.tags)?,
        })
    }

    fn accesses(&self, scope: &Scope) -> Vec<Access> {
        let arn = ids::arn(scope.account, "policy", &self.path, &self.name);
        let create = Access::to("iam:CreatePolicy", arn.clone()).with_request_tags(&self.tags);
        let tag = Access::to("iam:TagPolicy", arn).with_request_tags(&self.tags);
        if self.tags.is_empty() { vec![create] } else { vec![create, tag] }
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<Self::Output, Error> {
        documents::check(Purpose::Managed, &self.document)?;
        require_size(&self.document)?;
        let (account, now) = (cx.scope.account, cx.scope.now);
        let policy = ManagedPolicy {
            account,
            name: self.name,
            path: self.path,
            id: ids::unique_id("ANPA"),
            created: now,
            updated: now,
            description: self.description,
            default: 1,
            next: 2,
            versions: [(1, Version { document: self.document, created: now })].into(),
            tags: self.tags,
        };
        let once = Once::of(cx);
        let made = iam.write(move |tx| {
            once.make(
                tx,
                |tx, id| {
                    Ok(POLICIES.get(tx, &name_key(account, &policy.name))?.filter(|found| found.id == id))
                },
                |tx| add(tx, &policy).map(|()| (policy.id.clone(), policy.clone())),
            )
        });
        let shown = AnyPolicy::Own(made.await?).show(Uses::default(), false);
        Ok(CreatePolicyResponse { policy: Some(shown) })
    }
}

fn add(tx: &mut WriteTx<'_>, policy: &ManagedPolicy) -> Result<(), Error> {
    let key = name_key(policy.account, &policy.name);
    if POLICIES.get(tx, &key)?.is_some() {
        let message =
            format!("A policy called {} already exists. Duplicate names are not allowed.", policy.name);
        return Err(already_exists(message));
    }
    count_up(tx, policy.account, POLICY_QUOTA)?;
    Ok(POLICIES.insert(tx, &key, policy)?)
}
