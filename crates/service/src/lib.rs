//! What every API of the platform shares: [`Operation`], [`Access`], [`Context`], the [`Registry`] and [`Dispatch`].
//!
//! A request is decoded, authenticated, parsed, authorized, run and encoded, in this order and only here. A service
//! brings a struct that holds its state and one [`Operation`] per file; it never sees HTTP, never checks a permission
//! and never imports another service: it calls another service's operation through [`Context::call`].
//!
//! A [`Target`] takes messages for queues, topics and the like: who sends knows an ARN alone.
//!
//! [`workload`] holds the seam between services that own code (Lambda, compute) and the runtime that runs it.
//!
//! Invariants: nothing of an operation runs before its accesses were authorized; an operation without code answers
//! `501 NotImplemented`; every error that leaves is one of the service's declared codes or a common one.
//! The crate deliberately does not know sockets, files, or what any service does; of the store it knows the error.

mod body;
mod clock;
mod context;
mod counts;
mod dispatch;
mod error;
pub mod execute_api;
mod identities;
mod ids;
mod images;
mod objects;
mod operation;
mod principal;
mod principals;
mod registry;
mod responses;
pub mod starts;
mod steps;
mod tags;
mod targets;
pub mod testing;
pub mod workload;

pub use body::{IncomingBody, IncomingTrailers, OutgoingBody};
pub use clock::{Clock, ManualClock, SystemClock};
pub use context::{Context, Scope};
pub use counts::FunctionCounts;
pub use dispatch::{
    ApiRequest, ConditionRecord, DecisionRecord, Dispatch, DispatchOptions, Ground, MissCause, NearMiss,
    Outcome,
};
pub use error::Error;
pub use identities::{Credential, CredentialError, Holdings, Identities, SessionFacts};
pub use ids::{random_bytes, random_id, request_id};
pub use images::{ImageRegistry, RegistryRequest};
pub use objects::{ObjectName, Objects};
pub use operation::{Access, BodyOperation, Events, Operation, StreamingOperation};
pub use principal::Principal;
pub use registry::{Answer, PreparedOperation, Registry, ServiceBuilder};
pub use responses::{ResponseRefused, STACK_RESPONSE_HOST, StackResponses};
pub use steps::{Once, StepToken};
pub use tags::{ResourceTags, Tags};
pub use targets::{Attribute, Message, Target, sending_action};

/// The kinds of policies, as decisions name them.
pub use weft_policy::PolicySet;

/// A boxed future, for the traits that are used as objects.
pub type BoxFuture<'a, T> = futures::future::BoxFuture<'a, T>;
