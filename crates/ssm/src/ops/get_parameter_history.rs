//! `GetParameterHistory`: a parameter's versions, the oldest first, a page at a time.

use std::sync::Arc;

use weft_model::ssm as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::names::Name;
use crate::page::{Page, token};
use crate::tables::{require, version};
use crate::{Ssm, errors, shown, tags};

/// A parsed `GetParameterHistory` request.
#[derive(Debug)]
pub(crate) struct GetParameterHistory {
    name: Name,
    with_decryption: bool,
    page: Page,
    after: i64,
}

impl Operation for GetParameterHistory {
    const NAME: &'static str = "GetParameterHistory";
    type Service = Ssm;
    type Input = model::GetParameterHistoryRequest;
    type Output = model::GetParameterHistoryResult;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let page = Page::parse(input.next_token, input.max_results, 50)?;
        let after = page.after.as_deref().map_or(Ok(0), str::parse).map_err(|_| errors::invalid_token())?;
        let name = Name::parse(&input.name, scope)?;
        Ok(Self { name, with_decryption: input.with_decryption == Some(true), page, after })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![tags::access("ssm:GetParameterHistory", &self.name)]
    }

    async fn run(self, ssm: &Ssm, _: &Context) -> Result<Self::Output, Error> {
        let Self { name, with_decryption, page, after } = self;
        let seal = Arc::clone(&ssm.seal);
        ssm.read(move |tx| {
            let parameter = require(tx, &name)?;
            let first = parameter.oldest.max(after.saturating_add(1));
            let last = parameter.newest.min(first.saturating_add(i64::try_from(page.limit).unwrap_or(1) - 1));
            let mut parameters = Vec::new();
            for number in first..=last {
                let found = (number, version(tx, &name.place, number)?);
                parameters.push(shown::history(&seal, &name.place, &parameter, found, with_decryption)?);
            }
            let next_token = (last < parameter.newest).then(|| token(&last.to_string()));
            Ok(model::GetParameterHistoryResult { parameters: Some(parameters), next_token })
        })
        .await
    }
}
