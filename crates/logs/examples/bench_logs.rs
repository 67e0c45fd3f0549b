//! Many log events: `cargo run --release -p weft-logs --example bench_logs [-- EVENTS]` (10 million by default).
//!
//! Writes them through `PutLogEvents`, as a client's signed requests from dispatch on, in batches of a thousand from four
//! writers to sixteen streams of one group; a day's worth of time goes by. Says what the first and the last tenth cost,
//! how long a search of the last hour takes, and how much memory it all took. The files are in a new folder below `$TMPDIR`.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use weft_logs::{Logs, LogsOptions};
use weft_model::logs as model;
use weft_service::{
    BoxFuture, Clock, Credential, CredentialError, Dispatch, DispatchOptions, Error, Holdings, Identities,
    ManualClock, Principal, Registry, testing::Client,
};
use weft_store::{Options, Store};
use weft_types::{AccountId, Timestamp};

type Failure = Box<dyn std::error::Error + Send + Sync>;

const EVENTS: u64 = 10_000_000;
const BATCH: u64 = 1000;
const WRITERS: u64 = 4;
const STREAMS: u64 = 16;
const GROUP: &str = "/bench";
const START: i64 = 1_795_482_000_000;
const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
/// One event of so many has an error.
const RARE: u64 = 100_000;

fn main() -> Result<(), Failure> {
    let events = std::env::args().nth(1).map_or(Ok(EVENTS), |text| text.parse())?;
    let events = events / (BATCH * 10) * BATCH * 10;
    let folder = tempfile::tempdir()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(run(events, folder.path()))
}

async fn run(events: u64, folder: &Path) -> Result<(), Failure> {
    let bench = Bench::open(folder)?;
    bench.prepare().await?;
    println!("{events} events of about {} bytes, in batches of {BATCH}", line(1).len());
    let mut tenths = Vec::new();
    for tenth in 0..10 {
        let (begin, before) = (Instant::now(), cpu_millis());
        bench.write(tenth * (events / 10)..(tenth + 1) * (events / 10), events).await?;
        let per_second = per_second(events / 10, begin.elapsed());
        let cpu = (cpu_millis() - before) * 1_000_000 / (events / 10);
        let (number, memory) = (tenth + 1, memory_mib());
        println!(
            "tenth {number}: {per_second} events/s, {cpu} ns of processor time each, memory {memory} MiB"
        );
        tenths.push(cpu);
    }
    println!("processor time, last against first tenth: {:.2}", ratio(tenths[9], tenths[0]));
    println!("on disk: {} MiB, {:.1} bytes an event", disk(folder)? >> 20, ratio(disk(folder)?, events));
    let end = START + DAY;
    for (what, pattern, from) in [
        ("a rare term in the last hour", "ERROR", end - HOUR),
        ("a term that is nowhere, in the last hour", "nowhere", end - HOUR),
        ("a rare JSON field in the last hour", "{ $.level = \"ERROR\" }", end - HOUR),
        ("a regular expression in the last hour", "%ERR[O]R%", end - HOUR),
        ("a frequent term in the last minute", "orders", end - 60_000),
        ("a rare term in the last minute", "ERROR", end - 60_000),
        ("a rare term in the whole day", "ERROR", START),
    ] {
        let begin = Instant::now();
        let (found, pages) = bench.filter(pattern, from).await?;
        println!("{what}: {found} found in {} ms, {pages} pages", begin.elapsed().as_millis());
    }
    let begin = Instant::now();
    let page = model::GetLogEventsRequest {
        log_group_name: Some(GROUP.to_owned()),
        log_stream_name: "s0".to_owned(),
        limit: Some(100),
        ..Default::default()
    };
    let page: model::GetLogEventsResponse = bench.call("GetLogEvents", page).await?;
    let events = page.events.map_or(0, |events| events.len());
    println!("the newest {events} events of a stream: {} µs", begin.elapsed().as_micros());
    println!(
        "memory {} MiB; at its peak, with what the kernel kept of the file, {} MiB",
        memory_mib(),
        status("VmHWM:") >> 10
    );
    Ok(())
}

/// What a service writes about a request.
fn line(number: u64) -> String {
    let level = if number.is_multiple_of(RARE) { "ERROR" } else { "INFO" };
    let id = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    format!(
        r#"{{"level":"{level}","request":"{id:016x}","path":"/orders/{}","status":200,"latency":{}}}"#,
        id % 100_000,
        id % 977
    )
}

struct Bench {
    client: Client,
    clock: Arc<ManualClock>,
}

impl Bench {
    fn open(folder: &Path) -> Result<Self, Failure> {
        let clock = Arc::new(ManualClock::at(Timestamp::from_millis(START)));
        let store = Store::open(folder, &Options::default())?;
        let options =
            LogsOptions { group_bytes_max: u64::MAX, account_bytes_max: u64::MAX, ..LogsOptions::default() };
        let logs = Arc::new(Logs::new(store, Arc::clone(&clock) as Arc<dyn Clock>, options));
        let mut registry = Registry::default();
        registry.add(logs.register());
        let for_dispatch = Arc::clone(&clock) as Arc<dyn Clock>;
        let dispatch = Dispatch::new(registry, Arc::new(Everybody), for_dispatch, DispatchOptions::default());
        Ok(Self { client: Client::new(&dispatch, "bench", "secret"), clock })
    }

