//! Progress of a stack, resource by resource.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::time::Duration;

use anstyle::AnsiColor;
use indicatif::{ProgressBar, ProgressStyle};
use weft_model::cloudformation::StackEvent;

use crate::table::coloured;

/// On a terminal what is done line by line and below it what is being done; elsewhere a line for each event.
pub(super) struct StackProgress {
    name: String,
    bar: Option<ProgressBar>,
    open: RefCell<BTreeMap<String, String>>,
}

impl StackProgress {
    pub(super) fn new(name: &str) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("  {spinner} {prefix}: {wide_msg} {elapsed}") {
                bar.set_style(style);
            }
            bar.set_prefix(name.to_owned());
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        Self { name: name.to_owned(), bar, open: RefCell::default() }
    }

    /// Tells of one event.
    pub(super) fn event(&self, event: &StackEvent) {
        let id = event.logical_resource_id.clone().unwrap_or_default();
        let status = event.resource_status.as_deref().unwrap_or_default();
        let line = line(&self.name, event);
        let Some(bar) = &self.bar else {
            eprintln!("{line}");
            return;
        };
        let mut open = self.open.borrow_mut();
        if status.ends_with("_IN_PROGRESS") {
            open.insert(id, doing(status));
        } else {
            open.remove(&id);
            bar.suspend(|| eprintln!("{}", coloured(&line, colour(status))));
        }
        let now: Vec<String> = open.iter().map(|(id, doing)| format!("{doing} {id}")).collect();
        bar.set_message(now.join(", "));
    }
}

impl Drop for StackProgress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// `  shop  CREATE_COMPLETE  AWS::S3::Bucket  Files`, with the reason where there is one that tells of trouble.
fn line(stack: &str, event: &StackEvent) -> String {
    let status = event.resource_status.as_deref().unwrap_or_default();
    let kind = event.resource_type.as_deref().unwrap_or_default();
    let id = event.logical_resource_id.as_deref().unwrap_or_default();
    let is_trouble = status.contains("FAILED") || status.contains("ROLLBACK") || status.contains("SKIPPED");
    let reason = event.resource_status_reason.as_deref().filter(|reason| is_trouble && !reason.is_empty());
    let reason = reason.map_or_else(String::new, |reason| format!("  {reason}"));
    format!("  {stack}  {status:18}  {kind}  {id}{reason}")
}

/// `CREATE_IN_PROGRESS` → `creating`.
fn doing(status: &str) -> String {
    let what = status.strip_suffix("_IN_PROGRESS").unwrap_or(status);
    match what {
        "CREATE" => "creating".to_owned(),
        "UPDATE" => "updating".to_owned(),
        "DELETE" => "deleting".to_owned(),
        other => other.to_lowercase().replace('_', " "),
    }
}

fn colour(status: &str) -> AnsiColor {
    if status.contains("FAILED") || status.contains("ROLLBACK") {
        AnsiColor::Red
    } else if status.contains("SKIPPED") {
        AnsiColor::Yellow
    } else {
        AnsiColor::Green
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_a_line_with_its_reason_where_it_tells_of_trouble() {
        let check = |status: &str, reason: Option<&str>, expected: &str| {
            let event = StackEvent {
                logical_resource_id: Some("Files".to_owned()),
                resource_type: Some("AWS::S3::Bucket".to_owned()),
                resource_status: Some(status.to_owned()),
                resource_status_reason: reason.map(str::to_owned),
                ..Default::default()
            };
            assert_eq!(line("shop", &event), expected);
        };
        check("CREATE_COMPLETE", None, "  shop  CREATE_COMPLETE     AWS::S3::Bucket  Files");
        check("CREATE_IN_PROGRESS", Some("x"), "  shop  CREATE_IN_PROGRESS  AWS::S3::Bucket  Files");
        check("CREATE_FAILED", Some("taken"), "  shop  CREATE_FAILED       AWS::S3::Bucket  Files  taken");
    }
}
