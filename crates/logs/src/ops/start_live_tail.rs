//! `StartLiveTail`: shows what arrives in some groups, an update a second, for at most three hours.

use std::time::Duration;

use weft_model::logs as model;
use weft_service::{Access, Context, Error, Events, Scope, StreamingOperation};

use crate::names::{GroupName, check_stream};
use crate::pattern::Pattern;
use crate::tails::Wanted;
use crate::watching::{Watch, start_event};
use crate::{Logs, errors};

/// How long a session lasts.
const SESSION_MAX: Duration = Duration::from_hours(3);

/// A parsed `StartLiveTail` request.
#[derive(Debug)]
pub(crate) struct StartLiveTail {
    wanted: Wanted,
    input: model::StartLiveTailRequest,
}

impl StreamingOperation for StartLiveTail {
    const NAME: &'static str = "StartLiveTail";
    type Service = Logs;
    type Input = model::StartLiveTailRequest;
    type Output = model::StartLiveTailResponse;
    type Event = model::StartLiveTailResponseStream;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let groups = input.log_group_identifiers.iter().map(|text| GroupName::parse_identifier(text, scope));
        let groups: Vec<GroupName> = groups.collect::<Result<_, _>>()?;
        let streams = input.log_stream_names.clone().unwrap_or_default();
        let prefixes = input.log_stream_name_prefixes.clone().unwrap_or_default();
        if groups.len() > 1 && !(streams.is_empty() && prefixes.is_empty()) {
            return Err(errors::invalid_parameter("Log streams can be named for a single log group only."));
        }
        if !streams.is_empty() && !prefixes.is_empty() {
            return Err(errors::invalid_parameter(
                "logStreamNames and logStreamNamePrefixes are mutually exclusive parameters.",
            ));
        }
        streams.iter().try_for_each(|name| check_stream(name, "logStreamNames"))?;
        prefixes.iter().try_for_each(|name| check_stream(name, "logStreamNamePrefixes"))?;
        let pattern = Pattern::parse(input.log_event_filter_pattern.as_deref().unwrap_or_default())?;
        Ok(Self { wanted: Wanted { groups, streams, prefixes, pattern }, input })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, logs: &Logs, cx: &Context) -> Result<(Self::Output, Events<Self::Event>), Error> {
        let mut missing = false;
        for group in &self.wanted.groups {
            let access = Access::to("logs:StartLiveTail", group.access());
            missing |= logs.authorize(cx, group, access).await?.is_none();
        }
        if missing {
            return Err(errors::no_group());
        }
        let watch = Watch::begin(logs, cx.scope.account, self.wanted, SESSION_MAX)?;
        let start = start_event(self.input, &cx.request_id);
        Ok((model::StartLiveTailResponse::default(), watch.events(start)))
    }
}
