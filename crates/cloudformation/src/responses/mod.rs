//! Answers that stacks wait for: those of custom resources' functions.
//!
//! What was asked is stored before it is asked, and the answer when it comes, so that a wait goes on after a restart without asking
//! again. An address for an answer carries an HMAC with a secret of this installation: whoever has it needs no key and can make no
//! other.
//!
//! Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/crpg-ref-responses.html>.

mod link;
mod records;

use std::time::Duration;

use bytes::Bytes;
use http::Uri;
use sha2::Digest as _;
use weft_service::{BoxFuture, Error, ResponseRefused, STACK_RESPONSE_HOST, StackResponses, random_bytes};
use weft_store::{WriteTx, hex};

use crate::Cloudformation;
use crate::responses::link::Link;
use crate::responses::records::{REQUEST_ENDS, REQUESTS, SECRETS};
pub(crate) use crate::responses::records::{Request, Secret};
use crate::tables::Mark;

/// Bytes of an answer.
pub(crate) const ANSWER_BYTES_MAX: usize = 4096;
/// How long an address is good.
const ADDRESS_LIFETIME: Duration = Duration::from_hours(2);
/// Requests that are forgotten with each new one.
const SWEPT: usize = 4;
const PURPOSE: &str = "responses";

/// The id of the request of a step: the same again when the step is tried again.
pub(crate) fn request_id(token: &str) -> String {
    let digest = sha2::Sha256::digest(token.as_bytes());
    let hex = hex(&digest);
    format!("{}-{}-4{}-a{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..32])
}

impl Cloudformation {
    /// Stores that an answer will be waited for; gives what was stored before where the step ran before.
    pub(crate) async fn expect_answer(&self, id: &str, wait: Duration) -> Result<Request, Error> {
        let (id, now) = (id.to_owned(), self.clock.now());
        self.store.write(move |tx| expect(tx, &id, &Request::new(now, wait))).await
    }

    /// Stores that the function was asked.
    pub(crate) async fn asked(&self, id: &str) -> Result<(), Error> {
        let id = id.to_owned();
        let work = move |tx: &mut WriteTx<'_>| {
            if let Some(request) = REQUESTS.get(tx, &(id.as_str(),))? {
                REQUESTS.insert(tx, &(id.clone(),), &Request { asked: true, ..request })?;
            }
            Ok::<_, Error>(())
        };
        self.store.write(work).await?;
        self.tell();
        Ok(())
    }

    /// Whether it is noted that a request was made.
    #[cfg(test)]
    pub(crate) async fn was_asked(&self, id: &str) -> bool {
        let id = id.to_owned();
        let found = self.store.read(move |tx| REQUESTS.get(tx, &(id.as_str(),))).await;
        found.expect("it reads").is_some_and(|request| request.asked)
    }

    /// Waits until a request is answered; none where its time is over.
    pub(crate) async fn wait_for_answer(&self, id: &str) -> Result<Option<String>, Error> {
        let mut changed = self.watch();
        loop {
            changed.mark_unchanged();
            let wanted = id.to_owned();
            let found =
                self.store.read(move |tx| Ok::<_, Error>(REQUESTS.get(tx, &(wanted.as_str(),))?)).await?;
            let Some(request) = found else { return Ok(None) };
            if request.answer.is_some() {
                return Ok(request.answer);
            }
            let left = request.until.since(self.clock.now());
            if left.is_zero() {
                return Ok(None);
            }
            let _ = tokio::time::timeout(left, changed.changed()).await;
        }
    }

    /// The address to which the answer to a request is to be sent. `resource` is the stack's ARN and the logical id.
    pub(crate) async fn response_url(
        &self,
        region: &str,
        resource: [&str; 2],
        id: &str,
        sent: weft_types::Timestamp,
    ) -> Result<String, Error> {
        let suffix = self.url_suffix();
        let suffix = suffix.split(':').next().unwrap_or_default();
        let expires = ADDRESS_LIFETIME.as_secs().to_string();
        let link = Link::new(&format!("{}|{}|{id}", resource[0], resource[1]), &sent.compact(), &expires);
        let signed = link.signed(self.response_secret().await?);
        Ok(format!("https://{STACK_RESPONSE_HOST}{region}.s3.{suffix}{signed}"))
    }

    async fn response_secret(&self) -> Result<Secret, Error> {
        if let Some(secret) = self.response_secret.get() {
            return Ok(*secret);
        }
        let new = Secret { key: random_bytes() };
        let work = move |tx: &mut WriteTx<'_>| {
            if let Some(first) = SECRETS.get(tx, &(PURPOSE,))? {
                return Ok::<_, Error>(first);
            }
            SECRETS.insert(tx, &(PURPOSE.to_owned(),), &new)?;
            Ok(new)
        };
        let secret = self.store.write(work).await?;
        Ok(*self.response_secret.get_or_init(|| secret))
    }

    async fn take_answer(&self, uri: &Uri, body: Bytes) -> Result<(), ResponseRefused> {
        let failed = |error: Error| {
            tracing::error!(%error, "an answer to a stack cannot be stored");
            ResponseRefused::Failed
        };
        let secret = self.response_secret().await.map_err(failed)?;
        let link = Link::read(uri).ok_or(ResponseRefused::Forged)?;
        let resource = link.verified(secret, self.clock.now())?;
        let id = resource.rsplit('|').next().unwrap_or_default().to_owned();
        let answer = shortened(&body);
        let work = move |tx: &mut WriteTx<'_>| {
            let Some(request) = REQUESTS.get(tx, &(id.as_str(),))? else { return Ok(false) };
            // The first answer counts.
            if request.answer.is_none() {
                REQUESTS.insert(tx, &(id.clone(),), &Request { answer: Some(answer.clone()), ..request })?;
            }
            Ok::<_, Error>(true)
        };
        let known = self.store.write(work).await.map_err(failed)?;
        self.tell();
        if known { Ok(()) } else { Err(ResponseRefused::Unknown) }
    }
}

impl StackResponses for Cloudformation {
    fn take<'a>(&'a self, uri: &'a Uri, body: Bytes) -> BoxFuture<'a, Result<(), ResponseRefused>> {
        Box::pin(self.take_answer(uri, body))
    }
}

/// An answer as it is stored: of one that is too long just enough to know that it is.
fn shortened(body: &[u8]) -> String {
    let most = body.len().min(ANSWER_BYTES_MAX + 1);
    if body.len() > ANSWER_BYTES_MAX {
        return "-".repeat(most);
    }
    String::from_utf8_lossy(body).into_owned()
}

fn expect(tx: &mut WriteTx<'_>, id: &str, new: &Request) -> Result<Request, Error> {
    if let Some(before) = REQUESTS.get(tx, &(id,))? {
        return Ok(before);
    }
    let old = REQUEST_ENDS.query(&()).before(&(new.sent.as_seconds(),)).limit(SWEPT).rows(tx)?;
    for ((end, id), _) in old {
        REQUESTS.remove(tx, &(id.as_str(),))?;
        REQUEST_ENDS.remove(tx, &(end, id.as_str()))?;
    }
    let end = new.sent.plus(ADDRESS_LIFETIME).as_seconds();
    REQUEST_ENDS.insert(tx, &(end, id.to_owned()), &Mark {})?;
    REQUESTS.insert(tx, &(id.to_owned(),), new)?;
    Ok(new.clone())
}
