//! Waiting until new revisions of services serve, and telling of those that do not.

use std::time::Duration;

use tokio::time::Instant;
use weft_model::weft::{DescribeServiceRequest, DescribeServiceResponse, ServiceDescription};
use weft_template::Manifest;
use weft_types::{AppName, WorkloadName};

use crate::client::Client;
use crate::failure::Failure;
use crate::progress::Progress;

/// How often a pending revision is asked for news.
const POLL: Duration = Duration::from_millis(100);
/// What a revision may take beside its start timeout.
const MARGIN: Duration = Duration::from_mins(1);
/// What a service's start timeout is where the server does not say.
const START_TIMEOUT: u32 = 60;

/// Waits until it is known of all services of a manifest whether their latest revisions serve. Fails with the reasons of
/// those that do not.
pub(crate) async fn wait(client: &Client, manifest: &Manifest) -> Result<(), Failure> {
    let mut told = Vec::new();
    for service in &manifest.services {
        if let Some(told_of_it) = settled(client, &manifest.app, &service.name).await? {
            told.push(told_of_it);
        }
    }
    if told.is_empty() { Ok(()) } else { Err(Failure::Told(told.join("\n"))) }
}

/// Waits for one service; what is to be told of it where it does not serve.
async fn settled(client: &Client, app: &AppName, name: &WorkloadName) -> Result<Option<String>, Failure> {
    let progress = Progress::new(name);
    let begun = Instant::now();
    let mut is_shown = false;
    loop {
        let request = DescribeServiceRequest { app: app.to_string(), name: name.to_string() };
        let answer = client.call::<_, DescribeServiceResponse>("weft", "DescribeService", request).await;
        let service = answer.inspect_err(|_| progress.clear())?.service;
        let Some(service) = service else { return Ok(None) };
        if service.state != "Pending" {
            progress.clear();
            return Ok(news(&service));
        }
        if !is_shown {
            progress.line("starting a worker of the new revision");
            is_shown = true;
        }
        let seconds = service.settings.start_timeout_seconds.and_then(|n| u32::try_from(n).ok());
        let limit = Duration::from_secs(seconds.unwrap_or(START_TIMEOUT).into()) + MARGIN;
        if begun.elapsed() > limit {
            progress.clear();
            return Ok(Some(format!(
                "it is not known after {limit:?} whether `{name}` serves; `weft ps` shows it"
            )));
        }
        tokio::time::sleep(POLL).await;
    }
}

/// What is to be told of a service whose latest revision is not in force, or does not serve.
pub(crate) fn news(service: &ServiceDescription) -> Option<String> {
    let (latest, current) = (&service.latest_revision, &service.revision);
    let name = format!("{}/{}", service.app, service.name);
    let goes_on = if latest == current { String::new() } else { format!("; {current} goes on serving") };
    match service.state.as_str() {
        "Pending" => Some(format!("{name}: revision {latest} is starting{goes_on}")),
        "Failed" => {
            let reason = service.state_reason.as_deref().unwrap_or("the server does not say why");
            Some(format!("{name}: revision {latest} did not become ready{goes_on}: {reason}"))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(state: &str, latest: &str, expected: Option<&str>) {
        let service = ServiceDescription {
            app: "shop".to_owned(),
            name: "web".to_owned(),
            revision: "r1-a".to_owned(),
            latest_revision: latest.to_owned(),
            state: state.to_owned(),
            state_reason: (state == "Failed").then(|| "no such module".to_owned()),
            ..Default::default()
        };
        assert_eq!(news(&service).as_deref(), expected);
    }

    #[test]
    fn what_does_not_serve_is_told_with_what_serves() {
        check("Active", "r1-a", None);
        check("Pending", "r1-a", Some("shop/web: revision r1-a is starting"));
        check("Pending", "r2-a", Some("shop/web: revision r2-a is starting; r1-a goes on serving"));
        check("Failed", "r1-a", Some("shop/web: revision r1-a did not become ready: no such module"));
        check(
            "Failed",
            "r2-a",
            Some("shop/web: revision r2-a did not become ready; r1-a goes on serving: no such module"),
        );
    }
}
