//! `DeleteLogGroup`: removes a group with its streams and events. Their bytes go with the next sweep.

use weft_model::logs as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::names::GroupName;
use crate::policies::{POLICIES, PolicyPlace};
use crate::quotas::remove_group;
use crate::subscriptions::remove_all;
use crate::tables::{GARBAGE, Mark, require_group};
use crate::{Logs, errors};

/// A parsed `DeleteLogGroup` request.
#[derive(Debug)]
pub(crate) struct DeleteLogGroup {
    name: GroupName,
}

impl Operation for DeleteLogGroup {
    const NAME: &'static str = "DeleteLogGroup";
    type Service = Logs;
    type Input = model::DeleteLogGroupRequest;
    type Output = ();

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        Ok(Self { name: GroupName::parse(&input.log_group_name, scope)? })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, logs: &Logs, cx: &Context) -> Result<(), Error> {
        logs.authorize_group(cx, "logs:DeleteLogGroup", &self.name).await?;
        let scope = cx.scope.clone();
        logs.write(move |tx| {
            let group = require_group(tx, &self.name)?;
            if group.protected {
                return Err(errors::protected());
            }
            remove_group(tx, &self.name.key())?;
            remove_all(tx, &group)?;
            POLICIES.remove(tx, &PolicyPlace::Group(self.name.clone()).key(&scope))?;
            Ok(GARBAGE.insert(tx, &(group.id, 0), &Mark {})?)
        })
        .await
    }
}
