//! `FilterLogEvents`: events of a group's streams in the order of time, those that match a pattern.

use weft_model::logs as model;
use weft_service::{Access, Context, Error, Operation, Scope};
use weft_store::Read;

use crate::names::{GroupName, check_stream};
use crate::page::{EVENTS_MAX, Page, page_limit};
use crate::pattern::Pattern;
use crate::place::{AT_MAX, Direction, Place};
use crate::reading::{Row, Streams, read_group};
use crate::segment::SEGMENT_SPAN_MAX;
use crate::tables::{Group, STREAMS};
use crate::{Logs, errors};

const STREAMS_MAX: usize = 100;

/// A parsed `FilterLogEvents` request.
#[derive(Debug)]
pub(crate) struct FilterLogEvents {
    group: GroupName,
    streams: Streams,
    pattern: Pattern,
    start: i64,
    end: i64,
    token: Option<Place>,
    limit: usize,
}

impl Operation for FilterLogEvents {
    const NAME: &'static str = "FilterLogEvents";
    type Service = Logs;
    type Input = model::FilterLogEventsRequest;
    type Output = model::FilterLogEventsResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let limit = page_limit(input.limit, EVENTS_MAX)?;
        let token = input.next_token.map(|token| {
            let place = Place::parse_group_token(&token);
            place.ok_or_else(errors::invalid_token)
        });
        Ok(Self {
            group: GroupName::either(
                input.log_group_name.as_ref(),
                input.log_group_identifier.as_ref(),
                scope,
            )?,
            streams: parse_streams(input.log_stream_names, input.log_stream_name_prefix)?,
            pattern: Pattern::parse(input.filter_pattern.as_deref().unwrap_or_default())?,
            start: input.start_time.unwrap_or(0),
            end: input.end_time.unwrap_or(AT_MAX),
            token: token.transpose()?,
            limit,
        })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, logs: &Logs, cx: &Context) -> Result<Self::Output, Error> {
        let now = cx.scope.now;
        let group = logs.authorize_group(cx, "logs:FilterLogEvents", &self.group).await?;
        logs.read(move |tx| {
            let from = Place::before(self.start.max(group.kept_from(now)));
            let from = self.token.map_or(from, |place| place.max(from));
            require_streams(tx, &group, &self.streams)?;
            // Unlike GetLogEvents', the end is within.
            let to = Place::before(self.end.saturating_add(1));
            let mut page = Page::new(Direction::Forward, from, to, self.limit, SEGMENT_SPAN_MAX);
            read_group(tx, group.id, &self.streams, &self.pattern, &mut page)?;
            Ok(answer(page))
        })
        .await
    }
}

/// Streams that are asked for by name must be there.
fn require_streams(tx: &impl Read, group: &Group, streams: &Streams) -> Result<(), Error> {
    let Streams::Named(names) = streams else { return Ok(()) };
    for name in names {
        STREAMS.get(tx, &(group.id, name))?.ok_or_else(errors::no_stream)?;
    }
    Ok(())
}

fn parse_streams(names: Option<Vec<String>>, prefix: Option<String>) -> Result<Streams, Error> {
    match (names, prefix) {
        (Some(_), Some(_)) => Err(errors::invalid_parameter(
            "logStreamNames and logStreamNamePrefix are mutually exclusive parameters.",
        )),
        (Some(names), None) => {
            if names.is_empty() || names.len() > STREAMS_MAX {
                return Err(errors::constraint("", "logStreamNames", "have length between 1 and 100"));
            }
            names.iter().try_for_each(|name| check_stream(name, "logStreamNames"))?;
            Ok(Streams::Named(names))
        }
        (None, Some(prefix)) => {
            check_stream(&prefix, "logStreamNamePrefix")?;
            Ok(Streams::Prefixed(prefix))
        }
        (None, None) => Ok(Streams::All),
    }
}

fn answer(page: Page<Row>) -> model::FilterLogEventsResponse {
    let next_token = page.continues_at().map(Place::group_token);
    let event = |(place, row): (Place, Row)| model::FilteredLogEvent {
        log_stream_name: row.stream.map(|name| name.to_string()),
        timestamp: Some(place.at),
        message: Some(row.message),
        ingestion_time: Some(row.ingested),
        event_id: Some(place.event_id()),
    };
    model::FilterLogEventsResponse {
        events: Some(page.into_events().map(event).collect()),
        // AWS deprecated it; it has been an empty list since.
        searched_log_streams: Some(Vec::new()),
        next_token,
    }
}
