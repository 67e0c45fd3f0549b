//! `GetAccountSummary`: how many users, groups, roles and policies there are, and how many there may be.

use weft_model::iam::GetAccountSummaryResponse;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::{Iam, accounts};

/// A parsed `GetAccountSummary` request.
pub(crate) struct GetAccountSummary;

impl Operation for GetAccountSummary {
    const NAME: &'static str = "GetAccountSummary";
    type Service = Iam;
    type Input = ();
    type Output = GetAccountSummaryResponse;

    fn parse((): Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self)
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("iam:GetAccountSummary", "*")]
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<Self::Output, Error> {
        let account = cx.scope.account;
        let summary = iam.read(move |tx| accounts::summary(tx, account)).await?;
        Ok(GetAccountSummaryResponse { summary_map: Some(summary) })
    }
}
