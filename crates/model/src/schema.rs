//! What the published models say about a service, as constants.

/// A service: its operations, its errors and how it speaks.
#[derive(Debug)]
pub struct ServiceSchema {
    /// The name by which Weft knows it: `lambda`, `s3`, `apigatewayv2`. No two services share it.
    pub id: &'static str,
    /// The name in the scope of a signature, which two versions of an API may share: `lambda`, `apigateway`.
    pub signing_name: &'static str,
    /// The prefix of its actions in policies: `lambda`, `logs`, `iam`, `sts`, `weft`.
    pub action_prefix: &'static str,
    /// The protocol that its clients speak.
    pub protocol: Protocol,
    /// The API's version, as in query requests and REST paths: `2015-03-31`.
    pub api_version: &'static str,
    /// The prefix of `X-Amz-Target` for the JSON protocols; empty for others.
    pub target_prefix: &'static str,
    /// The name for people: `AWS Lambda`.
    pub full_name: &'static str,
    /// The namespace of XML documents; empty where there are none.
    pub xml_namespace: &'static str,
    /// Operations that have code or could have: those of the pruned model.
    pub operations: &'static [OperationSchema],
    /// Every operation of the published model that is not in `operations`: name, HTTP method, URI template.
    pub missing: &'static [(&'static str, &'static str, &'static str)],
    /// Errors that the service declares.
    pub errors: &'static [ErrorSchema],
}

impl ServiceSchema {
    /// The operation of this name.
    pub fn operation(&self, name: &str) -> Option<&'static OperationSchema> {
        self.operations.iter().find(|operation| operation.name == name)
    }

    /// The name of the published operation without code that is called so.
    pub fn missing(&self, name: &str) -> Option<&'static str> {
        self.missing.iter().map(|(missing, _, _)| *missing).find(|missing| *missing == name)
    }

    /// The error of this name, or with this code on the wire.
    pub fn error(&self, name: &str) -> Option<&'static ErrorSchema> {
        self.errors.iter().find(|error| error.name == name || error.code == name)
    }
}

/// The protocols of AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// REST with JSON bodies (Lambda, API Gateway, Weft's own).
    RestJson,
    /// `X-Amz-Target` with `application/x-amz-json-1.0`.
    Json10,
    /// `X-Amz-Target` with `application/x-amz-json-1.1`.
    Json11,
    /// Form-encoded requests, XML answers (IAM, STS).
    Query,
    /// REST with XML bodies (S3).
    RestXml,
}

/// One operation.
#[derive(Debug)]
pub struct OperationSchema {
    /// Its name: `CreateFunction`.
    pub name: &'static str,
    /// The HTTP method.
    pub method: &'static str,
    /// The URI template, with `{label}` and `{greedy+}`.
    pub uri: &'static str,
    /// The HTTP status of success.
    pub status: u16,
    /// The input structure.
    pub input: &'static Schema,
    /// The output structure.
    pub output: &'static Schema,
    /// The structure of the events that follow the output, one member of which each event has; empty where none follow.
    pub events: &'static [&'static Schema],
    /// The element that wraps a query protocol's result, such as `GetUserResult`, or that is the document of a REST-XML answer, such
    /// as `ListBucketResult`; empty elsewhere.
    pub result_wrapper: &'static str,
}

/// A structure.
#[derive(Debug)]
pub struct Schema {
    /// The shape's name in the model.
    pub name: &'static str,
    /// Its members, in the model's order.
    pub members: &'static [Member],
    /// The index of the member that is the whole HTTP body, where one is.
    pub payload: Option<usize>,
}

impl Schema {
    /// The structure without members.
    pub const EMPTY: Self = Self { name: "Unit", members: &[], payload: None };
}

