//! Policies that are passed when a session is made; they narrow it.

use weft_model::sts::PolicyDescriptorType;
use weft_service::Error;
use weft_types::AccountId;

use crate::assume::Policies;
use crate::documents::{self, Purpose};
use crate::policies::{self, PolicyArn};
use crate::{Iam, errors};

/// Characters of an inline session policy.
const POLICY_MAX: usize = 2048;
/// Managed policies that may be passed.
const ARNS_MAX: usize = 10;

/// What was passed.
pub(crate) struct SessionPolicies {
    policy: Option<String>,
    arns: Vec<PolicyArn>,
}

impl SessionPolicies {
    pub(crate) fn parse(
        policy: Option<String>,
        arns: Option<Vec<PolicyDescriptorType>>,
    ) -> Result<Self, Error> {
        let arns: Vec<PolicyArn> = arns
            .unwrap_or_default()
            .into_iter()
            .filter_map(|descriptor| descriptor.arn)
            .map(|arn| PolicyArn::parse(&arn))
            .collect::<Result<_, _>>()
            .map_err(|error| errors::validation(error.message()))?;
        if arns.len() > ARNS_MAX {
            return Err(errors::validation(format!("At most {ARNS_MAX} policy ARNs can be passed.")));
        }
        Ok(Self { policy, arns })
    }

    pub(crate) fn text(&self) -> Option<&str> {
        self.policy.as_deref()
    }

    pub(crate) fn arns(&self) -> Vec<&str> {
        self.arns.iter().map(PolicyArn::as_str).collect()
    }

    /// Checks the document, and that the managed policies are in the session's account.
    pub(crate) async fn check(self, iam: &Iam, account: AccountId) -> Result<Policies, Error> {
        if let Some(text) = &self.policy {
            if documents::size(text) > POLICY_MAX {
                let message = format!("Packed size of session policy exceeds {POLICY_MAX} characters.");
                return Err(Error::new("PackedPolicyTooLargeException", message));
            }
            documents::check(Purpose::Inline, text)?;
        }
        let arns = self.arns;
        let arns = iam
            .read(move |tx| {
                for arn in &arns {
                    if !policies::is_attachable(tx, account, arn)? {
                        let message = format!("Policy {} does not exist.", arn.as_str());
                        return Err(errors::validation(message));
                    }
                }
                Ok(arns.iter().map(|arn| arn.as_str().to_owned()).collect())
            })
            .await?;
        Ok(Policies { policy: self.policy, arns })
    }
}
