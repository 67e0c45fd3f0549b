//! `DescribeDecision`: who asked for what in a request, and which statement allowed or refused it.

use weft_model::weft as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::{Compute, decisions};

/// A parsed `DescribeDecision` request.
pub(crate) struct DescribeDecision {
    request_id: String,
}

impl Operation for DescribeDecision {
    const NAME: &'static str = "DescribeDecision";
    type Service = Compute;
    type Input = model::DescribeDecisionRequest;
    type Output = model::DescribeDecisionResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { request_id: input.request_id })
    }

    fn accesses(&self, scope: &Scope) -> Vec<Access> {
        let decision = scope.arn("weft", &format!("decision/{}", self.request_id));
        vec![Access::to("weft:DescribeDecision", decision.to_string())]
    }

    async fn run(self, _: &Compute, cx: &Context) -> Result<Self::Output, Error> {
        let known = cx.decisions(&self.request_id);
        if known.is_empty() {
            let message = format!(
                "No decision is known for the request {}. Only the latest are kept, in memory, and none for requests that \
                 were refused before it was asked what they may do.",
                self.request_id
            );
            return Err(Error::new("DecisionNotFoundException", message));
        }
        let decisions = known.into_iter().map(decisions::shown).collect();
        Ok(model::DescribeDecisionResponse { request_id: Some(self.request_id), decisions: Some(decisions) })
    }
}
