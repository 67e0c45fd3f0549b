//! `TestMetricFilter`: says which of some messages a filter pattern matches, and what its columns hold.

use weft_model::logs as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::Logs;
use crate::pattern::Pattern;

/// A parsed `TestMetricFilter` request.
#[derive(Debug)]
pub(crate) struct TestMetricFilter {
    pattern: Pattern,
    messages: Vec<String>,
}

impl Operation for TestMetricFilter {
    const NAME: &'static str = "TestMetricFilter";
    type Service = Logs;
    type Input = model::TestMetricFilterRequest;
    type Output = model::TestMetricFilterResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { pattern: Pattern::parse(&input.filter_pattern)?, messages: input.log_event_messages })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("logs:TestMetricFilter", "*")]
    }

    async fn run(self, _: &Logs, _: &Context) -> Result<Self::Output, Error> {
        let Self { pattern, messages } = self;
        let matching = (1..).zip(messages).filter(|(_, message)| pattern.matches(message));
        let matches = matching.map(|(number, message)| model::MetricFilterMatchRecord {
            event_number: Some(number),
            extracted_values: Some(pattern.extract(&message)),
            event_message: Some(message),
        });
        Ok(model::TestMetricFilterResponse { matches: Some(matches.collect()) })
    }
}
