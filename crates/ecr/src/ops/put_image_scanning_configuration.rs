//! `PutImageScanningConfiguration`: remembers whether images are to be scanned; nothing scans them.

use weft_model::ecr as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Ecr;
use crate::names::RepoName;

/// A parsed `PutImageScanningConfiguration` request.
#[derive(Debug)]
pub(crate) struct PutImageScanningConfiguration {
    name: RepoName,
    scan_on_push: bool,
}

impl Operation for PutImageScanningConfiguration {
    const NAME: &'static str = "PutImageScanningConfiguration";
    type Service = Ecr;
    type Input = model::PutImageScanningConfigurationRequest;
    type Output = model::PutImageScanningConfigurationResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let name = RepoName::parse(&input.repository_name, input.registry_id.as_deref(), scope)?;
        Ok(Self { name, scan_on_push: input.image_scanning_configuration.scan_on_push == Some(true) })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, ecr: &Ecr, cx: &Context) -> Result<Self::Output, Error> {
        let Self { name, scan_on_push } = self;
        ecr.authorize(cx, &name, "ecr:PutImageScanningConfiguration").await?;
        ecr.change(&name, move |repo| {
            repo.scan_on_push = scan_on_push;
            Ok(())
        })
        .await?;
        let configuration = model::ImageScanningConfiguration { scan_on_push: Some(scan_on_push) };
        Ok(model::PutImageScanningConfigurationResponse {
            registry_id: Some(name.account.to_string()),
            repository_name: Some(name.name.clone()),
            image_scanning_configuration: Some(configuration),
        })
    }
}
