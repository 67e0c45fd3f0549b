//! `GetLogEvents`: a stream's events in the order of time, a page at a time, from either end.
//!
//! A token is a boundary between events. Reading on from the end gives the same token again, and later what has come
//! since: following a stream is calling again.

use weft_model::logs as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::names::{GroupName, check_stream};
use crate::page::{EVENTS_MAX, Page, page_limit};
use crate::place::{AT_MAX, Direction, Place};
use crate::reading::{Row, read_stream};
use crate::{Logs, errors};

/// A parsed `GetLogEvents` request.
#[derive(Debug)]
pub(crate) struct GetLogEvents {
    group: GroupName,
    stream: String,
    start: i64,
    end: i64,
    token: Option<(Place, Direction)>,
    from_head: bool,
    limit: usize,
}

impl Operation for GetLogEvents {
    const NAME: &'static str = "GetLogEvents";
    type Service = Logs;
    type Input = model::GetLogEventsRequest;
    type Output = model::GetLogEventsResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        check_stream(&input.log_stream_name, "logStreamName")?;
        let limit = page_limit(input.limit, EVENTS_MAX)?;
        let token = input.next_token.map(|token| {
            // The stream's number is filled in when it is known.
            let place = Place::parse_stream_token(&token, 0);
            place.ok_or_else(errors::invalid_token)
        });
        Ok(Self {
            group: GroupName::either(
                input.log_group_name.as_ref(),
                input.log_group_identifier.as_ref(),
                scope,
            )?,
            stream: input.log_stream_name,
            start: input.start_time.unwrap_or(0),
            end: input.end_time.unwrap_or(AT_MAX),
            token: token.transpose()?,
            from_head: input.start_from_head == Some(true),
            limit,
        })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, logs: &Logs, cx: &Context) -> Result<Self::Output, Error> {
        let now = cx.scope.now;
        let group = logs.authorize_stream(cx, "logs:GetLogEvents", &self.group, &self.stream).await?;
        logs.read(move |tx| {
            let stream = group.require_stream(tx, &self.stream)?;
            let mut from = Place::before(self.start.max(group.kept_from(now)));
            let mut to = Place::before(self.end);
            let token = self.token.map(|(place, way)| (Place { stream: stream.id, ..place }, way));
            let direction = match token {
                Some((_, direction)) => direction,
                None if self.from_head => Direction::Forward,
                None => Direction::Backward,
            };
            match token {
                Some((place, Direction::Forward)) => from = from.max(place),
                Some((place, Direction::Backward)) => to = to.min(place),
                None => {}
            }
            let mut page = Page::new(direction, from, to, self.limit, stream.span);
            read_stream(tx, group.id, stream.id, direction, &mut page)?;
            Ok(answer(page, token.map_or(from, |(place, _)| place)))
        })
        .await
    }
}

/// `boundary` is where an empty page is.
fn answer(page: Page<Row>, boundary: Place) -> model::GetLogEventsResponse {
    let rows: Vec<(Place, Row)> = page.into_events().collect();
    let first = rows.first().map_or(boundary, |(place, _)| *place);
    let after = rows.last().map_or(boundary, |(place, _)| place.after());
    let event = |(place, row): (Place, Row)| model::OutputLogEvent {
        timestamp: Some(place.at),
        message: Some(row.message),
        ingestion_time: Some(row.ingested),
    };
    model::GetLogEventsResponse {
        events: Some(rows.into_iter().map(event).collect()),
        next_forward_token: Some(after.stream_token(Direction::Forward)),
        next_backward_token: Some(first.stream_token(Direction::Backward)),
    }
}
