//! One simulation: actions tried on resources.

use std::borrow::Cow;
use std::collections::BTreeMap;

use weft_model::iam;
use weft_policy::{
    Caller, ConditionKeys, Decision, Found, NamedPolicy, Policies, Policy, Request, ResourceSide, allowing,
    context_keys, evaluate,
};
use weft_service::Error;
use weft_types::{AccountId, Arn};

use crate::errors::{invalid_input, unsupported};
use crate::page::{Page, Paged};
use crate::simulation::limits::shorten;
use crate::simulation::positions::{Span, spans};
use crate::simulation::{Parsed, Source};

/// What is tried, and under which conditions.
pub(crate) struct Setting {
    pub(crate) actions: Vec<String>,
    pub(crate) resources: Option<Vec<String>>,
    pub(crate) resource_policy: Option<String>,
    pub(crate) resource_owner: Option<String>,
    pub(crate) caller: Option<String>,
    pub(crate) context: Option<Vec<iam::ContextEntry>>,
    pub(crate) handling: Option<String>,
}

/// A simulation, ready to be run.
pub(crate) struct Trial {
    identity: Vec<NamedPolicy>,
    spans: Vec<Vec<Span>>,
    boundary: Option<NamedPolicy>,
    resource_policy: Option<(Policy, Vec<Span>)>,
    actions: Vec<String>,
    /// None where none was named: then each action is tried on `*`.
    resources: Option<Vec<String>>,
    owner: Option<String>,
    caller: Option<(String, String)>,
    keys: Vec<(String, Vec<String>)>,
    missing: Vec<String>,
    /// Bytes of all policies.
    policy_bytes: usize,
}

/// The values of condition keys that are given.
struct Keys<'a>(&'a [(String, Vec<String>)]);

impl ConditionKeys for Keys<'_> {
    fn find(&self, key: &str) -> Found<'_> {
        match self.0.iter().find(|(known, _)| known.eq_ignore_ascii_case(key)) {
            None => Found::Absent,
            Some((_, values)) => match values.as_slice() {
                [value] => Found::One(Cow::Borrowed(value)),
                values => Found::Many(values),
            },
        }
    }
}

impl Setting {
    /// Checks the request, and reads the policies. `known` are values of condition keys that follow from the principal;
    /// what the request gives stands before them.
    pub(crate) fn trial(
        self,
        sources: Vec<Source>,
        boundary: Option<Source>,
        known: Vec<(String, Vec<String>)>,
    ) -> Result<Trial, Error> {
        self.check()?;
        let parsed: Vec<Parsed> = sources.into_iter().map(Source::parse).collect::<Result<_, _>>()?;
        let boundary = boundary.map(Source::parse).transpose()?;
        let resource_policy =
            self.resource_policy.map(|text| Source { id: "ResourcePolicy".to_owned(), text });
        let resource_policy = resource_policy.map(Source::parse).transpose()?;
        let keys: Vec<_> = given(self.context).chain(known).collect();
        let policies =
            parsed.iter().chain(&boundary).chain(&resource_policy).map(|parsed| &*parsed.policy.policy);
        let is_missing = |key: &&str| Keys(&keys).find(key) == Found::Absent;
        let missing = context_keys(policies).into_iter().filter(is_missing).map(str::to_owned).collect();
        let texts = parsed.iter().chain(&boundary).chain(&resource_policy);
        let policy_bytes = texts.map(|parsed| parsed.text.len()).sum();
        Ok(Trial {
            spans: parsed.iter().map(|parsed| spans(&parsed.text)).collect(),
            identity: parsed.into_iter().map(|parsed| parsed.policy).collect(),
            boundary: boundary.map(|parsed| parsed.policy),
            resource_policy: resource_policy
                .map(|parsed| ((*parsed.policy.policy).clone(), spans(&parsed.text))),
            actions: self.actions,
            resources: self.resources.filter(|resources| !resources.is_empty()),
            owner: self.resource_owner.map(account_in),
            caller: self.caller.map(|arn| (account_in(arn.clone()), arn)),
            keys,
            missing,
            policy_bytes,
        })
    }
}

impl Setting {
    fn check(&self) -> Result<(), Error> {
        if self.handling.is_some() {
            return Err(unsupported("ResourceHandlingOption"));
        }
        if let Some(action) = self.actions.iter().find(|action| !action.contains(':')) {
            return Err(invalid_input(format!("Invalid Action Name: {action}")));
        }
        match &self.caller {
            Some(caller) if !is_user(caller) => Err(invalid_input(format!(
                "Invalid CallerArn: {caller} is not the ARN of a user, who alone can be simulated."
            ))),
            None if self.resource_policy.is_some() => Err(invalid_input(
                "CallerArn is required with a ResourcePolicy unless the policies of a user are simulated.",
            )),
            _ => Ok(()),
        }
    }
}

/// Whether an ARN is one of a user.
fn is_user(text: &str) -> bool {
    Arn::parse(text).is_ok_and(|arn| {
        let name = arn.resource().strip_prefix("user/").unwrap_or_default();
        arn.service() == "iam" && AccountId::parse(arn.account()).is_ok() && !name.is_empty()
    })
}

/// The values of condition keys that a request gives.
fn given(context: Option<Vec<iam::ContextEntry>>) -> impl Iterator<Item = (String, Vec<String>)> {
    let entries = context.unwrap_or_default().into_iter();
    entries.filter_map(|entry| Some((entry.context_key_name?, entry.context_key_values?)))
}

