//! `GetParametersByPath`: the parameters of a hierarchy with their values, a page at a time.

use std::sync::Arc;

use weft_model::ssm as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use weft_store::Read;

use crate::filters::{Filter, is_under, parse_by_path};
use crate::names::{Place, parse_path};
use crate::page::Page;
use crate::tables::{Parameter, Version, version};
use crate::{Ssm, shown};

/// A parsed `GetParametersByPath` request.
#[derive(Debug)]
pub(crate) struct GetParametersByPath {
    /// The beginning of the places.
    path: Place,
    recursive: bool,
    filters: Vec<Filter>,
    with_decryption: bool,
    page: Page,
}

impl Operation for GetParametersByPath {
    const NAME: &'static str = "GetParametersByPath";
    type Service = Ssm;
    type Input = model::GetParametersByPathRequest;
    type Output = model::GetParametersByPathResult;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let filters = parse_by_path(input.parameter_filters)?;
        Ok(Self {
            path: Place { path: parse_path(&input.path)?, ..Place::here("", scope) },
            recursive: input.recursive == Some(true),
            filters,
            with_decryption: input.with_decryption == Some(true),
            page: Page::parse(input.next_token, input.max_results, 10)?,
        })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        let arn = self.path.arn();
        let resource =
            arn.as_str().strip_suffix('/').filter(|_| !self.path.path.is_empty()).unwrap_or(arn.as_str());
        vec![
            Access::to("ssm:GetParametersByPath", resource).with("ssm:Recursive", self.recursive.to_string()),
        ]
    }

    async fn run(self, ssm: &Ssm, _: &Context) -> Result<Self::Output, Error> {
        let seal = Arc::clone(&ssm.seal);
        ssm.read(move |tx| {
            let (found, next_token) = self.page.read(tx, &self.path, |place, parameter| {
                is_under(&place.path, &self.path.path, self.recursive)
                    && number(&self.filters, parameter).is_some()
            })?;
            let mut parameters = Vec::new();
            for (place, parameter) in found {
                if let Some((number, found)) = choose(tx, &self.filters, &place, &parameter)? {
                    let version = (number, &found);
                    parameters.push(shown::parameter(
                        &seal,
                        &place,
                        &parameter.name,
                        version,
                        self.with_decryption,
                    )?);
                }
            }
            Ok(model::GetParametersByPathResult { parameters: Some(parameters), next_token })
        })
        .await
    }
}

/// The number of the version that the filters choose, before anything of it is read: one with a label, or the newest.
fn number(filters: &[Filter], parameter: &Parameter) -> Option<i64> {
    let labels = filters.iter().find_map(|filter| match filter {
        Filter::Label { labels } => Some(labels),
        _ => None,
    });
    match labels {
        Some(labels) => labels.iter().find_map(|label| parameter.labels.get(label).copied()),
        None => {
            filters.iter().all(|filter| filter.passes_version(&parameter.about)).then_some(parameter.newest)
        }
    }
}

/// The version that the filters choose; none where it does not pass them.
fn choose(
    tx: &impl Read,
    filters: &[Filter],
    place: &Place,
    parameter: &Parameter,
) -> Result<Option<(i64, Version)>, Error> {
    let Some(number) = number(filters, parameter) else { return Ok(None) };
    let found = version(tx, place, number)?;
    Ok(filters.iter().all(|filter| filter.passes_version(&found.about)).then_some((number, found)))
}
