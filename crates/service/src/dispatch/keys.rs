//! The condition keys that every request has, beside those of its accesses.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>.

use std::borrow::Cow;

use weft_policy::{ConditionKeys, Found};

use crate::{Access, Context, Principal};

/// The keys of one access of one request. Values are made when a policy asks for them.
pub(crate) struct RequestKeys<'a> {
    cx: &'a Context,
    access: &'a Access,
}

impl<'a> RequestKeys<'a> {
    pub(crate) fn new(cx: &'a Context, access: &'a Access) -> Self {
        Self { cx, access }
    }

    fn global(&self, name: &str) -> Option<Cow<'_, str>> {
        let Context { scope, principal, .. } = self.cx;
        let is = |known: &str| name.eq_ignore_ascii_case(known);
        if is("PrincipalArn") {
            return principal.policy_arn().map(|arn| arn.to_string().into());
        }
        if is("PrincipalAccount") {
            return principal.account().map(|account| account.to_string().into());
        }
        if is("PrincipalType") {
            return Some(principal.kind().into());
        }
        if is("PrincipalIsAWSService") {
            return Some(truth(matches!(**principal, Principal::Service { .. })));
        }
        if is("userid") {
            return Some(principal.user_id().into());
        }
        if is("username") {
            return match &**principal {
                Principal::User { name, .. } => Some(name.as_str().into()),
                _ => None,
            };
        }
        if is("SourceIp") {
            return self.cx.source_ip.map(|address| address.to_canonical().to_string().into());
        }
        if is("SecureTransport") {
            return Some(truth(self.cx.secure));
        }
        if is("CurrentTime") {
            return Some(scope.now.iso8601_seconds().into());
        }
        if is("EpochTime") {
            return Some(scope.now.as_seconds().to_string().into());
        }
        if is("RequestedRegion") {
            return Some(scope.region.as_str().into());
        }
        if is("UserAgent") {
            return self.cx.user_agent.as_deref().map(Cow::Borrowed);
        }
        if is("ResourceAccount") {
            let account = self.access.resource.split(':').nth(4).filter(|account| !account.is_empty());
            return account.map(Cow::Borrowed);
        }
        None
    }
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
        let global = key.get(..4).filter(|vendor| vendor.eq_ignore_ascii_case("aws:"));
        global.and_then(|_| self.global(&key[4..])).map_or(Found::Absent, Found::One)
    }
}

fn truth(value: bool) -> Cow<'static, str> {
    if value { "true".into() } else { "false".into() }
}
