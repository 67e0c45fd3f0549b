//! `ListExports`.

use weft_model::cloudformation as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::tables::{EXPORTS, place};
use crate::{Cloudformation, request};

const PAGE: usize = 100;

/// A parsed `ListExports` request.
#[derive(Debug)]
pub(crate) struct ListExports {
    offset: usize,
}

impl Operation for ListExports {
    const NAME: &'static str = "ListExports";
    type Service = Cloudformation;
    type Input = model::ListExportsInput;
    type Output = model::ListExportsOutput;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { offset: request::offset(input.next_token.as_deref())? })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("cloudformation:ListExports", "*")]
    }

    async fn run(self, service: &Cloudformation, cx: &Context) -> Result<Self::Output, Error> {
        let scope = cx.scope.clone();
        let rows = service.store.read(move |tx| Ok::<_, Error>(EXPORTS.query(&place(&scope)).rows(tx)?)).await?;
        let exports = rows.into_iter().map(|((_, _, name), export)| model::Export {
            exporting_stack_id: Some(export.stack_id),
            name: Some(name),
            value: Some(export.value),
        });
        let (page, next_token) = request::page(exports.collect(), self.offset, PAGE);
        Ok(model::ListExportsOutput { exports: Some(page), next_token })
    }
}
