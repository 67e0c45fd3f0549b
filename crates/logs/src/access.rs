//! Who may do what to a group and its streams. Policies may ask for the group's tags, which are known when the group was read:
//! so these accesses are authorized while a request runs, before anything else happens.

use weft_service::{Access, Context, Error};

use crate::names::GroupName;
use crate::tables::{GROUPS, Group};
use crate::{Logs, errors};

impl Logs {
    /// Fails unless the caller may do this to a group, or to a stream of it; gives the group where it is there.
    pub(crate) async fn authorize(
        &self,
        cx: &Context,
        name: &GroupName,
        access: Access,
    ) -> Result<Option<Group>, Error> {
        let key = name.key();
        let group = self.read(move |tx| Ok(GROUPS.get(tx, &key)?)).await?;
        let tags = group.iter().flat_map(|group| &group.tags);
        let access = access.with_resource_tags(tags.map(|(key, value)| (key.as_str(), value.as_str())));
        cx.authorize(&access).await?;
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
