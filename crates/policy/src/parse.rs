//! Reading policy documents, by AWS's rules and with AWS's words for what is wrong.

use crate::condition::{Condition, is_key};
use crate::operator::Operator;
use crate::parse::json::Node;
use crate::pattern::{ActionPattern, ResourcePattern};
use crate::principal::Principals;
use crate::{Effect, Listed, Policy, Statement};

mod json;

/// What a document is for; each kind has rules of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyKind {
    /// Any document that follows the grammar.
    Any,
    /// An inline policy of a user or role, or a session policy: actions and resources, no principals.
    Identity,
    /// A managed policy: as [`Self::Identity`], and its version must be `2012-10-17`.
    Managed,
    /// A role's trust policy: principals and STS actions, no resources.
    Trust,
}

/// Why a document is refused. The text is the message that AWS gives with `MalformedPolicyDocument`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// Not JSON, not an object, an unknown or a doubled element, an element of the wrong type.
    #[error("Syntax errors in policy.")]
    Syntax,
    /// A trust policy that is not JSON.
    #[error("This policy contains invalid Json")]
    Json,
    /// A managed policy in the language of 2008.
    #[error("Policy document must be version 2012-10-17 or greater.")]
    OldVersion,
    /// No `Action` or `NotAction`.
    #[error("Policy statement must contain actions.")]
    NoActions,
    /// No `Resource` or `NotResource`.
    #[error("Policy statement must contain resources.")]
    NoResources,
    /// A principal in an identity policy.
    #[error("Policy document should not specify a principal.")]
    Principal,
    /// Two statements with one `Sid`.
    #[error("Statement IDs (SID) in a single policy must be unique.")]
    DoubledSid,
    /// A `Sid` with other characters.
    #[error(
        "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*"
    )]
    Sid,
    /// An action or condition key without a vendor.
    #[error("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")]
    NoVendor,
    /// A vendor with other characters than letters, digits and hyphens.
    #[error("Vendor {0} is not valid")]
    Vendor(String),
    /// A resource that is neither an ARN nor `*`.
    #[error("Resource {0} must be in ARN format or \"*\".")]
    Resource(String),
    /// An element that a trust policy may not have.
    #[error("Has prohibited field {0}")]
    Prohibited(&'static str),
    /// An element that a trust policy must have.
    #[error("Missing required field {0}")]
    Missing(&'static str),
    /// A trust policy for other actions than those by which roles are assumed.
    #[error("AssumeRole policy may only specify STS AssumeRole actions.")]
    TrustAction,
    /// A principal that cannot be one: its kind and text.
    #[error("Invalid principal in policy: \"{kind}\":\"{text}\"")]
    InvalidPrincipal {
        /// `AWS`, `Service`, `Federated` or `CanonicalUser`.
        kind: String,
        /// What was named.
        text: String,
    },
}

impl Policy {
    /// Reads a document of any kind.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        Self::parse_as(PolicyKind::Any, text)
    }

    /// Reads a document that is to be stored as one of `kind`.
    pub fn parse_as(kind: PolicyKind, text: &str) -> Result<Self, PolicyError> {
        let not_json = if kind == PolicyKind::Trust { PolicyError::Json } else { PolicyError::Syntax };
        let Node::Object(fields) = json::read(text).ok_or(not_json)? else { return Err(PolicyError::Syntax) };
        let (mut version, mut id, mut statement) = (None, None, None);
        for (name, value) in fields {
            match (name.as_str(), value) {
                ("Version", Node::Text(text)) => version = Some(text),
                ("Id", Node::Text(text)) => id = Some(text.into_boxed_str()),
                ("Statement", value) => statement = Some(value),
                _ => return Err(PolicyError::Syntax),
            }
        }
        let variables = match version.as_deref() {
            Some("2012-10-17") => true,
            Some("2008-10-17") | None if kind == PolicyKind::Managed => return Err(PolicyError::OldVersion),
            Some("2008-10-17") | None => false,
            Some(_) => return Err(PolicyError::Syntax),
        };
        let statements = match statement {
            Some(Node::List(statements)) if !statements.is_empty() => statements,
            Some(one @ Node::Object(_)) => vec![one],
            _ => return Err(PolicyError::Syntax),
        };
        let statements: Vec<Statement> = statements
            .into_iter()
            .map(|node| read_statement(kind, node, variables))
            .collect::<Result<_, _>>()?;
        refuse_doubled_sids(&statements)?;
        Ok(Self { id, statements })
    }
}

