//! The contract `http`: a worker is ready when it listens, and requests are forwarded to where it does.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response, StatusCode};
use http_body::Body as _;
use tokio::time::Instant;
use weft_net::{Attendant, Body, BoxStream, Client, ClientOptions, SendError, attended, empty, text};
use weft_sandbox::Listening;
use weft_service::BoxFuture;
use weft_service::workload::{HttpContract, WorkError};

use crate::errors;
use crate::launch::PORT;
use crate::logs::WorkerLog;
use crate::pool::{Fleet, Lease};
use crate::spawn::Process;
use crate::start::RevisionFleet;
use crate::worker::{Link, Worker};

/// How a service's worker is reached.
pub(crate) struct HttpLink {
    client: Client,
}

/// How often a start is looked at, at first and at most.
const LOOK_FIRST: Duration = Duration::from_millis(2);
const LOOK_MOST: Duration = Duration::from_millis(50);
/// How long another port than `$PORT` must be the only one: a program may open several, one after the other.
const ALONE: Duration = Duration::from_millis(50);
/// How long the end of a process is waited for after its connection broke.
const ENDING: Duration = Duration::from_millis(500);

/// Waits until a started program serves, and returns how to reach it.
pub(crate) async fn ready(
    process: &Arc<dyn Process>,
    log: &WorkerLog,
    contract: &HttpContract,
) -> Result<HttpLink, WorkError> {
    let serving = async {
        let address = listening(process, contract).await;
        let link = HttpLink::to(process, address);
        if let Some(path) = &contract.health_path {
            link.healthy(path).await;
        }
        link
    };
    let ended = process.wait();
    tokio::select! {
        biased;
        exit = ended => {
            let how = errors::ending(exit);
            Err(failed(log, &format!("`{}` ended before it listened ({how})", contract.command.join(" "))))
        }
        served = tokio::time::timeout(contract.start_timeout, serving) => served.map_err(|_| {
            let seconds = contract.start_timeout.as_secs_f64();
            let health = contract.health_path.as_ref().map_or(String::new(), |path| {
                format!(" and answer `{path}` with 2xx or 3xx")
            });
            let command = contract.command.join(" ");
            failed(log, &format!(
                "`{command}` did not listen on $PORT ({PORT}) or on one port of its own{health} within {seconds} s; \
                 if it needs longer, raise its start timeout"
            ))
        }),
    }
}

fn failed(log: &WorkerLog, what: &str) -> WorkError {
    log.flush();
    let recent = log.recent();
    let reason = if recent.is_empty() {
        format!("{what}; it printed nothing")
    } else {
        format!("{what}. The last that it printed:\n{recent}\nFix it and deploy again")
    };
    WorkError::StartFailed { reason }
}

