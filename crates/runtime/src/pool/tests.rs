use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use proptest::prelude::*;
use tokio::sync::oneshot as exit;

use super::*;
use crate::logs::LastWords;

/// Workers in memory. What a start does is a script's next word; the last word repeats.
#[derive(Clone)]
struct Fake(Arc<FakeState>);

struct FakeState {
    script: Mutex<Vec<Word>>,
    start_time: Duration,
    /// How long after the pool's begin the first worker expires.
    expires: Option<Duration>,
    alive: AtomicU32,
    most: AtomicU32,
    started: AtomicU32,
    frozen: Mutex<Vec<(u64, bool)>>,
    stops: Mutex<Vec<(u64, Stop)>>,
    firsts: Mutex<Vec<Duration>>,
    ends: Mutex<HashMap<u64, exit::Sender<String>>>,
    watched: Mutex<HashMap<u64, exit::Receiver<String>>>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Word {
    Up,
    Fails,
    InitFails,
    Panics,
}

struct FakeWorker {
    id: u64,
    calls: AtomicU32,
}

impl Fake {
    fn new(script: &[Word]) -> Self {
        Self(Arc::new(FakeState {
            script: Mutex::new(script.to_vec()),
            start_time: Duration::from_millis(50),
            expires: None,
            alive: AtomicU32::new(0),
            most: AtomicU32::new(0),
            started: AtomicU32::new(0),
            frozen: Mutex::default(),
            stops: Mutex::default(),
            firsts: Mutex::default(),
            ends: Mutex::default(),
            watched: Mutex::default(),
        }))
    }

    fn crash(&self, id: u64) {
        let end = self.0.ends.lock().unwrap().remove(&id).unwrap();
        self.0.alive.fetch_sub(1, SeqCst);
        end.send("exit status 1".to_owned()).unwrap();
    }

    fn alive(&self) -> u32 {
        self.0.alive.load(SeqCst)
    }
}

impl Fleet for Fake {
    type Worker = FakeWorker;

    fn start(&self, id: u64) -> BoxFuture<'static, Result<Started<FakeWorker>, StartFailure>> {
        let fake = Arc::clone(&self.0);
        let alive = fake.alive.fetch_add(1, SeqCst) + 1;
        fake.most.fetch_max(alive, SeqCst);
        fake.started.fetch_add(1, SeqCst);
        Box::pin(async move {
            tokio::time::sleep(fake.start_time).await;
            let word = {
                let mut script = fake.script.lock().unwrap();
                if script.len() > 1 { script.remove(0) } else { script[0] }
            };
            if word != Word::Up {
                fake.alive.fetch_sub(1, SeqCst);
            }
            match word {
                Word::Up => {
                    let (send, receive) = exit::channel();
                    fake.ends.lock().unwrap().insert(id, send);
                    fake.watched.lock().unwrap().insert(id, receive);
                    let worker = FakeWorker { id, calls: AtomicU32::new(0) };
                    Ok(Started { worker, expires: fake.expires.filter(|_| id == 1) })
                }
                Word::Fails => {
                    Err(StartFailure::Work(WorkError::StartFailed { reason: "no such file".to_owned() }))
                }
                Word::InitFails => {
                    Err(StartFailure::Init(InitFailure::reported("{}".into(), None), LastWords::default()))
                }
                Word::Panics => panic!("as the script says"),
            }
        })
    }

    fn stop(&self, worker: Arc<FakeWorker>, how: Stop) -> BoxFuture<'static, ()> {
        let fake = Arc::clone(&self.0);
        Box::pin(async move {
            fake.stops.lock().unwrap().push((worker.id, how));
            tokio::time::sleep(Duration::from_millis(10)).await;
            if fake.ends.lock().unwrap().remove(&worker.id).is_some() {
                fake.alive.fetch_sub(1, SeqCst);
            }
        })
    }

    fn ended(&self, worker: Arc<FakeWorker>) -> BoxFuture<'static, String> {
        let watched = self.0.watched.lock().unwrap().remove(&worker.id).unwrap();
        Box::pin(async move {
            match watched.await {
                Ok(how) => how,
                // Stopped, not crashed: the pool knows already.
                Err(_) => std::future::pending().await,
            }
        })
    }

    fn first_request(&self, took: Duration) {
        self.0.firsts.lock().unwrap().push(took);
    }

    fn freeze(&self, worker: Arc<FakeWorker>, on: bool) -> BoxFuture<'static, ()> {
        self.0.frozen.lock().unwrap().push((worker.id, on));
        Box::pin(async {})
    }
}

