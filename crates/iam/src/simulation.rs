//! What a request would be answered, without making it.
//!
//! Each action is tried on each resource with the evaluator that decides real requests; only the values of condition keys
//! are the caller's to give. Source: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_EvaluationResult.html>.

mod limits;
mod positions;
mod sources;
mod trial;

pub(crate) use limits::{check_sources, turns};
pub(crate) use sources::{PrincipalArn, read_principal};
pub(crate) use trial::Setting;

use weft_model::iam::GetContextKeysForPolicyResponse;
use weft_policy::{NamedPolicy, Policy};
use weft_service::Error;

use crate::errors::invalid_input;

/// A policy of a simulation: what answers call it, and its text.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) id: String,
    pub(crate) text: String,
}

/// A policy that was read.
pub(crate) struct Parsed {
    pub(crate) policy: NamedPolicy,
    pub(crate) text: String,
}

/// The condition keys that policies read, as operations tell them.
pub(crate) fn context_keys(sources: Vec<Source>) -> Result<GetContextKeysForPolicyResponse, Error> {
    let parsed: Vec<Parsed> = sources.into_iter().map(Source::parse).collect::<Result<_, _>>()?;
    let keys = weft_policy::context_keys(parsed.iter().map(|parsed| &*parsed.policy.policy));
    let names = keys.into_iter().map(str::to_owned).collect();
    Ok(GetContextKeysForPolicyResponse { context_key_names: Some(names) })
}

impl Source {
    /// Policies that a request brings, called `PolicyInputList.1` and so on.
    pub(crate) fn listed(list: &str, texts: Option<Vec<String>>) -> Vec<Self> {
        let texts = texts.unwrap_or_default().into_iter().enumerate();
        texts.map(|(index, text)| Self { id: format!("{list}.{}", index + 1), text }).collect()
    }

    /// The boundary that a request brings, of which it has one at most.
    pub(crate) fn boundary(texts: Option<Vec<String>>) -> Result<Option<Self>, Error> {
        let mut listed = Self::listed("PermissionsBoundaryPolicyInputList", texts);
        match listed.len() {
            0 | 1 => Ok(listed.pop()),
            _ => Err(invalid_input("At most one permissions boundary policy can be passed.")),
        }
    }

    pub(crate) fn parse(self) -> Result<Parsed, Error> {
        let policy = Policy::parse(&self.text)
            .map_err(|error| invalid_input(format!("Invalid policy input {}: {error}", self.id)))?;
        Ok(Parsed { policy: NamedPolicy::new(self.id, policy), text: self.text })
    }
}
