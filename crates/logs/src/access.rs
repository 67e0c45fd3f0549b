//! Who may do what to a group and its streams. Policies may ask for the group's tags, which are known when the group was read:
//! so these accesses are authorized while a request runs, before anything else happens.
//!
//! Services of the platform that put events, such as `route53.amazonaws.com`, need a resource policy that lets them. As AWS has it,
//! these policies bind nobody else, neither users and roles nor other accounts, and are asked for these two actions alone.

use weft_policy::Policy;
use weft_service::{Access, Context, Error, Principal};

use crate::names::GroupName;
use crate::policies::all_for;
use crate::tables::{GROUPS, Group};
use crate::{Logs, errors};

/// What resource policies can let services do.
const BY_RESOURCE_POLICY: [&str; 2] = ["logs:CreateLogStream", "logs:PutLogEvents"];

impl Logs {
    /// Fails unless the caller may do this to a group, or to a stream of it; gives the group where it is there.
    pub(crate) async fn authorize(
        &self,
        cx: &Context,
        name: &GroupName,
        access: Access,
    ) -> Result<Option<Group>, Error> {
        let by_policy = matches!(&*cx.principal, Principal::Service { .. })
            && BY_RESOURCE_POLICY.contains(&&*access.action);
        let of_group = name.clone();
        let found = self.read(move |tx| {
            let group = GROUPS.get(tx, &of_group.key())?;
            Ok((group, by_policy.then(|| all_for(tx, &of_group)).transpose()?))
        });
        let (group, documents) = found.await?;
        let tags = group.iter().flat_map(|group| &group.tags);
        let access = access.with_resource_tags(tags.map(|(key, value)| (key.as_str(), value.as_str())));
        match documents {
            Some(documents) => {
                let policies = documents.iter().map(|document| Policy::parse(document));
                let policies: Vec<Policy> = policies.collect::<Result<_, _>>().map_err(Error::internal)?;
                cx.authorize_with(&access, Some(&Policy::joined(policies))).await?;
            }
            None => cx.authorize(&access).await?,
        }
        Ok(group)
    }

    /// As [`Self::authorize`], for an action on the group itself.
    pub(crate) async fn authorize_group(
        &self,
        cx: &Context,
        action: &'static str,
        name: &GroupName,
    ) -> Result<Group, Error> {
        let group = self.authorize(cx, name, Access::to(action, name.access())).await?;
        group.ok_or_else(errors::no_group)
    }

    /// As [`Self::authorize`], for an action on a stream of the group, which may not be there.
    pub(crate) async fn authorize_stream(
        &self,
        cx: &Context,
        action: &'static str,
        name: &GroupName,
        stream: &str,
    ) -> Result<Group, Error> {
        let group = self.authorize(cx, name, Access::to(action, name.stream_arn(stream).as_str())).await?;
        group.ok_or_else(errors::no_group)
    }
}