/// A decision in the words of answers.
fn says(decision: &Decision<'_>) -> &'static str {
    match decision {
        Decision::Allow { .. } => "allowed",
        Decision::ExplicitDeny { .. } => "explicitDeny",
        Decision::ImplicitDeny { .. } => "implicitDeny",
    }
}

/// The account that an ARN names, or the text itself, which then is one.
fn account_in(text: String) -> String {
    Arn::parse(&text).map(|arn| arn.account().to_owned()).unwrap_or(text)
}

impl Trial {
    /// A page of results: each action on each resource, in the order of the request. It is shorter than asked for where the
    /// policies are long.
    pub(crate) fn page(&self, page: &Page) -> Paged<iam::EvaluationResult> {
        let resources: Vec<&str> = match &self.resources {
            Some(resources) => resources.iter().map(String::as_str).collect(),
            None => vec!["*"],
        };
        let many = resources.len();
        let context_bytes = self.keys.iter().flat_map(|(_, values)| values).map(String::len).sum();
        shorten(page, self.policy_bytes, context_bytes).cut_numbered(self.actions.len() * many, |number| {
            self.result(&self.actions[number / many], resources[number % many])
        })
    }

    fn result(&self, action: &str, resource: &str) -> iam::EvaluationResult {
        let (account, arn) = self.caller.as_ref().map_or(("", ""), |(account, arn)| (account, arn));
        let conditions = Keys(&self.keys);
        let request = Request {
            caller: Caller::User { account, arn, id: "" },
            canonical_user: None,
            action,
            resource,
            resource_account: self.owner_of(resource),
            conditions: &conditions,
        };
        let side = match &self.resource_policy {
            Some((policy, _)) => ResourceSide::Policy(policy),
            None => ResourceSide::None,
        };
        let boundary = self.boundary.as_ref();
        let policies = Policies { identity: &self.identity, boundary, session: &[], resource: side };
        let decision = evaluate(&request, &policies);
        let matched = self.matched(&request, &decision);
        self.show(&request, &decision, matched)
    }

    /// The account that a resource is in; none where it is the caller's own. Whose policy is simulated says so by its ARN, if
    /// that names one; `ResourceOwner` is for those that do not, such as buckets.
    fn owner_of<'a>(&'a self, resource: &'a str) -> Option<&'a str> {
        self.caller.as_ref()?;
        let named = resource.split(':').nth(4).filter(|account| AccountId::parse(account).is_ok());
        named.filter(|_| self.resource_policy.is_some()).or(self.owner.as_deref())
    }

    /// The statements that the decision rests on: all that allow, or the one that denies.
    fn matched(&self, request: &Request<'_>, decision: &Decision<'_>) -> Vec<iam::Statement> {
        match decision {
            Decision::ImplicitDeny { .. } => Vec::new(),
            Decision::ExplicitDeny { by } => vec![self.statement(by)],
            Decision::Allow { resource, .. } => allowing(request, &self.identity)
                .iter()
                .chain(resource)
                .map(|source| self.statement(source))
                .collect(),
        }
    }

    fn statement(&self, source: &weft_policy::Source<'_>) -> iam::Statement {
        use weft_policy::PolicySet;
        let (kind, spans) = match source.set {
            PolicySet::Resource => ("Resource Policy", self.resource_policy.as_ref().map(|(_, spans)| spans)),
            PolicySet::Identity => ("IAM Policy", self.spans.get(source.index)),
            PolicySet::Boundary | PolicySet::Session => ("IAM Policy", None),
        };
        let span = spans.and_then(|spans| spans.get(source.statement)).cloned();
        let (start, end) = span.map(|Span { start, end }| (start, end)).unzip();
        iam::Statement {
            source_policy_id: Some(source.name.map_or("ResourcePolicy", |name| name).to_owned()),
            source_policy_type: Some(kind.to_owned()),
            start_position: start,
            end_position: end,
        }
    }

    /// What the boundary says by itself, where there is one.
    fn bounded(&self, request: &Request<'_>) -> Option<iam::PermissionsBoundaryDecisionDetail> {
        let boundary = self.boundary.as_ref()?;
        let alone = Policies { identity: std::slice::from_ref(boundary), ..Policies::default() };
        let allowed = evaluate(request, &alone).is_allow();
        Some(iam::PermissionsBoundaryDecisionDetail { allowed_by_permissions_boundary: Some(allowed) })
    }

    fn show(
        &self,
        request: &Request<'_>,
        decision: &Decision<'_>,
        matched: Vec<iam::Statement>,
    ) -> iam::EvaluationResult {
        let says = says(decision);
        let bounded = self.bounded(request);
        let specific = iam::ResourceSpecificResult {
            eval_resource_name: request.resource.to_owned(),
            eval_resource_decision: says.to_owned(),
            matched_statements: Some(matched.clone()),
            missing_context_values: Some(self.missing.clone()),
            permissions_boundary_decision_detail: bounded.clone(),
            ..iam::ResourceSpecificResult::default()
        };
        let named = self.resources.is_some();
        let foreign = request.resource_account.is_some_and(|owner| request.caller.account() != Some(owner));
        iam::EvaluationResult {
            // Within one account there is nothing to tell, but the member is there.
            eval_decision_details: (named && !foreign && request.resource != "*").then(BTreeMap::new),
            eval_action_name: request.action.to_owned(),
            eval_resource_name: Some(request.resource.to_owned()),
            eval_decision: says.to_owned(),
            matched_statements: Some(matched),
            // Where resources are named, what is missing is told with each.
            missing_context_values: Some(if named { Vec::new() } else { self.missing.clone() }),
            permissions_boundary_decision_detail: bounded,
            resource_specific_results: named.then(|| vec![specific]),
            ..iam::EvaluationResult::default()
        }
    }
}