/// A member of a structure.
#[derive(Debug)]
pub struct Member {
    /// Its name in the model.
    pub name: &'static str,
    /// Its name on the wire where that differs (`locationName`, `queryName`); else the same as `name`.
    pub wire_name: &'static str,
    /// Where it travels.
    pub location: Location,
    /// Its type.
    pub shape: Type,
    /// Whether a request without it is refused.
    pub required: bool,
    /// Bounds on its value.
    pub constraint: Constraint,
}

/// Where a member travels in HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Location {
    /// In the body's document.
    Body,
    /// In the URI's path.
    Path,
    /// In the query string.
    Query,
    /// In a header.
    Header,
    /// In all headers with this prefix (a map).
    Headers,
    /// As the answer's status.
    Status,
    /// As the whole payload of an event in a stream of events.
    EventPayload,
}

/// A member's or an element's type.
#[derive(Debug, Clone, Copy)]
pub enum Type {
    /// A boolean.
    Bool,
    /// A whole number of 32 bits.
    Integer,
    /// A whole number of 64 bits.
    Long,
    /// A floating-point number.
    Double,
    /// Text; for a JSON value in a header, its text.
    Text,
    /// Bytes: base64 in documents, raw as a payload.
    Blob,
    /// A time.
    Time(TimestampFormat),
    /// A list of elements; the constraint holds for each.
    List {
        /// The elements' type.
        element: &'static Type,
        /// Bounds on each element.
        constraint: &'static Constraint,
        /// The element's name in XML and query (`member` unless the model says otherwise).
        wire_name: &'static str,
        /// Whether the elements stand without a wrapper.
        flattened: bool,
    },
    /// A map from text.
    Map {
        /// The values' type.
        value: &'static Type,
        /// Bounds on each key.
        key_constraint: &'static Constraint,
        /// Bounds on each value.
        value_constraint: &'static Constraint,
        /// Names of entry, key and value in XML and query.
        wire_names: (&'static str, &'static str, &'static str),
        /// Whether the entries stand without a wrapper.
        flattened: bool,
    },
    /// A structure. A function, as shapes may contain themselves.
    Struct(fn() -> &'static Schema),
}

/// How a time is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimestampFormat {
    /// Seconds since the epoch, with fractions.
    Epoch,
    /// ISO 8601 in UTC.
    Iso8601,
    /// The HTTP date.
    Rfc822,
}

/// Bounds on a value, checked before an operation sees it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Constraint {
    /// Smallest number, length or count.
    pub min: Option<i64>,
    /// Largest number, length or count.
    pub max: Option<i64>,
    /// The regular expression that the whole text matches.
    pub pattern: Option<&'static str>,
    /// The allowed texts; empty for all.
    pub values: &'static [&'static str],
    /// Whether messages and logs leave the value out.
    pub sensitive: bool,
}

impl Constraint {
    /// No bounds.
    pub const NONE: Self = Self { min: None, max: None, pattern: None, values: &[], sensitive: false };

    /// With a smallest number, length or count.
    #[must_use]
    pub const fn min(mut self, min: i64) -> Self {
        self.min = Some(min);
        self
    }

    /// With a largest number, length or count.
    #[must_use]
    pub const fn max(mut self, max: i64) -> Self {
        self.max = Some(max);
        self
    }

    /// With a regular expression that the whole text matches.
    #[must_use]
    pub const fn pattern(mut self, pattern: &'static str) -> Self {
        self.pattern = Some(pattern);
        self
    }

    /// With the allowed texts.
    #[must_use]
    pub const fn values(mut self, values: &'static [&'static str]) -> Self {
        self.values = values;
        self
    }

    /// For a value that no message shows.
    #[must_use]
    pub const fn sensitive(mut self) -> Self {
        self.sensitive = true;
        self
    }
}

/// An error that a service declares.
#[derive(Debug)]
pub struct ErrorSchema {
    /// The shape's name: `ResourceNotFoundException`. Services raise errors by this name.
    pub name: &'static str,
    /// The code on the wire where it differs (`NoSuchEntity` for `NoSuchEntityException`).
    pub code: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// Its members, the message among them.
    pub schema: &'static Schema,
}