fn refuse_doubled_sids(statements: &[Statement]) -> Result<(), PolicyError> {
    let mut sids: Vec<&str> =
        statements.iter().filter_map(|s| s.sid.as_deref()).filter(|s| !s.is_empty()).collect();
    let count = sids.len();
    sids.sort_unstable();
    sids.dedup();
    if sids.len() == count { Ok(()) } else { Err(PolicyError::DoubledSid) }
}

/// The elements of a statement, as they stand.
#[derive(Default)]
struct Elements {
    sid: Option<String>,
    effect: Option<String>,
    actions: Option<Listed<Vec<String>>>,
    resources: Option<Listed<Vec<String>>>,
    principals: Option<Listed<Principals>>,
    conditions: Option<Node>,
}

fn read_statement(kind: PolicyKind, node: Node, variables: bool) -> Result<Statement, PolicyError> {
    let elements = read_elements(kind, node)?;
    let effect = match elements.effect.as_deref() {
        Some("Allow") => Effect::Allow,
        Some("Deny") => Effect::Deny,
        None if kind == PolicyKind::Trust => return Err(PolicyError::Missing("Effect")),
        _ => return Err(PolicyError::Syntax),
    };
    check_kind(kind, &elements)?;
    let sid = elements.sid.map(String::into_boxed_str);
    if kind != PolicyKind::Any
        && sid.as_deref().is_some_and(|s| !s.bytes().all(|b| b.is_ascii_alphanumeric()))
    {
        return Err(PolicyError::Sid);
    }
    let actions = elements.actions.ok_or(PolicyError::NoActions)?;
    actions.list().iter().try_for_each(|action| check_action(kind, action))?;
    let resources = elements.resources;
    if let Some(resources) = &resources {
        resources.list().iter().try_for_each(|resource| check_resource(resource))?;
    }
    let conditions = elements.conditions.map(|node| read_conditions(kind, node, variables)).transpose()?;
    Ok(Statement {
        sid,
        effect,
        principals: elements.principals,
        actions: actions.map_each(|action| ActionPattern::new(action)),
        resources: resources.map(|list| list.map_each(|text| ResourcePattern::new(text, variables))),
        conditions: conditions.unwrap_or_default(),
    })
}

impl Listed<Vec<String>> {
    fn map_each<T>(&self, make: impl Fn(&String) -> T) -> Listed<Vec<T>> {
        match self {
            Self::These(list) => Listed::These(list.iter().map(make).collect()),
            Self::AllBut(list) => Listed::AllBut(list.iter().map(make).collect()),
        }
    }
}

fn read_elements(kind: PolicyKind, node: Node) -> Result<Elements, PolicyError> {
    let Node::Object(fields) = node else { return Err(PolicyError::Syntax) };
    let mut elements = Elements::default();
    for (name, value) in fields {
        match (name.as_str(), value) {
            ("Sid", Node::Text(text)) => elements.sid = Some(text),
            ("Effect", Node::Text(text)) => elements.effect = Some(text),
            ("Action", value) => set(&mut elements.actions, Listed::These(texts(value)?))?,
            ("NotAction", value) => set(&mut elements.actions, Listed::AllBut(texts(value)?))?,
            ("Resource" | "NotResource", _) if kind == PolicyKind::Trust => {
                return Err(PolicyError::Prohibited(if name == "Resource" {
                    "Resource"
                } else {
                    "NotResource"
                }));
            }
            ("Resource", value) => set(&mut elements.resources, Listed::These(texts(value)?))?,
            ("NotResource", value) => set(&mut elements.resources, Listed::AllBut(texts(value)?))?,
            ("Principal", value) => set(&mut elements.principals, Listed::These(read_principals(value)?))?,
            ("NotPrincipal", value) => {
                set(&mut elements.principals, Listed::AllBut(read_principals(value)?))?;
            }
            ("Condition", value @ Node::Object(_)) => elements.conditions = Some(value),
            _ => return Err(PolicyError::Syntax),
        }
    }
    Ok(elements)
}

