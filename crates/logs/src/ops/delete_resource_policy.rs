//! `DeleteResourcePolicy`: removes a policy of the account or of a group.

use weft_model::logs as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::policies::{POLICIES, PolicyPlace};
use crate::{Logs, errors};

/// A parsed `DeleteResourcePolicy` request.
#[derive(Debug)]
pub(crate) struct DeleteResourcePolicy {
    place: PolicyPlace,
    expected: Option<String>,
}

impl Operation for DeleteResourcePolicy {
    const NAME: &'static str = "DeleteResourcePolicy";
    type Service = Logs;
    type Input = model::DeleteResourcePolicyRequest;
    type Output = ();

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let place = PolicyPlace::parse(input.policy_name.as_deref(), input.resource_arn.as_deref(), scope)?;
        Ok(Self { place, expected: input.expected_revision_id })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("logs:DeleteResourcePolicy", "*")]
    }

    async fn run(self, logs: &Logs, cx: &Context) -> Result<(), Error> {
        let scope = cx.scope.clone();
        logs.write(move |tx| {
            let key = self.place.key(&scope);
            if POLICIES.get(tx, &key)?.is_none() {
                return Err(errors::no_policy(&key.3));
            }
            self.place.check(tx, &scope, self.expected.as_deref())?;
            Ok(POLICIES.remove(tx, &key)?)
        })
        .await
    }
}
