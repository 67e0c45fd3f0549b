//! `PutResourcePolicy`: makes or replaces a policy of the account or of a group.

use weft_model::logs as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::policies::{POLICIES, POLICIES_MAX, PolicyPlace, StoredPolicy};
use crate::{Logs, errors};

/// A parsed `PutResourcePolicy` request.
#[derive(Debug)]
pub(crate) struct PutResourcePolicy {
    place: PolicyPlace,
    name: Option<String>,
    document: String,
    expected: Option<String>,
}

impl Operation for PutResourcePolicy {
    const NAME: &'static str = "PutResourcePolicy";
    type Service = Logs;
    type Input = model::PutResourcePolicyRequest;
    type Output = model::PutResourcePolicyResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let place = PolicyPlace::parse(input.policy_name.as_deref(), input.resource_arn.as_deref(), scope)?;
        let document = place.document(input.policy_document)?;
        Ok(Self { place, name: input.policy_name, document, expected: input.expected_revision_id })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("logs:PutResourcePolicy", "*")]
    }

    async fn run(self, logs: &Logs, cx: &Context) -> Result<Self::Output, Error> {
        let Self { place, name, document, expected } = self;
        let scope = cx.scope.clone();
        let key = place.key(&scope);
        let policy = StoredPolicy::new(name, document, scope.now);
        let (for_key, stored) = (key.clone(), policy.clone());
        logs.write(move |tx| {
            let key = &for_key;
            let new = place.check(tx, &scope, expected.as_deref())?.is_none();
            let of_account = POLICIES.query(&(key.0, &key.1, "")).limit(POLICIES_MAX);
            if new && key.2.is_empty() && of_account.rows(tx)?.len() == POLICIES_MAX {
                return Err(errors::limit_exceeded());
            }
            Ok(POLICIES.insert(tx, key, &stored)?)
        })
        .await?;
        let policy = policy.describe(&key);
        Ok(model::PutResourcePolicyResponse {
            revision_id: policy.revision_id.clone(),
            resource_policy: Some(policy),
        })
    }
}
