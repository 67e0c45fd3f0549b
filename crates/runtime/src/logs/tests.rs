use std::io::Write as _;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use weft_service::SystemClock;
use weft_types::{AccountId, Region};

use super::*;

struct Told(UnboundedSender<(Timestamp, String)>);

impl LogSink for Told {
    fn append(&self, _: &LogPlace, lines: Vec<(Timestamp, String)>) {
        for line in lines {
            let _ = self.0.send(line);
        }
    }
}

fn worker() -> (std::io::PipeWriter, Arc<WorkerLog>, UnboundedReceiver<(Timestamp, String)>) {
    let (output, printed) = std::io::pipe().unwrap();
    let (told, lines) = unbounded_channel();
    let (account, region) = (AccountId::DEFAULT, Region::default());
    let place = LogPlace { account, region, group: "/g".into(), stream: "s".into() };
    rustix::io::ioctl_fionbio(&output, true).unwrap();
    let (clock, telemetry) = (Arc::new(SystemClock), Telemetry::new(Arc::new(SystemClock), false, false));
    let output = Output { program: vec![output.into()], framed: true, extensions: None };
    let log = WorkerLog::start((Arc::new(Told(told)), clock), place, output, telemetry, None);
    (printed, log.unwrap(), lines)
}

#[tokio::test]
async fn a_begun_line_does_not_wait_for_its_end_for_ever() {
    let (mut printed, _log, mut lines) = worker();
    printed.write_all(b"whole\nbegun").unwrap();
    assert_eq!(lines.recv().await.unwrap().1, "whole");
    let begin = Instant::now();
    assert_eq!(lines.recv().await.unwrap().1, "begun");
    assert!(begin.elapsed() < Duration::from_secs(1) + BEGUN_MAX);
    printed.write_all(b" and its end\n").unwrap();
    assert_eq!(lines.recv().await.unwrap().1, " and its end");
}

#[tokio::test]
async fn what_was_printed_before_a_record_is_not_later_than_it() {
    let (mut printed, log, mut lines) = worker();
    let frame = |millis: u64, text: &[u8]| {
        let length = u32::try_from(text.len()).unwrap().to_be_bytes();
        [&0xA55A_0013_u32.to_be_bytes()[..], &length, &(millis * 1000).to_be_bytes(), text].concat()
    };
    let all = [b"before\n", &frame(1_000, b"one\ntwo\n")[..], b"between\n", &frame(2_000, b"2"), b"after"];
    printed.write_all(&all.concat()).unwrap();
    log.flush();
    for (at, text) in [
        (Some(1_000), "before"),
        (Some(1_000), "one\ntwo"),
        (Some(2_000), "between"),
        (Some(2_000), "2"),
        (None, "after"),
    ] {
        let (time, found) = lines.recv().await.unwrap();
        assert_eq!(found, text);
        match at {
            Some(at) => assert_eq!(time.as_millis(), at, "{text}"),
            None => assert!(time.as_millis() > 2_000, "{text} has the time of its reading"),
        }
    }
}
