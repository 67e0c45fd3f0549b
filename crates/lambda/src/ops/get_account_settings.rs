//! `GetAccountSettings`: an account's limits and what it uses of them.

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::{Lambda, code};

/// A `GetAccountSettings` request.
#[derive(Debug)]
pub(crate) struct GetAccountSettings;

impl Operation for GetAccountSettings {
    const NAME: &'static str = "GetAccountSettings";
    type Service = Lambda;
    type Input = model::GetAccountSettingsRequest;
    type Output = model::GetAccountSettingsResponse;

    fn parse(_: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self)
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("lambda:GetAccountSettings", "*")]
    }

    async fn run(self, lambda: &Lambda, cx: &Context) -> Result<Self::Output, Error> {
        let usage = lambda.functions.usage(&cx.scope).await?;
        let max = lambda.options.concurrency_max;
        let unreserved = u64::from(max).saturating_sub(usage.reserved_concurrency);
        Ok(model::GetAccountSettingsResponse {
            account_limit: Some(model::AccountLimit {
                total_code_size: i64::try_from(lambda.options.code_bytes_max).ok(),
                code_size_unzipped: i64::try_from(lambda.options.unpacked_bytes_max).ok(),
                code_size_zipped: i64::try_from(code::ARCHIVE_BYTES_MAX).ok(),
                concurrent_executions: i32::try_from(max).ok(),
                unreserved_concurrent_executions: i32::try_from(unreserved).ok(),
            }),
            account_usage: Some(model::AccountUsage {
                total_code_size: i64::try_from(usage.code_bytes).ok(),
                function_count: i64::try_from(usage.functions).ok(),
            }),
        })
    }
}