/// Sets a place once: an element and its `Not…` exclude each other.
fn set<T>(place: &mut Option<T>, value: T) -> Result<(), PolicyError> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(PolicyError::Syntax),
    }
}

/// One text or a list of them.
fn texts(node: Node) -> Result<Vec<String>, PolicyError> {
    match node {
        Node::Text(text) => Ok(vec![text]),
        Node::List(items) => items
            .into_iter()
            .map(|item| match item {
                Node::Text(text) => Ok(text),
                _ => Err(PolicyError::Syntax),
            })
            .collect(),
        _ => Err(PolicyError::Syntax),
    }
}

fn check_kind(kind: PolicyKind, elements: &Elements) -> Result<(), PolicyError> {
    let empty = |list: &Option<Listed<Vec<String>>>| list.as_ref().is_none_or(|l| l.list().is_empty());
    match kind {
        PolicyKind::Identity | PolicyKind::Managed if elements.principals.is_some() => {
            Err(PolicyError::Principal)
        }
        PolicyKind::Identity | PolicyKind::Managed if empty(&elements.actions) => Err(PolicyError::NoActions),
        PolicyKind::Identity | PolicyKind::Managed if empty(&elements.resources) => {
            Err(PolicyError::NoResources)
        }
        PolicyKind::Any | PolicyKind::Identity | PolicyKind::Managed => Ok(()),
        PolicyKind::Trust => match &elements.principals {
            None => Err(PolicyError::Missing("Principal")),
            Some(Listed::These(list) | Listed::AllBut(list)) if list.is_empty() => {
                Err(PolicyError::Missing("Principal"))
            }
            Some(_) if empty(&elements.actions) => Err(PolicyError::Missing("Action")),
            Some(_) => Ok(()),
        },
    }
}

const TRUST_ACTIONS: &[&str] = &[
    "sts:assumerole",
    "sts:assumerolewithsaml",
    "sts:assumerolewithwebidentity",
    "sts:setcontext",
    "sts:setsourceidentity",
    "sts:tagsession",
];

fn check_action(kind: PolicyKind, action: &str) -> Result<(), PolicyError> {
    if kind == PolicyKind::Trust {
        let pattern = ActionPattern::new(action);
        let known = TRUST_ACTIONS.iter().any(|known| pattern.matches(known));
        return if known && action != "*" { Ok(()) } else { Err(PolicyError::TrustAction) };
    }
    if action == "*" {
        return Ok(());
    }
    let Some((vendor, name)) = action.split_once(':') else { return Err(PolicyError::NoVendor) };
    let valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if vendor != "*" && (vendor.is_empty() || !vendor.chars().all(valid)) {
        return Err(PolicyError::Vendor(vendor.to_owned()));
    }
    if name.is_empty() || name.contains(':') { Err(PolicyError::Syntax) } else { Ok(()) }
}

fn check_resource(resource: &str) -> Result<(), PolicyError> {
    if resource == "*" || resource.starts_with("arn:") {
        Ok(())
    } else {
        Err(PolicyError::Resource(resource.to_owned()))
    }
}

