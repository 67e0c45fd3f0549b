//! `GetParameters`: up to ten parameters' values; those that are not there are named.

use std::sync::Arc;

use weft_model::ssm as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::names::Selected;
use crate::{Ssm, shown, tags};

/// A parsed `GetParameters` request.
#[derive(Debug)]
pub(crate) struct GetParameters {
    selected: Vec<Selected>,
    with_decryption: bool,
}

impl Operation for GetParameters {
    const NAME: &'static str = "GetParameters";
    type Service = Ssm;
    type Input = model::GetParametersRequest;
    type Output = model::GetParametersResult;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let selected = input.names.iter().map(|name| Selected::parse(name, scope));
        let selected = selected.collect::<Result<_, _>>()?;
        Ok(Self { selected, with_decryption: input.with_decryption == Some(true) })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        self.selected.iter().map(|one| tags::access("ssm:GetParameters", &one.name)).collect()
    }

    async fn run(self, ssm: &Ssm, _: &Context) -> Result<Self::Output, Error> {
        let Self { selected, with_decryption } = self;
        let seal = Arc::clone(&ssm.seal);
        ssm.read(move |tx| {
            let (mut parameters, mut invalid) = (Vec::new(), Vec::new());
            for one in selected {
                match one.read(tx) {
                    Ok(found) => {
                        let (place, version) = (&one.name.place, (found.number, &found.version));
                        let name = &found.parameter.name;
                        let mut shown = shown::parameter(&seal, place, name, version, with_decryption)?;
                        shown.selector = one.selector.shown();
                        parameters.push(shown);
                    }
                    Err(error) if error.code().starts_with("Parameter") => invalid.push(one.given),
                    Err(error) => return Err(error),
                }
            }
            Ok(model::GetParametersResult { parameters: Some(parameters), invalid_parameters: Some(invalid) })
        })
        .await
    }
}
