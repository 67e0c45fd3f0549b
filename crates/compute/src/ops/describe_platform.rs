//! `DescribePlatform`: the version, where the platform listens and keeps its data, the isolation in force.

use weft_model::weft as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::{Compute, Isolation};

/// A parsed `DescribePlatform` request.
pub(crate) struct DescribePlatform;

impl Operation for DescribePlatform {
    const NAME: &'static str = "DescribePlatform";
    type Service = Compute;
    type Input = model::DescribePlatformRequest;
    type Output = model::DescribePlatformResponse;

    fn parse(_: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self)
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("weft:DescribePlatform", "*")]
    }

    async fn run(self, compute: &Compute, cx: &Context) -> Result<Self::Output, Error> {
        let facts = compute.seams().platform.facts().await;
        let (authority, authority_until) = facts.certificate_authority.unzip();
        let long = |n: u64| i64::try_from(n).ok();
        let interpreters = facts.interpreters.into_iter().map(|found| model::InterpreterDescription {
            language: found.language,
            version: found.version,
            path: found.path.display().to_string(),
        });
        Ok(model::DescribePlatformResponse {
            version: Some(facts.version),
            started: Some(facts.started),
            uptime_seconds: long(cx.scope.now.since(facts.started).as_secs()),
            data_folder: Some(facts.data_folder.display().to_string()),
            addresses: Some(facts.addresses),
            edge_addresses: Some(facts.edge_addresses),
            certificate_authority: authority.map(|path| path.display().to_string()),
            certificate_authority_until: authority_until,
            region: Some(cx.scope.region.to_string()),
            account_id: Some(cx.scope.account.to_string()),
            principal_arn: cx.principal.arn().map(|arn| arn.to_string()),
            isolation: Some(isolation(facts.isolation)),
            interpreters: Some(interpreters.collect()),
            memory_bytes: facts.memory_bytes.and_then(long),
            workers: i32::try_from(compute.seams().workers.status().len()).ok(),
            pid: Some(i64::from(std::process::id())),
        })
    }
}

fn isolation(isolation: Isolation) -> model::IsolationDescription {
    let some = |text: String| (!text.is_empty()).then_some(text);
    let features = isolation.features.into_iter().map(|feature| model::IsolationFeature {
        name: feature.name,
        state: feature.state,
        detail: some(feature.detail),
        help: some(feature.help),
    });
    model::IsolationDescription {
        mode: isolation.mode,
        summary: some(isolation.summary),
        features: Some(features.collect()),
        help: Some(isolation.help),
    }
}