    async fn call<I: weft_model::Shape, O: weft_model::Shape>(
        &self,
        name: &str,
        input: I,
    ) -> Result<O, Failure> {
        Ok(self.client.call(&model::SERVICE, name, input).await?)
    }

    async fn prepare(&self) -> Result<(), Failure> {
        let group = model::CreateLogGroupRequest { log_group_name: GROUP.to_owned(), ..Default::default() };
        self.call::<_, ()>("CreateLogGroup", group).await?;
        for stream in 0..STREAMS {
            let (log_group_name, log_stream_name) = (GROUP.to_owned(), format!("s{stream}"));
            let stream = model::CreateLogStreamRequest { log_group_name, log_stream_name };
            self.call::<_, ()>("CreateLogStream", stream).await?;
        }
        Ok(())
    }

    /// Writes events of these numbers; the time goes by with them.
    async fn write(&self, numbers: std::ops::Range<u64>, all: u64) -> Result<(), Failure> {
        let batches: Vec<u64> = numbers.step_by(usize::try_from(BATCH)?).collect();
        for round in batches.chunks(usize::try_from(WRITERS)?) {
            self.clock.set(Timestamp::from_millis(time(*round.last().unwrap_or(&0), all)));
            let writes = round.iter().map(|first| self.put(*first, all));
            futures::future::try_join_all(writes).await?;
        }
        Ok(())
    }

    async fn put(&self, first: u64, all: u64) -> Result<(), Failure> {
        let event = |number| model::InputLogEvent { timestamp: time(number, all), message: line(number) };
        let input = model::PutLogEventsRequest {
            log_group_name: GROUP.to_owned(),
            log_stream_name: format!("s{}", first / BATCH % STREAMS),
            log_events: (first..first + BATCH).map(event).collect(),
            ..Default::default()
        };
        let put: model::PutLogEventsResponse = self.call("PutLogEvents", input).await?;
        match put.rejected_log_events_info {
            None => Ok(()),
            Some(rejected) => Err(format!("rejected: {rejected:?}").into()),
        }
    }

    /// Found events and pages.
    async fn filter(&self, pattern: &str, from: i64) -> Result<(usize, usize), Failure> {
        let (mut found, mut pages, mut next_token) = (0, 0, None);
        loop {
            let input = model::FilterLogEventsRequest {
                log_group_name: Some(GROUP.to_owned()),
                filter_pattern: Some(pattern.to_owned()),
                start_time: Some(from),
                next_token,
                ..Default::default()
            };
            let page: model::FilterLogEventsResponse = self.call("FilterLogEvents", input).await?;
            found += page.events.map_or(0, |events| events.len());
            pages += 1;
            next_token = page.next_token;
            if next_token.is_none() {
                return Ok((found, pages));
            }
        }
    }
}

fn time(number: u64, all: u64) -> i64 {
    START + i64::try_from(u128::from(number) * 86_400_000 / u128::from(all)).unwrap_or(0)
}

fn per_second(events: u64, took: Duration) -> u64 {
    u64::try_from(u128::from(events) * 1_000_000 / took.as_micros().max(1)).unwrap_or(0)
}

#[expect(clippy::cast_precision_loss, reason = "for people to read")]
fn ratio(a: u64, b: u64) -> f64 {
    a as f64 / b as f64
}

fn disk(folder: &Path) -> Result<u64, Failure> {
    std::fs::read_dir(folder)?.map(|file| Ok(file?.metadata()?.len())).sum()
}

/// Processor time of all threads, in milliseconds; the kernel counts hundredths of seconds.
fn cpu_millis() -> u64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = text.rsplit(')').next().unwrap_or_default().split_whitespace();
    fields.skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum::<u64>() * 10
}

/// A figure of `/proc/self/status`, in KiB.
fn status(name: &str) -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// Memory of the process's own; the pages of the mapped file are the kernel's to take back.
fn memory_mib() -> u64 {
    status("RssAnon:") >> 10
}

/// Everybody may do everything.
struct Everybody;

impl Identities for Everybody {
    fn credential<'a>(
        &'a self,
        _: &'a str,
        _: Option<&'a str>,
        _: Timestamp,
    ) -> BoxFuture<'a, Result<Credential, CredentialError>> {
        let principal = Arc::new(Principal::Root(AccountId::DEFAULT));
        Box::pin(async move { Ok(Credential::long_lived("secret", principal)) })
    }

    fn holdings<'a>(&'a self, _: &'a Principal) -> BoxFuture<'a, Result<Arc<Holdings>, Error>> {
        Box::pin(async move { Ok(Arc::default()) })
    }
}