fn function(max: u32) -> PoolConfig {
    PoolConfig {
        limits: Limits {
            min: 0,
            max,
            concurrency: 1,
            utilisation: 0.7,
            idle_timeout: Duration::from_secs(30),
            freeze_after: None,
            requests_back_off: false,
        },
        queue_max: 1_000,
        queue_timeout: Duration::from_secs(30),
        grace: Duration::from_secs(5),
        start_burst: 1_000,
        starts_per_second: 100.0,
        epoch: Instant::now(),
    }
}

fn service(max: u32, concurrency: u32) -> PoolConfig {
    let mut config = function(max);
    config.limits.concurrency = concurrency;
    config.limits.requests_back_off = true;
    config
}

fn pool(fake: &Fake, config: PoolConfig) -> Arc<Pool<Fake>> {
    Pool::new(fake.clone(), config, Arc::new(1.into()))
}

async fn call(pool: Arc<Pool<Fake>>, takes: Duration) -> Result<u64, NoLease> {
    let lease = pool.acquire().await?;
    lease.worker().calls.fetch_add(1, SeqCst);
    tokio::time::sleep(takes).await;
    let id = lease.worker().id;
    lease.give_back();
    Ok(id)
}

const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn the_first_request_of_a_worker_is_timed_and_no_other() {
    let fake = Fake::new(&[Word::Up]);
    let pool = pool(&fake, function(1));
    pool.acquire().await.ok().unwrap().unused();
    pool.acquire().await.ok().unwrap().unused();
    call(Arc::clone(&pool), 70 * MS).await.unwrap();
    call(Arc::clone(&pool), 30 * MS).await.unwrap();
    assert_eq!(*fake.0.firsts.lock().unwrap(), [70 * MS]);
    pool.acquire().await.ok().unwrap().discard();
    tokio::time::sleep(SECOND).await;
    pool.acquire().await.ok().unwrap().discard();
    tokio::time::sleep(SECOND).await;
    let mut lease = pool.acquire().await.ok().unwrap().shared();
    tokio::time::sleep(20 * MS).await;
    lease.answered();
    tokio::time::sleep(SECOND).await;
    drop(lease);
    assert_eq!(*fake.0.firsts.lock().unwrap(), [70 * MS, 20 * MS], "a head is enough, a crash is no answer");
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_start_may_wait_longer_than_a_request_and_is_not_counted_as_one() {
    let fake = Fake::new(&[Word::Up]);
    let pool = pool(&fake, PoolConfig { queue_timeout: 10 * MS, ..service(1, 8) });
    assert!(pool.acquire().await.is_err(), "a start takes 50 ms");
    pool.acquire_within(SECOND).await.map_err(|_| "no lease").unwrap().unused();
    let mut seen = Vec::new();
    pool.each(|_, _, state, in_flight, served| seen.push((state, in_flight, served)));
    assert_eq!(seen, [("ready", 0, 0)]);
}

#[tokio::test(start_paused = true)]
async fn two_hundred_requests_are_answered_by_twenty_workers() {
    let fake = Fake::new(&[Word::Up]);
    let pool = pool(&fake, function(20));
    let calls = (0..200).map(|_| tokio::spawn(call(Arc::clone(&pool), 100 * MS)));
    let answers = futures::future::join_all(calls).await;
    assert!(answers.iter().all(|answer| matches!(answer, Ok(Ok(_)))));
    assert_eq!((fake.0.most.load(SeqCst), fake.0.started.load(SeqCst)), (20, 20));
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_refuses_at_once_while_others_are_served() {
    let fake = Fake::new(&[Word::Up]);
    let pool = pool(&fake, PoolConfig { queue_max: 10, ..function(2) });
    let begun = Instant::now();
    let calls = (0..100).map(|_| tokio::spawn(call(Arc::clone(&pool), 100 * MS)));
    let mut calls: Vec<_> = calls.collect();
    let refused = calls.split_off(12);
    for call in refused {
        let answer = call.await.unwrap();
        assert!(matches!(answer, Err(NoLease::Failed(StartFailure::Work(WorkError::Overloaded { max: 2 })))));
    }
    assert_eq!(begun.elapsed(), Duration::ZERO);
    assert!(futures::future::join_all(calls).await.into_iter().all(|answer| answer.unwrap().is_ok()));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_waits_too_long_is_refused() {
    let fake = Fake::new(&[Word::Up]);
    let pool = pool(&fake, PoolConfig { queue_timeout: SECOND, ..function(1) });
    let long = tokio::spawn(call(Arc::clone(&pool), 10 * SECOND));
    tokio::time::sleep(100 * MS).await;
    let begun = Instant::now();
    assert!(call(Arc::clone(&pool), MS).await.is_err());
    assert_eq!(begun.elapsed(), SECOND);
    assert!(long.await.unwrap().is_ok());
    assert!(call(pool, MS).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_goes_away_frees_its_place() {
    let fake = Fake::new(&[Word::Up]);
    let pool = pool(&fake, PoolConfig { queue_max: 1, ..function(1) });
    let first = tokio::spawn(call(Arc::clone(&pool), SECOND));
    tokio::time::sleep(100 * MS).await;
    let waits = tokio::spawn(call(Arc::clone(&pool), MS));
    tokio::time::sleep(MS).await;
    assert!(call(Arc::clone(&pool), MS).await.is_err());
    waits.abort();
    assert!(waits.await.is_err());
    assert!(call(Arc::clone(&pool), MS).await.is_ok());
    first.abort();
    assert!(first.await.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn idle_workers_are_stopped_and_min_is_kept() {
    let fake = Fake::new(&[Word::Up]);
    let mut config = function(10);
    config.limits.min = 1;
    let pool = pool(&fake, config);
    pool.warm();
    tokio::time::sleep(100 * MS).await;
    assert_eq!(fake.alive(), 1);
    let calls = (0..5).map(|_| tokio::spawn(call(Arc::clone(&pool), 100 * MS)));
    futures::future::join_all(calls).await;
    assert_eq!(fake.alive(), 5);
    tokio::time::sleep(29 * SECOND).await;
    assert_eq!(fake.alive(), 5);
    tokio::time::sleep(3 * SECOND).await;
    assert_eq!(fake.alive(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_idle_pool_has_no_worker_and_can_be_closed() {
    let fake = Fake::new(&[Word::Up]);
    let pool = pool(&fake, function(10));
    call(Arc::clone(&pool), MS).await.unwrap();
    assert!(!pool.close_if_idle());
    tokio::time::sleep(33 * SECOND).await;
    assert_eq!(fake.alive(), 0);
    assert!(pool.close_if_idle());
    assert!(matches!(call(pool, MS).await, Err(NoLease::Closed)));
}

#[tokio::test(start_paused = true)]
async fn a_function_whose_start_fails_answers_one_request_each_time() {
    let fake = Fake::new(&[Word::InitFails, Word::Up]);
    let pool = pool(&fake, function(1));
    let first = tokio::spawn(call(Arc::clone(&pool), MS));
    let second = tokio::spawn(call(Arc::clone(&pool), MS));
    assert!(matches!(first.await.unwrap(), Err(NoLease::Failed(StartFailure::Init(..)))));
    assert_eq!(second.await.unwrap().unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_crashes_in_a_loop_says_so_instead_of_hanging() {
    let fake = Fake::new(&[Word::Fails]);
    let pool = pool(&fake, service(5, 10));
    let mut waits = Vec::new();
    let mut last = String::new();
    for _ in 0..6 {
        let begun = Instant::now();
        let Err(NoLease::Failed(StartFailure::Work(WorkError::StartFailed { reason }))) =
            call(Arc::clone(&pool), MS).await
        else {
            panic!("a start that fails must fail the request");
        };
        waits.push(begun.elapsed().as_millis());
        last = reason;
    }
    // Two starts at once; from then on the delay holds them back and requests are answered without a start.
    assert_eq!(waits, [50, 50, 0, 0, 0, 0]);
    assert_eq!(last, "no such file (failed 2 times; next try in 0.5 s)");
    let started = fake.0.started.load(SeqCst);
    tokio::time::sleep(SECOND).await;
    assert!(call(Arc::clone(&pool), MS).await.is_err());
    assert_eq!(fake.0.started.load(SeqCst), started + 1);
}

#[tokio::test(start_paused = true)]
async fn crashed_workers_are_replaced_ever_more_slowly() {
    let fake = Fake::new(&[Word::Up]);
    let mut config = service(5, 10);
    config.limits.min = 1;
    let pool = pool(&fake, config);
    pool.warm();
    let mut pauses = Vec::new();
    for id in 1..6 {
        let begun = Instant::now();
        while fake.alive() == 0 || !fake.0.ends.lock().unwrap().contains_key(&id) {
            tokio::time::sleep(10 * MS).await;
        }
        pauses.push(begun.elapsed().as_millis() / 1_000);
        fake.crash(id);
        tokio::time::sleep(MS).await;
    }
    assert_eq!(pauses, [0, 0, 0, 2, 3]);
    assert_eq!(fake.0.most.load(SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_start_fails_the_request_and_frees_the_place() {
    let fake = Fake::new(&[Word::Panics, Word::Up]);
    let pool = pool(&fake, function(1));
    assert!(call(Arc::clone(&pool), MS).await.is_err());
    assert!(call(pool, MS).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_discarded_worker_is_stopped_and_replaced() {
    let fake = Fake::new(&[Word::Up]);
    let pool = pool(&fake, function(1));
    pool.acquire().await.ok().unwrap().discard();
    assert_eq!(call(pool, MS).await.unwrap(), 2);
    assert_eq!(*fake.0.stops.lock().unwrap(), [(1, Stop::Now)]);
    assert_eq!(fake.0.most.load(SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_nobody_called_healthy_is_replaced() {
    let fake = Fake::new(&[Word::Up]);
    let mut config = function(1);
    config.limits.freeze_after = Some(SECOND);
    let pool = pool(&fake, config);
    let panics = tokio::spawn({
        let pool = Arc::clone(&pool);
        async move {
            let _lease = pool.acquire().await.ok().unwrap();
            panic!("in the midst of an exchange");
        }
    });
    assert!(panics.await.unwrap_err().is_panic());
    // Cancelled in the midst of an exchange.
    assert!(tokio::time::timeout(100 * MS, call(Arc::clone(&pool), SECOND)).await.is_err());
    assert_eq!(call(Arc::clone(&pool), MS).await.unwrap(), 3);
    assert_eq!(*fake.0.stops.lock().unwrap(), [(1, Stop::Now), (2, Stop::Now)]);
    // What a service's caller leaves behind is a connection.
    drop(pool.acquire().await.ok().unwrap().shared());
    assert_eq!(call(pool, MS).await.unwrap(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_service_fills_workers_evenly() {
    let fake = Fake::new(&[Word::Up]);
    let mut config = service(4, 10);
    config.limits.min = 4;
    let pool = pool(&fake, config);
    pool.warm();
    tokio::time::sleep(100 * MS).await;
    let mut leases = Vec::new();
    for _ in 0..40 {
        leases.push(pool.acquire().await.ok().unwrap().shared());
    }
    let mut calls = HashMap::new();
    for lease in &leases {
        *calls.entry(lease.worker().id).or_insert(0) += 1;
    }
    assert!(calls.values().all(|count| *count == 10), "{calls:?}");
    assert_eq!(fake.0.most.load(SeqCst), 4);
    drop(leases.split_off(20));
    let mut busy = Vec::new();
    pool.each(|_, _, _, in_flight, _| busy.push(in_flight));
    assert_eq!(busy.iter().sum::<u32>(), 20);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_never_ends_keeps_nobody_out() {
    let mut fake = Fake::new(&[Word::Up]);
    Arc::get_mut(&mut fake.0).unwrap().expires = Some(10 * SECOND);
    let pool = pool(&fake, service(1, 10));
    let stays = pool.acquire().await.ok().unwrap().shared();
    // Long after its expiry: nobody else wants its place.
    tokio::time::sleep(100 * SECOND).await;
    assert_eq!(fake.alive(), 1);
    let begun = Instant::now();
    assert_eq!(call(Arc::clone(&pool), MS).await.unwrap(), 2);
    assert!(begun.elapsed() < 2 * SECOND, "{:?}", begun.elapsed());
    assert_eq!(*fake.0.stops.lock().unwrap(), [(1, Stop::Gently)]);
    drop(stays);
    assert_eq!(call(pool, MS).await.unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn retiring_drains_and_closes() {
    let fake = Fake::new(&[Word::Up]);
    let pool = pool(&fake, function(2));
    let busy = tokio::spawn(call(Arc::clone(&pool), SECOND));
    call(Arc::clone(&pool), MS).await.unwrap();
    pool.retire();
    let begun = Instant::now();
    pool.closed().await;
    assert!(busy.await.unwrap().is_ok());
    assert!(begun.elapsed() < 2 * SECOND);
    assert_eq!(fake.alive(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_does_not_end_within_the_grace_is_stopped() {
    let fake = Fake::new(&[Word::Up]);
    let pool = pool(&fake, function(2));
    let lease = pool.acquire().await.ok().unwrap();
    let begun = Instant::now();
    pool.retire();
    pool.closed().await;
    assert!((5 * SECOND..6 * SECOND).contains(&begun.elapsed()));
    assert_eq!(fake.alive(), 0);
    drop(lease);
}

#[tokio::test(start_paused = true)]
async fn idle_functions_are_frozen_and_thawed_before_use() {
    let fake = Fake::new(&[Word::Up]);
    let mut config = function(2);
    config.limits.freeze_after = Some(SECOND);
    let pool = pool(&fake, config);
    call(Arc::clone(&pool), MS).await.unwrap();
    tokio::time::sleep(3 * SECOND).await;
    call(Arc::clone(&pool), MS).await.unwrap();
    call(Arc::clone(&pool), MS).await.unwrap();
    assert_eq!(*fake.0.frozen.lock().unwrap(), [(1, true), (1, false)]);
}

/// One thing that happens to a pool.
#[derive(Debug, Clone)]
enum Event {
    Call { takes_ms: u16, gives_up_ms: Option<u16> },
    Wait { ms: u16 },
    Crash { nth: u8 },
    Break { nth: u8 },
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let call = (0..400_u16, proptest::option::weighted(0.3, 0..300_u16))
        .prop_map(|(takes_ms, gives_up_ms)| Event::Call { takes_ms, gives_up_ms });
    let event = prop_oneof![
        6 => call,
        3 => (0..200_u16).prop_map(|ms| Event::Wait { ms }),
        1 => (0..8_u8).prop_map(|nth| Event::Crash { nth }),
        1 => (0..8_u8).prop_map(|nth| Event::Break { nth }),
    ];
    proptest::collection::vec(event, 1..60)
}

async fn happen(pool: &Arc<Pool<Fake>>, fake: &Fake, events: Vec<Event>) -> u32 {
    let mut calls = Vec::new();
    for event in events {
        match event {
            Event::Call { takes_ms, gives_up_ms } => {
                let call = call(Arc::clone(pool), Duration::from_millis(takes_ms.into()));
                let patience = gives_up_ms.map_or(1_000 * SECOND, |ms| Duration::from_millis(ms.into()));
                calls.push(tokio::spawn(tokio::time::timeout(patience, call)));
            }
            Event::Wait { ms } => tokio::time::sleep(Duration::from_millis(ms.into())).await,
            Event::Crash { nth } => {
                let ids: Vec<u64> = fake.0.ends.lock().unwrap().keys().copied().collect();
                if let Some(id) = ids.get(usize::from(nth)) {
                    fake.crash(*id);
                }
            }
            Event::Break { nth } => {
                if nth % 2 == 0
                    && let Ok(Ok(lease)) = tokio::time::timeout(MS, pool.acquire()).await
                {
                    lease.discard();
                }
            }
        }
    }
    let mut hung = 0;
    for call in calls {
        // Every call ends: with an answer, with an error, or because its caller gave up.
        hung += u32::from(tokio::time::timeout(200 * SECOND, call).await.is_err());
    }
    hung
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]
    #[test]
    fn whatever_happens_max_holds_nobody_hangs_and_every_place_comes_back(
        events in events(),
        max in 1..5_u32,
        concurrency in prop_oneof![Just(1_u32), 2..5_u32],
        script in proptest::collection::vec(
            prop_oneof![4 => Just(Word::Up), 1 => Just(Word::Fails), 1 => Just(Word::InitFails)], 1..8),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let mut script = script;
            script.push(Word::Up);
            let fake = Fake::new(&script);
            let config = if concurrency == 1 { function(max) } else { service(max, concurrency) };
            let pool = pool(&fake, config);
            let hung = happen(&pool, &fake, events).await;
            prop_assert_eq!(hung, 0);
            prop_assert!(fake.0.most.load(SeqCst) <= max);
            let mut in_flight = 0;
            pool.each(|_, _, _, busy, _| in_flight += busy);
            prop_assert_eq!(in_flight, 0);
            // From whatever state, an idle pool goes to zero.
            tokio::time::sleep(200 * SECOND).await;
            prop_assert_eq!(fake.alive(), 0);
            Ok(())
        })?;
    }
}
