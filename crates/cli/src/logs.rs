//! `weft logs`: what workloads print, and with `-f` what they go on to print.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use serde_json::json;
use weft_model::logs::{FilterLogEventsRequest, FilterLogEventsResponse};
use weft_types::Timestamp;

use crate::args::LogsArgs;
use crate::client::{CallError, Client};
use crate::connect::Connection;
use crate::failure::Failure;
use crate::inventory::{self, App};

/// How often `-f` asks for more.
const POLL: Duration = Duration::from_millis(400);
/// How far `-f` looks back, since a line may be stored a little after its time.
const OVERLAP_MILLIS: i64 = 5_000;

/// Prints lines, oldest first; with `-f` until the caller stops it.
pub(crate) async fn run(args: &LogsArgs) -> Result<(), Failure> {
    let client = Client::new(Connection::find(&args.connect)?);
    let now = client.now();
    let since = Timestamp::from_millis(now.as_millis() - parse_since(&args.since)?);
    let groups = groups_of(args, &client).await?;
    let mut follower = Follower::new(client, groups, since, args.json);
    follower.print_new().await?;
    if args.follow {
        follower.forever().await?;
    }
    Ok(())
}

async fn groups_of(args: &LogsArgs, client: &Client) -> Result<Vec<Group>, Failure> {
    if let Some(group) = args.name.as_deref().filter(|name| name.starts_with('/')) {
        return Ok(vec![Group { name: group.to_owned(), label: group.to_owned() }]);
    }
    let apps = inventory::apps(client).await?;
    let found = match &args.name {
        Some(name) => inventory::find(&apps, name)?,
        None => apps.iter().flat_map(App::workloads).collect(),
    };
    Ok(found
        .into_iter()
        .map(|w| Group { label: format!("{}/{}", w.app, w.name), name: w.log_group })
        .collect())
}

/// A log group and how its lines are marked.
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) label: String,
}

/// Reads what is new in some groups, again and again.
pub(crate) struct Follower {
    client: Client,
    groups: Vec<Group>,
    since: BTreeMap<String, i64>,
    seen: HashSet<String>,
    start: i64,
    json: bool,
}

impl Follower {
    pub(crate) fn new(client: Client, groups: Vec<Group>, start: Timestamp, json: bool) -> Self {
        Self { client, groups, since: BTreeMap::new(), seen: HashSet::new(), start: start.as_millis(), json }
    }

    /// Goes on until a call fails.
    pub(crate) async fn forever(&mut self) -> Result<(), CallError> {
        loop {
            tokio::time::sleep(POLL).await;
            self.print_new().await?;
        }
    }

    /// Prints what was not printed yet, over all groups in the order of time.
    pub(crate) async fn print_new(&mut self) -> Result<(), CallError> {
        let mut lines = Vec::new();
        for index in 0..self.groups.len() {
            lines.extend(self.read(index).await?);
        }
        lines.sort_by_key(|(time, ..)| *time);
        for (time, label, message) in lines {
            let message = message.trim_end_matches('\n');
            let time = Timestamp::from_millis(time).iso8601();
            if self.json {
                println!("{}", json!({"time": time, "workload": label, "message": message}));
            } else {
                println!("{time} {label}  {message}");
            }
        }
        Ok(())
    }

    async fn read(&mut self, index: usize) -> Result<Vec<(i64, String, String)>, CallError> {
        let Group { name, label } = &self.groups[index];
        let newest = self.since.get(name).copied();
        let start = newest.map_or(self.start, |time| (time - OVERLAP_MILLIS).max(self.start));
        let mut lines = Vec::new();
        let mut token = None;
        loop {
            let request = FilterLogEventsRequest {
                log_group_name: Some(name.clone()),
                start_time: Some(start),
                next_token: token,
                ..FilterLogEventsRequest::default()
            };
            let page: FilterLogEventsResponse =
                match self.client.call("logs", "FilterLogEvents", request).await {
                    Err(error) if error.code() == Some("ResourceNotFoundException") => return Ok(lines),
                    page => page?,
                };
            for event in page.events.unwrap_or_default() {
                if self.seen.insert(event.event_id.unwrap_or_default()) {
                    lines.push((
                        event.timestamp.unwrap_or_default(),
                        label.clone(),
                        event.message.unwrap_or_default(),
                    ));
                }
            }
            token = page.next_token;
            if token.is_none() {
                break;
            }
        }
        if let Some(time) = lines.iter().map(|(time, ..)| *time).max() {
            self.since.insert(name.clone(), newest.unwrap_or(time).max(time));
        }
        Ok(lines)
    }
}

/// Milliseconds of `90s`, `15m`, `2h`, `1d`.
fn parse_since(text: &str) -> Result<i64, Failure> {
    let wrong = || Failure::Told(format!("`--since {text}` is no time; say `90s`, `15m`, `2h` or `1d`"));
    let unit = text.chars().last().ok_or_else(wrong)?;
    let number: i64 = text[..text.len() - unit.len_utf8()].parse().map_err(|_| wrong())?;
    let millis = match unit {
        's' => 1_000,
        'm' => 60_000,
        'h' => 3_600_000,
        'd' => 86_400_000,
        _ => return Err(wrong()),
    };
    number.checked_mul(millis).filter(|n| *n >= 0).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_far_back_is_said_with_a_unit() {
        let cases = [
            ("90s", Some(90_000)),
            ("15m", Some(900_000)),
            ("1d", Some(86_400_000)),
            ("", None),
            ("9", None),
            ("-1s", None),
            ("1w", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_since(text).ok(), expected, "{text}");
        }
    }
}
