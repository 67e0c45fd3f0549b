//! `DeleteParameter`: removes a parameter with all its versions.

use weft_model::ssm as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::names::Name;
use crate::{Ssm, errors, tags};

/// A parsed `DeleteParameter` request.
#[derive(Debug)]
pub(crate) struct DeleteParameter {
    name: Name,
}

impl Operation for DeleteParameter {
    const NAME: &'static str = "DeleteParameter";
    type Service = Ssm;
    type Input = model::DeleteParameterRequest;
    type Output = model::DeleteParameterResult;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        Ok(Self { name: Name::parse(&input.name, scope)? })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![tags::access("ssm:DeleteParameter", &self.name)]
    }

    async fn run(self, ssm: &Ssm, _: &Context) -> Result<Self::Output, Error> {
        let (name, options) = (self.name, ssm.options.clone());
        ssm.write(move |tx| {
            let removed = Ssm::remove(tx, &name, &options)?;
            removed.then_some(model::DeleteParameterResult {}).ok_or_else(|| errors::not_found(&name.shown()))
        })
        .await
    }
}
