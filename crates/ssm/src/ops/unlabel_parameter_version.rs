//! `UnlabelParameterVersion`: takes labels from a version.

use weft_model::ssm as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::names::Name;
use crate::select::require_version;
use crate::tables::{PARAMETERS, require};
use crate::{Ssm, tags};

/// A parsed `UnlabelParameterVersion` request.
#[derive(Debug)]
pub(crate) struct UnlabelParameterVersion {
    name: Name,
    version: i64,
    labels: Vec<String>,
}

impl Operation for UnlabelParameterVersion {
    const NAME: &'static str = "UnlabelParameterVersion";
    type Service = Ssm;
    type Input = model::UnlabelParameterVersionRequest;
    type Output = model::UnlabelParameterVersionResult;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let name = Name::parse(&input.name, scope)?;
        Ok(Self { name, version: input.parameter_version, labels: input.labels })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![tags::access("ssm:UnlabelParameterVersion", &self.name)]
    }

    async fn run(self, ssm: &Ssm, _: &Context) -> Result<Self::Output, Error> {
        let Self { name, version, labels } = self;
        ssm.write(move |tx| {
            let mut found = require(tx, &name)?;
            let number = require_version(&found, &name, version)?;
            let has = |label: &String| found.labels.get(label) == Some(&number);
            let (removed, invalid): (Vec<_>, Vec<_>) = labels.iter().cloned().partition(has);
            found.labels.retain(|label, _| !removed.contains(label));
            PARAMETERS.insert(tx, &name.place.key(), &found)?;
            Ok(model::UnlabelParameterVersionResult {
                removed_labels: Some(removed),
                invalid_labels: Some(invalid),
            })
        })
        .await
    }
}
