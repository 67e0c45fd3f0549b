//! `DescribeBuild`: how a build goes, with the lines that it printed since the last time.

use weft_model::weft as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Compute;
use crate::builds::{News, Outcome};

/// A parsed `DescribeBuild` request.
pub(crate) struct DescribeBuild {
    id: String,
    after: u64,
}

impl Operation for DescribeBuild {
    const NAME: &'static str = "DescribeBuild";
    type Service = Compute;
    type Input = model::DescribeBuildRequest;
    type Output = model::DescribeBuildResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        let after = input.after.and_then(|after| u64::try_from(after).ok()).unwrap_or(0);
        Ok(Self { id: input.build_id, after })
    }

    fn accesses(&self, scope: &Scope) -> Vec<Access> {
        vec![Access::to("weft:DescribeBuild", scope.arn("weft", &format!("build/{}", self.id)).to_string())]
    }

    async fn run(self, compute: &Compute, cx: &Context) -> Result<Self::Output, Error> {
        let news = compute.builds().news(&cx.scope, &self.id, self.after).await?;
        let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        let lines = news.lines.iter();
        let lines = lines.map(|(at, text)| model::BuildLine { sequence: number(*at), text: text.clone() });
        Ok(model::DescribeBuildResponse {
            lines: Some(lines.collect()),
            next_after: Some(number(news.next_after)),
            build: Some(shown(&cx.scope, &news)),
        })
    }
}

/// A build as the API shows it.
pub(super) fn shown(scope: &Scope, news: &News) -> model::BuildDescription {
    let state = match &news.outcome {
        None if news.running => "RUNNING",
        None => "QUEUED",
        Some(Outcome::Succeeded { .. }) => "SUCCEEDED",
        Some(Outcome::Failed(_)) => "FAILED",
    };
    let mut build = model::BuildDescription {
        build_id: news.id.clone(),
        arn: scope.arn("weft", &format!("build/{}", news.id)).to_string(),
        state: state.to_owned(),
        kind: news.kind.as_str().to_owned(),
        source: news.source.clone(),
        interpreter: news.interpreter.clone(),
        interpreter_version: news.interpreter_version.clone(),
        cached: Some(news.cached),
        notes: Some(news.notes.clone()),
        created: news.created,
        finished: news.finished,
        ..Default::default()
    };
    match &news.outcome {
        None => {}
        Some(Outcome::Succeeded { size_bytes, code_sha256 }) => {
            build.size_bytes = i64::try_from(*size_bytes).ok();
            build.code_sha256 = Some(code_sha256.clone());
        }
        Some(Outcome::Failed(failure)) => {
            build.error = Some(model::BuildError {
                code: failure.code.to_owned(),
                message: failure.message.clone(),
                help: failure.help.clone(),
                output: Some(failure.output.clone()),
            });
        }
    }
    build
}
