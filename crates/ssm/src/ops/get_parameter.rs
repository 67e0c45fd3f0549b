//! `GetParameter`: one parameter's value.

use std::sync::Arc;

use weft_model::ssm as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::names::Selected;
use crate::{Ssm, shown, tags};

/// A parsed `GetParameter` request.
#[derive(Debug)]
pub(crate) struct GetParameter {
    selected: Selected,
    with_decryption: bool,
}

impl Operation for GetParameter {
    const NAME: &'static str = "GetParameter";
    type Service = Ssm;
    type Input = model::GetParameterRequest;
    type Output = model::GetParameterResult;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let selected = Selected::parse(&input.name, scope)?;
        Ok(Self { selected, with_decryption: input.with_decryption == Some(true) })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![tags::access("ssm:GetParameter", &self.selected.name)]
    }

    async fn run(self, ssm: &Ssm, _: &Context) -> Result<Self::Output, Error> {
        let Self { selected, with_decryption } = self;
        let seal = Arc::clone(&ssm.seal);
        ssm.read(move |tx| {
            let found = selected.read(tx)?;
            let (place, version) = (&selected.name.place, (found.number, &found.version));
            let mut shown = shown::parameter(&seal, place, &found.parameter.name, version, with_decryption)?;
            shown.selector = selected.selector.shown();
            Ok(model::GetParameterResult { parameter: Some(shown) })
        })
        .await
    }
}
