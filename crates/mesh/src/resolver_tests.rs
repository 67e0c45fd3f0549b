//! A machine whose own resolver is slow, or stuck.

use std::sync::atomic::{AtomicUsize, Ordering};

use hickory_proto::op::{Message, MessageType, OpCode, Query};
use hickory_proto::rr::{Name, RecordType};
use tokio::sync::watch;

use super::*;
use crate::mesh::tests::{identity, mesh};
use crate::mesh::{Lookup, Mesh, MeshOptions};

/// Answers every name with 1.1.1.1: at once, those that begin with `stuck` only when told to.
struct Outside {
    asked: Arc<AtomicUsize>,
    unstick: watch::Sender<bool>,
}

fn outside() -> (Outside, Lookup) {
    let (unstick, stuck) = watch::channel(false);
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let lookup: Lookup = Arc::new(move |name: String| {
        counter.fetch_add(1, Ordering::Relaxed);
        let mut stuck = stuck.clone();
        Box::pin(async move {
            if name.starts_with("stuck") {
                stuck.wait_for(|free| *free).await.map_err(std::io::Error::other)?;
            }
            Ok(vec![IpAddr::from([1, 1, 1, 1])])
        })
    });
    (Outside { asked, unstick }, lookup)
}

fn packet(name: &str) -> Vec<u8> {
    let mut question = Message::new(9, MessageType::Query, OpCode::Query);
    question.add_query(Query::query(Name::from_ascii(name).unwrap(), RecordType::A));
    question.to_vec().unwrap()
}

fn code(answer: &[u8]) -> ResponseCode {
    Message::from_vec(answer).unwrap().metadata.response_code
}

fn resolver(mesh: &Mesh) -> Arc<Resolver> {
    Arc::new(Resolver::new(Arc::clone(&mesh.0), identity("shop", "web")))
}

/// The answer that is there at once; `None` where someone outside is asked.
fn at_once(resolver: &Resolver, name: &str) -> Option<ResponseCode> {
    resolver.answer_now(&packet(name), false).ok().map(|answer| code(&answer.unwrap()))
}

async fn answer(resolver: &Resolver, name: &str) -> ResponseCode {
    match resolver.answer_now(&packet(name), false) {
        Ok(answer) => code(&answer.unwrap()),
        Err(lookup) => code(&resolver.look_up(lookup, false).await),
    }
}

/// Asks `count` times for names that stick, and returns those answers that were there at once.
fn flood(resolver: &Arc<Resolver>, count: usize) -> Vec<ResponseCode> {
    let mut answers = Vec::new();
    for number in 0..count {
        match resolver.answer_now(&packet(&format!("stuck-{number}.example.com.")), false) {
            Ok(answer) => answers.push(code(&answer.unwrap())),
            Err(lookup) => {
                let resolver = Arc::clone(resolver);
                tokio::spawn(async move { resolver.look_up(lookup, false).await });
            }
        }
    }
    answers
}

