//! `DeleteParameters`: removes up to ten parameters.

use weft_model::ssm as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::names::Name;
use crate::{Ssm, tags};

/// A parsed `DeleteParameters` request.
#[derive(Debug)]
pub(crate) struct DeleteParameters {
    names: Vec<Name>,
}

impl Operation for DeleteParameters {
    const NAME: &'static str = "DeleteParameters";
    type Service = Ssm;
    type Input = model::DeleteParametersRequest;
    type Output = model::DeleteParametersResult;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let names = input.names.iter().map(|name| Name::parse(name, scope));
        Ok(Self { names: names.collect::<Result<_, _>>()? })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        self.names.iter().map(|name| tags::access("ssm:DeleteParameters", name)).collect()
    }

    async fn run(self, ssm: &Ssm, _: &Context) -> Result<Self::Output, Error> {
        let (names, options) = (self.names, ssm.options.clone());
        ssm.write(move |tx| {
            let (mut deleted, mut invalid) = (Vec::new(), Vec::new());
            for name in &names {
                let list = if Ssm::remove(tx, name, &options)? { &mut deleted } else { &mut invalid };
                list.push(name.shown());
            }
            Ok(model::DeleteParametersResult {
                deleted_parameters: Some(deleted),
                invalid_parameters: Some(invalid),
            })
        })
        .await
    }
}
