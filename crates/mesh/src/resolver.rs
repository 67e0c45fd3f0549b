//! A worker's resolver.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use hickory_proto::op::ResponseCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use weft_net::Stream;
use weft_service::workload::WorkerIdentity;
use weft_types::AppName;

use crate::dns::{self, Asked, Question, Reply};
use crate::mesh::Shared;
use crate::names::{self, Claims, Meaning};
use crate::places::{Place, Share, Turn};

/// Answers one worker's questions.
pub(crate) struct Resolver {
    shared: Arc<Shared>,
    identity: Arc<WorkerIdentity>,
    lookups: Share,
    /// Addresses of ours that the worker may know.
    claims: Claims,
}

/// A question about a public name, and its turn to be asked outside.
pub(crate) struct Public {
    question: Question,
    turn: Turn,
}

/// Seconds that a name of ours may be kept: its address does not change, but the workload may go.
const TTL_OURS: u32 = 5;
/// Seconds that a public name may be kept: the machine's resolver does not tell how long is left.
const TTL_PUBLIC: u32 = 30;
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(5);
const STREAM_IDLE_TIMEOUT: Duration = Duration::from_secs(10);

impl Resolver {
    pub(crate) fn new(shared: Arc<Shared>, identity: Arc<WorkerIdentity>) -> Self {
        let lookups = shared.lookups.share();
        Self { shared, identity, lookups, claims: Claims::default() }
    }

    /// The answer, or nothing to what is no question; or, as the error, what needs [`Resolver::look_up`]. Questions of a
    /// worker that already asks as much as it may fail here, so that nothing is kept of them.
    pub(crate) fn answer_now(&self, packet: &[u8], tcp: bool) -> Result<Option<Vec<u8>>, Box<Public>> {
        let (question, reply) = match dns::read(packet) {
            Asked::Nothing => return Ok(None),
            Asked::Refused(question, code) => (question, Reply::Code(code)),
            Asked::Addresses(question) => match self.reply(&question) {
                Some(reply) => (question, reply),
                None => match self.lookups.turn() {
                    Some(turn) => return Err(Box::new(Public { question, turn })),
                    None => (question, Reply::Code(ResponseCode::ServFail)),
                },
            },
        };
        Ok(Some(question.answer(&reply, tcp)))
    }

    /// Asks the machine's resolver.
    pub(crate) async fn look_up(&self, lookup: Box<Public>, tcp: bool) -> Vec<u8> {
        let Public { question, turn } = *lookup;
        let reply = self.public(&question.name, turn).await;
        question.answer(&reply, tcp)
    }

    /// Serves questions over TCP, each behind its length.
    pub(crate) async fn serve_stream(&self, mut stream: impl Stream) {
        // Any failure, and any silence, ends the connection: there is nothing to tell a resolver then.
        while let Ok(Some(answer)) = self.next_answer(&mut stream).await {
            let Ok(length) = u16::try_from(answer.len()) else { return };
            let framed = [&length.to_be_bytes()[..], &answer].concat();
            let sent = tokio::time::timeout(STREAM_IDLE_TIMEOUT, stream.write_all(&framed)).await;
            if !matches!(sent, Ok(Ok(()))) {
                return;
            }
        }
    }

    async fn next_answer(&self, stream: &mut impl Stream) -> std::io::Result<Option<Vec<u8>>> {
        let packet = tokio::time::timeout(STREAM_IDLE_TIMEOUT, async {
            let length = stream.read_u16().await?;
            let mut packet = vec![0; usize::from(length)];
            stream.read_exact(&mut packet).await?;
            std::io::Result::Ok(packet)
        })
        .await??;
        match self.answer_now(&packet, true) {
            Ok(answer) => Ok(answer),
            Err(lookup) => Ok(Some(self.look_up(lookup, true).await)),
        }
    }

    /// What we know ourselves; `None` for public names.
    fn reply(&self, question: &Question) -> Option<Reply> {
        let caller = &self.identity.revision.workload;
        let is_at = |address: Ipv4Addr| Reply::Addresses(vec![address.into()], TTL_OURS);
        let app = caller.app.as_ref().map(AppName::as_str);
        match names::meaning(&question.name, app) {
            Meaning::Aws => Some(is_at(names::AWS)),
            Meaning::Loopback => {
                let both = [IpAddr::from(Ipv4Addr::LOCALHOST), std::net::Ipv6Addr::LOCALHOST.into()];
                Some(Reply::Addresses(both.into(), TTL_OURS))
            }
            Meaning::App(name) => Some(self.of_app(&name).unwrap_or(Reply::Code(ResponseCode::NXDomain))),
            Meaning::AppOrPublic(name) => self.of_app(&name),
            Meaning::Public => None,
            Meaning::Nothing => Some(Reply::Code(ResponseCode::NXDomain)),
        }
    }

    fn of_app(&self, name: &str) -> Option<Reply> {
        let seams = self.shared.seams.get()?;
        let workload = seams.directory.find(&self.identity.revision.workload, name)?;
        Some(if let Some(address) = self.shared.names.tell(&workload, &self.claims, Instant::now()) {
            Reply::Addresses(vec![address.into()], TTL_OURS)
        } else {
            tracing::warn!(workload = &*workload.name, "no address is left for a name");
            Reply::Code(ResponseCode::ServFail)
        })
    }

    async fn public(&self, name: &str, turn: Turn) -> Reply {
        let asked = async {
            let place = turn.place().await?;
            Some(self.ask(name, place).await)
        };
        match tokio::time::timeout(LOOKUP_TIMEOUT, asked).await {
            Ok(Some(Ok(found))) => Reply::Addresses(self.shared.options.egress.told(found), TTL_PUBLIC),
            Ok(Some(Err(error))) => {
                tracing::debug!(name, %error, "public name not found");
                let gone = error.kind() == std::io::ErrorKind::NotFound;
                Reply::Code(if gone { ResponseCode::NXDomain } else { ResponseCode::ServFail })
            }
            Ok(None) | Err(_) => Reply::Code(ResponseCode::ServFail),
        }
    }

    /// Asks outside. The place is held until the lookup ends, also when nobody waits for it any more: its thread cannot be
    /// stopped.
    async fn ask(&self, name: &str, place: Place) -> std::io::Result<Vec<IpAddr>> {
        let lookup = (self.shared.options.lookup)(name.to_owned());
        let task = tokio::spawn(async move {
            let found = lookup.await;
            drop(place);
            found
        });
        task.await.map_err(std::io::Error::other)?
    }
}

#[cfg(test)]
#[path = "resolver_tests.rs"]
mod tests;
