//! `LabelParameterVersion`: puts labels on a version, from wherever they are.

use weft_model::ssm as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::names::Name;
use crate::select::require_version;
use crate::tables::{PARAMETERS, require};
use crate::{Ssm, tags};

/// Labels of one version.
const LABELS_MAX: usize = 10;

/// A parsed `LabelParameterVersion` request.
#[derive(Debug)]
pub(crate) struct LabelParameterVersion {
    name: Name,
    version: Option<i64>,
    labels: Vec<String>,
    invalid: Vec<String>,
}

impl Operation for LabelParameterVersion {
    const NAME: &'static str = "LabelParameterVersion";
    type Service = Ssm;
    type Input = model::LabelParameterVersionRequest;
    type Output = model::LabelParameterVersionResult;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let name = Name::parse(&input.name, scope)?;
        let (labels, invalid) = input.labels.into_iter().partition(|label| is_label(label));
        Ok(Self { name, version: input.parameter_version, labels, invalid })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![tags::access("ssm:LabelParameterVersion", &self.name)]
    }

    async fn run(self, ssm: &Ssm, _: &Context) -> Result<Self::Output, Error> {
        let Self { name, version, labels, invalid } = self;
        ssm.write(move |tx| {
            let mut found = require(tx, &name)?;
            let number = require_version(&found, &name, version.unwrap_or(found.newest))?;
            found.labels.extend(labels.iter().map(|label| (label.clone(), number)));
            if found.labels.values().filter(|of| **of == number).count() > LABELS_MAX {
                let message = format!("A parameter version can have a maximum of {LABELS_MAX} labels. Move one or more labels to another version and try again.");
                return Err(Error::new("ParameterVersionLabelLimitExceeded", message).with_status(400));
            }
            PARAMETERS.insert(tx, &name.place.key(), &found)?;
            let invalid_labels = Some(invalid.clone());
            Ok(model::LabelParameterVersionResult { invalid_labels, parameter_version: Some(number) })
        })
        .await
    }
}

/// Whether a label keeps to the rules: letters, digits, `.`, `-` and `_`, no digit first, not beginning with `aws` or `ssm`.
fn is_label(label: &str) -> bool {
    let lower = label.to_ascii_lowercase();
    label.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b))
        && !label.starts_with(|c: char| c.is_ascii_digit())
        && !lower.starts_with("aws")
        && !lower.starts_with("ssm")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_keep_to_the_rules() {
        for (label, expected) in [
            ("live", true),
            ("a.b-c_1", true),
            ("1a", false),
            ("aws-x", false),
            ("SSM", false),
            ("a b", false),
        ] {
            assert_eq!(is_label(label), expected, "{label}");
        }
    }
}
