//! TLS on connections that come in, with a certificate for the name that each asks for.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use rustls::ServerConfig;
use rustls::server::{Acceptor, ResolvesServerCertUsingSni};
use rustls::sign::SingleCertAndKey;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

use crate::Stream;
use crate::authority::{Authority, Subject, TlsError, provider};

/// Makes TLS of connections, with certificates of one [`Authority`] that are made when they are asked for, kept in
/// memory, and replaced before they end.
#[derive(Clone)]
pub struct Tls(Arc<Shared>);

/// Says what time it is.
pub type Now = fn() -> SystemTime;

struct Shared {
    authority: Authority,
    now: Now,
    /// Settings without a certificate.
    settings: ServerConfig,
    kept: Mutex<Kept>,
}

/// The certificates that are in memory.
#[derive(Default)]
struct Kept {
    uses: u64,
    settings: HashMap<Subject, One>,
}

struct One {
    settings: Arc<ServerConfig>,
    renew: SystemTime,
    used: u64,
}

/// Certificates in memory at a time, of about 4 KiB each.
const KEPT_MAX: usize = 1024;
/// How long before its end a certificate is replaced.
const RENEWAL: Duration = Duration::from_hours(24 * 10);

impl Tls {
    /// TLS 1.2 and 1.3, HTTP/1.1.
    pub fn new(authority: Authority, now: Now) -> Result<Self, TlsError> {
        let nothing = Arc::new(ResolvesServerCertUsingSni::new());
        let mut settings = ServerConfig::builder_with_provider(Arc::new(provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(nothing);
        settings.alpn_protocols = vec![b"http/1.1".to_vec()];
        settings.ticketer = rustls::crypto::ring::Ticketer::new()?;
        Ok(Self(Arc::new(Shared { authority, now, settings, kept: Mutex::default() })))
    }

    /// Does the handshake on a connection that arrived at the address `at`, within `within`. The client gets a certificate
    /// for the name that it asks for where `covers` says so; for any other name, and for none, the machine's own, which a client that
    /// verifies takes for an address or `localhost` alone.
    pub async fn accept<S: Stream, F: FnOnce(&str) -> bool + Send>(
        &self,
        stream: S,
        at: IpAddr,
        covers: F,
        within: Duration,
    ) -> io::Result<impl Stream + use<S, F>> {
        tokio::time::timeout(within, handshake(self, stream, at, covers)).await?
    }

    fn settings(&self, subject: Subject, now: SystemTime) -> Result<Arc<ServerConfig>, TlsError> {
        if let Some(settings) = self.0.kept().find(&subject, now) {
            return Ok(settings);
        }
        let (certified, until) =
            self.0.authority.certify(&subject, now, self.0.settings.crypto_provider())?;
        let mut settings = self.0.settings.clone();
        settings.cert_resolver = Arc::new(SingleCertAndKey::from(certified));
        let settings = Arc::new(settings);
        self.0.kept().keep(subject, Arc::clone(&settings), until - RENEWAL);
        Ok(settings)
    }
}

/// Does the handshake, for as long as it takes.
pub(crate) async fn handshake<S: Stream>(
    tls: &Tls,
    stream: S,
    at: IpAddr,
    covers: impl FnOnce(&str) -> bool,
) -> io::Result<TlsStream<S>> {
    let begun = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
    let name = begun.client_hello().server_name().map(str::to_ascii_lowercase);
    let subject = match name.filter(|name| covers(name)) {
        Some(name) => Subject::Name(name),
        None => Subject::Machine(at.to_canonical()),
    };
    let settings = tls.settings(subject, (tls.0.now)()).map_err(io::Error::other)?;
    begun.into_stream(settings).await
}

/// Whether a name, in lower case, is `localhost` or below it: such names stand for this machine everywhere.
pub(crate) fn is_local(name: &str) -> bool {
    name.strip_suffix("localhost").is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

impl Shared {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn find(&mut self, subject: &Subject, now: SystemTime) -> Option<Arc<ServerConfig>> {
        self.uses += 1;
        let one = self.settings.get_mut(subject).filter(|one| now < one.renew)?;
        one.used = self.uses;
        Some(Arc::clone(&one.settings))
    }

    /// Keeps one more; the one that was not used for the longest time goes where there are too many.
    fn keep(&mut self, subject: Subject, settings: Arc<ServerConfig>, renew: SystemTime) {
        if self.settings.len() >= KEPT_MAX
            && !self.settings.contains_key(&subject)
            && let Some(oldest) =
                self.settings.iter().min_by_key(|(_, one)| one.used).map(|(subject, _)| subject.clone())
        {
            self.settings.remove(&oldest);
        }
        self.settings.insert(subject, One { settings, renew, used: self.uses });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tls() -> (Tls, SystemTime) {
        let now = SystemTime::UNIX_EPOCH + Duration::from_hours(500_000);
        (Tls::new(Authority::generate(now).unwrap(), || SystemTime::UNIX_EPOCH).unwrap(), now)
    }

    fn name(name: &str) -> Subject {
        Subject::Name(name.to_owned())
    }

    #[test]
    fn names_under_localhost_are_local() {
        for (name, expected) in [
            ("localhost", true),
            ("a.localhost", true),
            ("a.s3.us-east-1.localhost", true),
            ("notlocalhost", false),
            ("localhost.com", false),
            ("", false),
        ] {
            assert_eq!(is_local(name), expected, "{name}");
        }
    }

    #[test]
    fn a_certificate_is_made_once_and_replaced_before_it_ends() {
        let (tls, now) = tls();
        let first = tls.settings(name("a.localhost"), now).unwrap();
        for (days, same) in [(0, true), (19, true), (21, false)] {
            let later = now + Duration::from_hours(24 * days);
            let found = tls.settings(name("a.localhost"), later).unwrap();
            assert_eq!(Arc::ptr_eq(&found, &first), same, "{days} days later");
        }
    }

    #[test]
    fn only_so_many_certificates_are_kept_and_the_used_ones_stay() {
        let (tls, now) = tls();
        let used = tls.settings(name("used.localhost"), now).unwrap();
        for number in 0..KEPT_MAX {
            tls.settings(name(&format!("{number}.localhost")), now).unwrap();
            tls.settings(name("used.localhost"), now).unwrap();
        }
        assert_eq!(tls.0.kept().settings.len(), KEPT_MAX);
        assert!(Arc::ptr_eq(&tls.settings(name("used.localhost"), now).unwrap(), &used));
    }
}