#[tokio::test]
async fn only_a_name_that_does_not_exist_is_answered_so() {
    let lookup: Lookup = Arc::new(|name: String| {
        Box::pin(std::future::ready(match name.split('.').next() {
            Some("gone") => Err(std::io::ErrorKind::NotFound.into()),
            Some("late") => Err(std::io::ErrorKind::TimedOut.into()),
            Some("failed") => Err(std::io::Error::other("temporary")),
            Some("nothing") => Ok(Vec::new()),
            Some("private") => Ok(vec![IpAddr::from([10, 0, 0, 1])]),
            Some("newer") => Ok(vec!["2606:4700::1111".parse().unwrap()]),
            _ => panic!("{name}"),
        }))
    });
    let mesh = mesh(MeshOptions { lookup, ..MeshOptions::default() });
    let resolver = resolver(&mesh);
    for (name, expected) in [
        ("gone.example.com.", ResponseCode::NXDomain),
        ("late.example.com.", ResponseCode::ServFail),
        ("failed.example.com.", ResponseCode::ServFail),
        ("nothing.example.com.", ResponseCode::NoError),
        ("private.example.com.", ResponseCode::NoError),
        ("newer.example.com.", ResponseCode::NoError),
    ] {
        let Err(lookup) = resolver.answer_now(&packet(name), false) else { panic!("{name}") };
        let answer = Message::from_vec(&resolver.look_up(lookup, false).await).unwrap();
        assert_eq!((answer.metadata.response_code, answer.answers.len()), (expected, 0), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_floods_its_resolver_delays_nobody_else() {
    let (_outside, lookup) = outside();
    let mesh = mesh(MeshOptions { lookup, ..MeshOptions::default() });
    let (greedy, quiet) = (resolver(&mesh), resolver(&mesh));
    let began = tokio::time::Instant::now();
    assert_eq!(flood(&greedy, 100), [ResponseCode::ServFail; 76], "8 under way, 16 waiting");
    assert_eq!(at_once(&greedy, "quick.example.com."), Some(ResponseCode::ServFail));
    assert_eq!(at_once(&greedy, "orders."), Some(ResponseCode::NoError), "the app's own names take no place");
    assert_eq!(answer(&quiet, "quick.example.com.").await, ResponseCode::NoError);
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn many_floods_at_once_delay_nobody_else() {
    let (outside, lookup) = outside();
    let mesh = mesh(MeshOptions { lookup, ..MeshOptions::default() });
    let began = tokio::time::Instant::now();
    let greedy: Vec<_> = (0..29).map(|_| resolver(&mesh)).collect();
    for greedy in &greedy {
        assert!(flood(greedy, 100).len() >= 76);
    }
    let quiet = resolver(&mesh);
    assert_eq!(answer(&quiet, "quick.example.com.").await, ResponseCode::NoError);
    assert_eq!(began.elapsed(), Duration::ZERO);
    assert!(outside.asked.load(Ordering::Relaxed) <= 64);
}

#[tokio::test(start_paused = true)]
async fn a_lookup_that_nobody_waits_for_any_more_holds_its_place() {
    let (outside, lookup) = outside();
    let mesh = mesh(MeshOptions { lookup, ..MeshOptions::default() });
    let resolver = resolver(&mesh);
    flood(&resolver, 8);
    assert_eq!(answer(&resolver, "stuck.example.com.").await, ResponseCode::ServFail, "after five seconds");
    assert_eq!(
        answer(&resolver, "quick.example.com.").await,
        ResponseCode::ServFail,
        "the threads are stuck"
    );
    assert_eq!(outside.asked.load(Ordering::Relaxed), 8);
    outside.unstick.send(true).unwrap();
    assert_eq!(answer(&resolver, "quick.example.com.").await, ResponseCode::NoError);
}

/// Asks over a stream of its own; `None` where no answer comes within a second.
async fn answer_over_tcp(resolver: &Arc<Resolver>, name: &str) -> Option<ResponseCode> {
    let (mut worker, door) = tokio::io::duplex(4096);
    let resolver = Arc::clone(resolver);
    tokio::spawn(async move { resolver.serve_stream(door).await });
    let question = packet(name);
    worker.write_u16(question.len().try_into().unwrap()).await.unwrap();
    worker.write_all(&question).await.unwrap();
    let answer = async {
        let mut answer = vec![0; worker.read_u16().await.unwrap().into()];
        worker.read_exact(&mut answer).await.unwrap();
        code(&answer)
    };
    tokio::time::timeout(Duration::from_secs(1), answer).await.ok()
}

#[tokio::test(start_paused = true)]
async fn a_flood_over_tcp_delays_nobody_else_either() {
    let (_outside, lookup) = outside();
    let mesh = mesh(MeshOptions { lookup, ..MeshOptions::default() });
    let (greedy, quiet) = (resolver(&mesh), resolver(&mesh));
    let mut flood = tokio::task::JoinSet::new();
    for number in 0..30 {
        let greedy = Arc::clone(&greedy);
        flood.spawn(async move { answer_over_tcp(&greedy, &format!("stuck-{number}.example.com.")).await });
    }
    let answers = flood.join_all().await;
    let refused = answers.iter().filter(|answer| **answer == Some(ResponseCode::ServFail)).count();
    assert_eq!((refused, answers.iter().flatten().count()), (6, 6), "8 under way, 16 waiting");
    assert_eq!(answer_over_tcp(&greedy, "orders.").await, Some(ResponseCode::NoError));
    assert_eq!(answer_over_tcp(&quiet, "quick.example.com.").await, Some(ResponseCode::NoError));
}