fn read_principals(node: Node) -> Result<Principals, PolicyError> {
    let mut principals = Principals::default();
    match node {
        Node::Text(text) if text == "*" => principals.anyone = true,
        Node::Object(fields) => {
            for (kind, value) in fields {
                for text in texts(value)? {
                    add_principal(&mut principals, &kind, &text)?;
                }
            }
        }
        Node::Text(text) => {
            return Err(PolicyError::InvalidPrincipal { kind: "STAR".to_owned(), text });
        }
        _ => return Err(PolicyError::Syntax),
    }
    Ok(principals)
}

fn add_principal(principals: &mut Principals, kind: &str, text: &str) -> Result<(), PolicyError> {
    let invalid = || Err(PolicyError::InvalidPrincipal { kind: kind.to_owned(), text: text.to_owned() });
    match kind {
        "AWS" => match text {
            "*" => principals.anyone = true,
            text if is_account(text) => principals.accounts.push(text.into()),
            text if is_unique_id(text) => principals.ids.push(text.into()),
            text => match weft_types::Arn::parse(text) {
                Ok(arn) if !is_account(arn.account()) || !matches!(arn.service(), "iam" | "sts") => {
                    return invalid();
                }
                Ok(arn) if arn.service() == "iam" && arn.resource() == "root" => {
                    principals.accounts.push(arn.account().into());
                }
                Ok(arn) if names_principal(&arn) => principals.arns.push(text.into()),
                _ => return invalid(),
            },
        },
        "Service" if text.contains('.') && !text.contains(['*', '/', ' ']) => {
            principals.services.push(text.into());
        }
        "Federated" if !text.is_empty() => principals.federated.push(text.into()),
        "CanonicalUser" if !text.is_empty() => principals.canonical.push(text.into()),
        "Service" | "Federated" | "CanonicalUser" => return invalid(),
        _ => return Err(PolicyError::Syntax),
    }
    Ok(())
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

/// Whether a text is the unique id of a user (`AIDA…`) or a role (`AROA…`), as stored policies have it for an ARN.
fn is_unique_id(text: &str) -> bool {
    let known = text.starts_with("AIDA") || text.starts_with("AROA");
    known
        && (16..=128).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

/// Whether a text is one JSON value that a policy can be.
pub(crate) fn is_json(text: &str) -> bool {
    json::read(text).is_some()
}

/// Whether an ARN is one of a user, a role or a session, without wildcards.
fn names_principal(arn: &weft_types::Arn) -> bool {
    let resource = arn.resource();
    let kinds: &[&str] =
        if arn.service() == "iam" { &["user/", "role/"] } else { &["assumed-role/", "federated-user/"] };
    !resource.contains(['*', '?'])
        && kinds.iter().any(|kind| resource.strip_prefix(kind).is_some_and(|name| !name.is_empty()))
}

fn read_conditions(kind: PolicyKind, node: Node, variables: bool) -> Result<Vec<Condition>, PolicyError> {
    let Node::Object(operators) = node else { return Err(PolicyError::Syntax) };
    let mut conditions = Vec::new();
    for (operator, keys) in operators {
        if kind != PolicyKind::Any && Operator::parse(&operator).is_none() {
            return Err(PolicyError::Syntax);
        }
        let Node::Object(keys) = keys else { return Err(PolicyError::Syntax) };
        for (key, values) in keys {
            if kind != PolicyKind::Any && !is_key(&key) {
                return Err(PolicyError::NoVendor);
            }
            conditions.push(Condition::new(&operator, &key, &scalars(values)?, variables));
        }
    }
    Ok(conditions)
}

/// One value or a list of them; numbers and booleans stand for their texts.
fn scalars(node: Node) -> Result<Vec<String>, PolicyError> {
    let one = |node: Node| match node {
        Node::Text(text) | Node::Number(text) => Ok(text),
        Node::Bool(value) => Ok(value.to_string()),
        _ => Err(PolicyError::Syntax),
    };
    match node {
        Node::List(items) => items.into_iter().map(one).collect(),
        node => Ok(vec![one(node)?]),
    }
}
