//! Progress of what takes a while.

use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use weft_types::WorkloadName;

/// One line on a terminal that changes, or a line each where there is none.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    name: String,
}

impl Progress {
    /// Progress of what concerns a workload.
    pub(crate) fn new(name: &WorkloadName) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("  {spinner} {prefix}: {wide_msg}") {
                bar.set_style(style);
            }
            bar.set_prefix(name.to_string());
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        Self { bar, name: name.to_string() }
    }

    /// What happens now.
    pub(crate) fn line(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.set_message(text.to_owned()),
            None => eprintln!("  {}: {text}", self.name),
        }
    }

    /// Leaves nothing on the terminal.
    pub(crate) fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
