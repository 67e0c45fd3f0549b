//! The condition keys that every request has, beside those of its accesses.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>. Keys of what the
//! platform does not have are absent, as they are on AWS for who does not use it: organizations (`aws:PrincipalOrgID`),
//! VPC endpoints (`aws:SourceVpc`), instances (`aws:Ec2InstanceSourceVpc`), web identities (`aws:FederatedProvider`).

use std::borrow::Cow;

use weft_policy::{ConditionKeys, Found};

use crate::{Access, Context, Principal};

/// The keys of one access of one request. Values are made when a policy asks for them.
pub(crate) struct RequestKeys<'a> {
    cx: &'a Context,
    access: &'a Access,
    /// The tags of the user or role.
    tags: &'a [(String, String)],
}

type Value<'a> = Option<Cow<'a, str>>;

impl<'a> RequestKeys<'a> {
    pub(crate) fn new(cx: &'a Context, access: &'a Access) -> Self {
        Self { cx, access, tags: &[] }
    }

    /// With the tags that IAM holds for the caller.
    pub(crate) fn with_tags(mut self, tags: &'a [(String, String)]) -> Self {
        self.tags = tags;
        self
    }

    /// A key `aws:…`; its name in lower case.
    fn global(&self, name: &str) -> Value<'_> {
        self.of_principal(name).or_else(|| self.of_session(name)).or_else(|| self.of_request(name))
    }

    fn of_principal(&self, name: &str) -> Value<'_> {
        let principal = &*self.cx.principal;
        match name {
            "principalarn" => principal.policy_arn().map(|arn| arn.to_string().into()),
            "principalaccount" => principal.account().map(|account| account.to_string().into()),
            "principaltype" => Some(principal.kind().into()),
            "principalisawsservice" => Some(truth(matches!(principal, Principal::Service { .. }))),
            "principalservicename" | "principalservicenameslist" => match principal {
                Principal::Service { name, .. } => Some((*name).into()),
                _ => None,
            },
            "userid" => Some(principal.user_id().into()),
            "username" => match principal {
                Principal::User { name, .. } => Some(name.as_str().into()),
                _ => None,
            },
            _ => self.principal_tag(name.strip_prefix("principaltag/")?),
        }
    }

    /// A session's own tag stands before the role's or user's of the same key.
    fn principal_tag(&self, key: &str) -> Value<'_> {
        let session = self.cx.session.iter().flat_map(|session| &session.tags);
        let mut all = session.chain(self.tags);
        all.find(|(known, _)| known.to_ascii_lowercase() == key).map(|(_, value)| value.as_str().into())
    }

    fn of_session(&self, name: &str) -> Value<'_> {
        let session = self.cx.session.as_deref()?;
        let now = self.cx.scope.now;
        match name {
            "tokenissuetime" => session.issued.map(|time| time.iso8601_seconds().into()),
            "multifactorauthpresent" => Some(truth(session.mfa)),
            "multifactorauthage" if session.mfa => {
                session.issued.map(|time| now.since(time).as_secs().to_string().into())
            }
            "sourceidentity" => session.source_identity.as_deref().map(Cow::Borrowed),
            _ => None,
        }
    }

    fn of_request(&self, name: &str) -> Value<'_> {
        let Context { scope, called_via, .. } = self.cx;
        match name {
            "sourceip" => self.cx.source_ip.map(|address| address.to_canonical().to_string().into()),
            "securetransport" => Some(truth(self.cx.secure)),
            "currenttime" => Some(scope.now.iso8601_seconds().into()),
            "epochtime" => Some(scope.now.as_seconds().to_string().into()),
            // IAM is one for all regions, and says so by that of its endpoint.
            "requestedregion" if self.access.action.starts_with("iam:") => Some("us-east-1".into()),
            "requestedregion" => Some(scope.region.as_str().into()),
            "useragent" => self.cx.user_agent.as_deref().map(Cow::Borrowed),
            "referer" => self.cx.referer.as_deref().map(Cow::Borrowed),
            "viaawsservice" => Some(truth(!called_via.is_empty())),
            "calledviafirst" => called_via.first().map(|service| service.as_str().into()),
            "calledvialast" => called_via.last().map(|service| service.as_str().into()),
            "resourceaccount" => account_of(&self.access.resource).map(Cow::Borrowed),
            "sourcearn" => self.cx.source_arn.as_deref().map(Cow::Borrowed),
            // A service acts for an account even where no ARN says for what, and the ARN of a bucket has none.
            "sourceaccount" if matches!(*self.cx.principal, Principal::Service { .. }) => {
                let account = self.cx.source_arn.as_deref().and_then(account_of).map(Cow::Borrowed);
                account.or_else(|| Some(scope.account.to_string().into()))
            }
            _ => None,
        }
    }
}

fn account_of(arn: &str) -> Option<&str> {
    arn.split(':').nth(4).filter(|account| !account.is_empty())
}

impl ConditionKeys for RequestKeys<'_> {
    fn find(&self, key: &str) -> Found<'_> {
        let own = self.access.conditions.iter().find(|(known, _)| known.eq_ignore_ascii_case(key));
        match own.map(|(_, values)| values.as_slice()) {
            Some([]) => return Found::Absent,
            Some([value]) => return Found::One(value.as_str().into()),
            Some(values) => return Found::Many(values),
            None => {}
        }
        if !key.get(..4).is_some_and(|vendor| vendor.eq_ignore_ascii_case("aws:")) {
            return Found::Absent;
        }
        let name = key[4..].to_ascii_lowercase();
        if name == "calledvia" && !self.cx.called_via.is_empty() {
            return Found::Many(&self.cx.called_via);
        }
        self.global(&name).map_or(Found::Absent, Found::One)
    }
}

fn truth(value: bool) -> Cow<'static, str> {
    if value { "true".into() } else { "false".into() }
}

#[cfg(test)]
mod tests;