/// Waits until the program listens on `$PORT`, or for a moment on one other port only.
async fn listening(process: &Arc<dyn Process>, _: &HttpContract) -> SocketAddr {
    let mut pause = LOOK_FIRST;
    let mut alone: Option<(u16, Instant)> = None;
    loop {
        // A look that fails is repeated: a process that is gone is noticed elsewhere.
        let found = process.listening().await.unwrap_or_default();
        if let Some(address) = address_of(&found, PORT) {
            return address;
        }
        match only_port(&found) {
            None => alone = None,
            Some(port) => match alone {
                Some((known, since)) if known == port && since.elapsed() >= ALONE => {
                    if let Some(address) = address_of(&found, port) {
                        return address;
                    }
                }
                Some((known, _)) if known == port => {}
                _ => alone = Some((port, Instant::now())),
            },
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(if alone.is_some() { ALONE / 4 } else { LOOK_MOST });
    }
}

fn only_port(found: &[Listening]) -> Option<u16> {
    let port = found.first()?.port;
    found.iter().all(|other| other.port == port).then_some(port)
}

/// Where to connect to for a port: IPv4 where it may be.
fn address_of(found: &[Listening], port: u16) -> Option<SocketAddr> {
    let here = found.iter().filter(|listening| listening.port == port);
    let address = here.map(|listening| listening.address).min_by_key(IpAddr::is_ipv6)?;
    let address = match address {
        IpAddr::V4(any) if any.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(any) if any.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        other => other,
    };
    Some(SocketAddr::new(address, port))
}

impl HttpLink {
    fn to(process: &Arc<dyn Process>, address: SocketAddr) -> Self {
        let process = Arc::clone(process);
        let connect = move || -> BoxFuture<'static, std::io::Result<BoxStream>> { process.connect(address) };
        Self { client: Client::new(connect, ClientOptions::default()) }
    }

    /// Returns when `path` has been answered with 2xx or 3xx.
    async fn healthy(&self, path: &str) {
        let mut pause = LOOK_FIRST;
        loop {
            let mut request = Request::new(empty());
            *request.uri_mut() = path.parse().unwrap_or_default();
            request.headers_mut().insert(http::header::HOST, http::HeaderValue::from_static("localhost"));
            request
                .headers_mut()
                .insert(http::header::USER_AGENT, http::HeaderValue::from_static("weft-health"));
            if let Ok(response) = self.client.send(request).await
                && (response.status().is_success() || response.status().is_redirection())
            {
                return;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LOOK_MOST);
        }
    }
}

/// Sends a request to a service's worker; the lease comes back when the answer's body has ended, or the connection that
/// the request was upgraded to.
pub(crate) async fn forward(
    lease: Lease<RevisionFleet>,
    request: Request<Body>,
    contract: &HttpContract,
) -> Result<Response<Body>, WorkError> {
    // Others are in the same worker: a caller that goes away must not end it.
    let lease = lease.shared();
    let worker = Arc::clone(lease.worker());
    let mut lease = Some(lease);
    let Link::Http(link) = &worker.link else {
        return Err(WorkError::Unavailable { reason: "the worker does not speak HTTP".to_owned() });
    };
    let limit = contract.request_timeout;
    // An upgraded connection keeps its place until it ends: it is a request like any other.
    let sent = tokio::time::timeout(limit, link.client.send_holding(request, || lease.take())).await;
    match sent {
        Err(_) => Err(WorkError::TimedOut(limit)),
        Ok(Ok(response)) => {
            lease.iter_mut().for_each(Lease::answered);
            Ok(response.map(|inner| match lease {
                Some(lease) if !inner.is_end_stream() => attended(inner, lease),
                _ => inner,
            }))
        }
        Ok(Err(SendError::RequestBody { .. })) => {
            Ok(text(StatusCode::BAD_REQUEST, "the request's body broke off\n"))
        }
        Ok(Err(SendError::Malformed { source })) => {
            Err(WorkError::Crashed { reason: format!("its answer is not valid HTTP: {source}") })
        }
        Ok(Err(error)) => Err(crashed(lease, &worker, &error).await),
    }
}

/// Why a worker gave no answer: it ended, or it closed the connection.
async fn crashed(lease: Option<Lease<RevisionFleet>>, worker: &Worker, error: &SendError) -> WorkError {
    let ending = tokio::time::timeout(ENDING, worker.process.wait()).await;
    let Ok(exit) = ending else {
        return WorkError::Crashed { reason: format!("it is running, but {error}") };
    };
    if let Some(lease) = lease {
        lease.discard();
    }
    worker.log.flush();
    let recent = worker.log.recent();
    let last =
        if recent.is_empty() { String::new() } else { format!(". The last that it printed:\n{recent}") };
    WorkError::Crashed { reason: format!("{}{last}", errors::ending(exit)) }
}

/// An answer's body keeps its worker's place.
impl<F: Fleet> Attendant for Lease<F> {}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(list: &[&str]) -> Vec<Listening> {
        list.iter()
            .map(|text| text.parse::<SocketAddr>().unwrap())
            .map(|address| Listening { address: address.ip(), port: address.port() })
            .collect()
    }

    #[test]
    fn loopback_stands_for_all_addresses() {
        let check = |list: &[&str], port, expected: Option<&str>| {
            let expected = expected.map(|text| text.parse().unwrap());
            assert_eq!(address_of(&found(list), port), expected, "{list:?}");
        };
        check(&["0.0.0.0:8080"], 8080, Some("127.0.0.1:8080"));
        check(&["[::]:8080"], 8080, Some("[::1]:8080"));
        check(&["[::]:8080", "0.0.0.0:8080"], 8080, Some("127.0.0.1:8080"));
        check(&["127.0.0.1:5000"], 5000, Some("127.0.0.1:5000"));
        check(&["127.0.0.7:5000"], 5000, Some("127.0.0.7:5000"));
        check(&["127.0.0.1:5000"], 8080, None);
    }

    #[test]
    fn one_port_on_two_families_is_one_port() {
        assert_eq!(only_port(&found(&["[::]:3000", "0.0.0.0:3000"])), Some(3000));
        assert_eq!(only_port(&found(&["0.0.0.0:3000", "0.0.0.0:3001"])), None);
        assert_eq!(only_port(&[]), None);
    }
}
