//! `DeletePolicy`: removes a policy that is attached to nothing and has only its default version.

use weft_model::iam::DeletePolicyRequest;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::errors::delete_conflict;
use crate::named::count_down;
use crate::policies::{self, POLICY_QUOTA, PolicyArn};
use crate::records::{POLICIES, name_key};
use crate::{Iam, uses};

/// A parsed `DeletePolicy` request.
pub(crate) struct DeletePolicy {
    arn: PolicyArn,
}

impl Operation for DeletePolicy {
    const NAME: &'static str = "DeletePolicy";
    type Service = Iam;
    type Input = DeletePolicyRequest;
    type Output = ();

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { arn: PolicyArn::parse(&input.policy_arn)? })
    }

    /// The policy's tags count: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<(), Error> {
        iam.allow_policy(cx, Access::to("iam:DeletePolicy", self.arn.as_str()), &self.arn).await?;
        let account = cx.scope.account;
        let arn = self.arn.require_own(account)?;
        iam.write(move |tx| {
            let policy = policies::get_own(tx, &arn)?;
            if uses::of(tx, account, arn.as_str())?.any() {
                return Err(delete_conflict("Cannot delete a policy attached to entities."));
            }
            if policy.versions.len() > 1 {
                let message = "This policy has more than one version. Before you delete a policy, you must delete the \
                               policy's versions. The default version is deleted with the policy.";
                return Err(delete_conflict(message));
            }
            POLICIES.remove(tx, &name_key(account, &policy.name))?;
            count_down(tx, account, POLICY_QUOTA.0)
        })
        .await
    }
}
