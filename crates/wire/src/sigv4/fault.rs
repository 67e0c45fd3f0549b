//! Why a request is not who it claims to be, and how each protocol says so.

use weft_model::Protocol;
use weft_types::Timestamp;

use crate::WireFault;

/// Why a request is refused before it is known whose it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthFault {
    /// There is no signature at all.
    #[error("the request is not signed")]
    Missing,
    /// The signature lacks something or cannot be read; AWS's message.
    #[error("{0}")]
    Incomplete(String),
    /// The credential scope is for another service, region or day; AWS's message.
    #[error("{0}")]
    WrongScope(String),
    /// An older signature version.
    #[error("signature version 2 is not supported")]
    Version2,
    /// A way of signing the body that has no code yet, such as S3's chunked uploads.
    #[error("a body signed as `{0}` is not supported")]
    UnsupportedPayload(String),
    /// S3 wants to know of the body, and the request does not say.
    #[error("the hash of the body is missing")]
    MissingPayloadHash,
    /// What it says of the body is no hash.
    #[error("the hash of the body is not one")]
    InvalidPayloadHash,
    /// Nobody has this access key, or it is inactive, or the session token is not its own.
    #[error("the access key or the session token is not known")]
    UnknownKey,
    /// The session has ended.
    #[error("the session token has expired")]
    ExpiredToken,
    /// It was signed too long ago.
    #[error("the signature is too old")]
    Expired {
        /// When it was signed.
        signed: Timestamp,
        /// The service's time.
        now: Timestamp,
        /// How far the two may be apart, in minutes.
        minutes: u32,
    },
    /// It was signed in the future.
    #[error("the signature is from the future")]
    NotYetCurrent {
        /// When it was signed.
        signed: Timestamp,
        /// The service's time.
        now: Timestamp,
        /// How far the two may be apart, in minutes.
        minutes: u32,
    },
    /// A presigned URL is past its end.
    #[error("the presigned URL has expired")]
    PresignExpired,
    /// The signature is not the one that the secret gives.
    #[error("the signature does not match")]
    Mismatch,
}

impl AuthFault {
    /// The fault as a protocol tells it. The codes are spelled for the query protocol when they are written.
    pub fn fault(&self, protocol: Protocol) -> WireFault {
        let rest_xml = protocol == Protocol::RestXml;
        let code = self.code(protocol);
        let fault = WireFault::new(code, self.message(protocol));
        match self {
            Self::UnsupportedPayload(_) => WireFault { status: Some(501), ..fault },
            Self::PresignExpired
            | Self::UnknownKey
            | Self::Mismatch
            | Self::Expired { .. }
            | Self::NotYetCurrent { .. }
                if rest_xml =>
            {
                WireFault { status: Some(403), ..fault }
            }
            _ => fault,
        }
    }

    fn code(&self, protocol: Protocol) -> &'static str {
        if protocol == Protocol::RestXml {
            return match self {
                Self::Missing | Self::PresignExpired => "AccessDenied",
                Self::Incomplete(_) | Self::WrongScope(_) => "AuthorizationHeaderMalformed",
                Self::Version2 | Self::MissingPayloadHash => "InvalidRequest",
                Self::InvalidPayloadHash => "InvalidArgument",
                Self::UnsupportedPayload(_) => "NotImplemented",
                Self::UnknownKey => "InvalidAccessKeyId",
                Self::ExpiredToken => "ExpiredToken",
                Self::Expired { .. } | Self::NotYetCurrent { .. } => "RequestTimeTooSkewed",
                Self::Mismatch => "SignatureDoesNotMatch",
            };
        }
        match self {
            Self::Missing => "MissingAuthenticationTokenException",
            Self::Incomplete(_) | Self::Version2 | Self::MissingPayloadHash | Self::InvalidPayloadHash => {
                "IncompleteSignatureException"
            }
            Self::UnsupportedPayload(_) => "NotImplemented",
            Self::UnknownKey => "UnrecognizedClientException",
            // By its query name: STS declares an `ExpiredTokenException` of its own, for other tokens.
            Self::ExpiredToken if protocol == Protocol::Query => "ExpiredToken",
            Self::ExpiredToken => "ExpiredTokenException",
            Self::PresignExpired if protocol == Protocol::Query => "RequestExpired",
            Self::WrongScope(_)
            | Self::Expired { .. }
            | Self::NotYetCurrent { .. }
            | Self::PresignExpired
            | Self::Mismatch => "InvalidSignatureException",
        }
    }

    fn message(&self, protocol: Protocol) -> String {
        match self {
            Self::Missing if protocol == Protocol::RestXml => "Access Denied".to_owned(),
            Self::Missing if protocol == Protocol::RestJson => "Missing Authentication Token".to_owned(),
            Self::Missing => "Request is missing Authentication Token".to_owned(),
            Self::Incomplete(message) | Self::WrongScope(message) => message.clone(),
            Self::Version2 => "The authorization mechanism you have provided is not supported. Please use \
                               AWS4-HMAC-SHA256."
                .to_owned(),
            Self::UnsupportedPayload(kind) => {
                format!("A body signed as {kind} is not supported by this version of Weft.")
            }
            Self::MissingPayloadHash => {
                "Missing required header for this request: x-amz-content-sha256".to_owned()
            }
            Self::InvalidPayloadHash => "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, \
                                         STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, \
                                         STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value."
                .to_owned(),
            Self::UnknownKey if protocol == Protocol::RestXml => {
                "The AWS Access Key Id you provided does not exist in our records.".to_owned()
            }
            Self::UnknownKey => "The security token included in the request is invalid.".to_owned(),
            Self::ExpiredToken => "The security token included in the request is expired".to_owned(),
            Self::Expired { .. } | Self::NotYetCurrent { .. } if protocol == Protocol::RestXml => {
                "The difference between the request time and the current time is too large.".to_owned()
            }
            Self::Expired { signed, now, minutes } => {
                let limit = now.as_seconds() - i64::from(*minutes) * 60;
                format!(
                    "Signature expired: {} is now earlier than {} ({} - {minutes} min.)",
                    signed.compact(),
                    Timestamp::from_seconds(limit).compact(),
                    now.compact()
                )
            }
            Self::NotYetCurrent { signed, now, minutes } => {
                let limit = now.as_seconds() + i64::from(*minutes) * 60;
                format!(
                    "Signature not yet current: {} is still later than {} ({} + {minutes} min.)",
                    signed.compact(),
                    Timestamp::from_seconds(limit).compact(),
                    now.compact()
                )
            }
            Self::PresignExpired if protocol == Protocol::RestXml => "Request has expired".to_owned(),
            Self::PresignExpired => "Request has expired.".to_owned(),
            Self::Mismatch if protocol == Protocol::RestXml => {
                "The request signature we calculated does not match the signature you provided. Check your key and \
                 signing method."
                    .to_owned()
            }
            Self::Mismatch => "The request signature we calculated does not match the signature you provided. Check \
                               your AWS Secret Access Key and signing method. Consult the service documentation for \
                               details."
                .to_owned(),
        }
    }
}
