//! `CreateBuild`: turns an uploaded source into code that can run. Asked again for the same, it gives the finished build at
//! once, or the one under way.

use weft_model::weft as model;
use weft_service::{Access, Context, Error, Operation, Scope};
use weft_store::Digest;

use crate::Compute;
use crate::builds::{BuildRequest, PackageSettings};
use crate::errors::validation;
use crate::records::BuildKind;

/// A parsed `CreateBuild` request.
pub(crate) struct CreateBuild {
    request: BuildRequest,
}

impl Operation for CreateBuild {
    const NAME: &'static str = "CreateBuild";
    type Service = Compute;
    type Input = model::CreateBuildRequest;
    type Output = model::CreateBuildResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        let kind = BuildKind::parse(&input.kind)
            .ok_or_else(|| validation("`kind` is `python`, `node` or `none`."))?;
        let requirements = input.requirements.unwrap_or_default();
        if kind != BuildKind::Python && !requirements.is_empty() {
            return Err(validation("`requirements` are for builds of the kind `python`."));
        }
        if let Some(bad) = requirements.iter().find(|requirement| !is_package(requirement)) {
            return Err(validation(format!("`requirements` name packages; `{bad}` is none.")));
        }
        let settings = input.package_settings.unwrap_or_default();
        Ok(Self {
            request: BuildRequest {
                source: input.source.parse::<Digest>().map_err(|error| validation(error.to_string()))?,
                kind,
                interpreter: input.interpreter,
                requirements,
                packages: PackageSettings {
                    variables: settings.variables.unwrap_or_default(),
                    files: settings.files.unwrap_or_default(),
                },
            },
        })
    }

    fn accesses(&self, scope: &Scope) -> Vec<Access> {
        vec![Access::to("weft:CreateBuild", scope.arn("weft", "build/*").to_string())]
    }

    async fn run(self, compute: &Compute, cx: &Context) -> Result<Self::Output, Error> {
        let news = compute.builds().create(&cx.scope, self.request).await?;
        Ok(model::CreateBuildResponse { build: Some(super::describe_build::shown(&cx.scope, &news)) })
    }
}

/// A package's name with extras, versions and markers, but no option, path or URL.
fn is_package(requirement: &str) -> bool {
    requirement.starts_with(|c: char| c.is_ascii_alphanumeric())
        && requirement.chars().all(|c| c.is_ascii_graphic() || c == ' ')
        && !requirement.contains(['/', '\\', '@'])
}
