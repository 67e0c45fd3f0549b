//! `CreateLogGroup`: makes a group, whose events are kept for ever until a retention is set.

use std::collections::BTreeMap;

use weft_model::logs as model;
use weft_service::{Access, Context, Error, Once, Operation, Scope};
use weft_store::WriteTx;

use crate::names::{GroupName, check_tags};
use crate::quotas::add_group;
use crate::tables::{GROUPS, Group};
use crate::{Logs, errors};

/// A parsed `CreateLogGroup` request.
#[derive(Debug)]
pub(crate) struct CreateLogGroup {
    name: GroupName,
    class: String,
    tags: BTreeMap<String, String>,
    protected: bool,
}

impl Operation for CreateLogGroup {
    const NAME: &'static str = "CreateLogGroup";
    type Service = Logs;
    type Input = model::CreateLogGroupRequest;
    type Output = ();

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        if input.kms_key_id.is_some() {
            return Err(errors::invalid_parameter("kmsKeyId is not supported by Weft yet."));
        }
        let protected = input.deletion_protection_enabled == Some(true);
        let tags = input.tags.unwrap_or_default();
        check_tags(&tags)?;
        let class = input.log_group_class.unwrap_or_else(|| "STANDARD".to_owned());
        Ok(Self { name: GroupName::parse(&input.log_group_name, scope)?, class, tags, protected })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        let create = Access::to("logs:CreateLogGroup", self.name.access());
        let mut accesses = vec![create.with_request_tags(&self.tags)];
        if !self.tags.is_empty() {
            let tag = Access::to("logs:TagResource", self.name.arn().as_str());
            accesses.push(tag.with_request_tags(&self.tags));
        }
        accesses
    }

    async fn run(self, logs: &Logs, cx: &Context) -> Result<(), Error> {
        let Self { name, class, tags, protected } = self;
        let group = Group { class, tags, protected, ..Group::new(cx.scope.now) };
        let (max, once) = (logs.options.groups_max, Once::of(cx));
        logs.write(move |tx| {
            let find = |tx: &WriteTx<'_>, _: &str| Ok(GROUPS.get(tx, &name.key())?.map(drop));
            once.make(tx, find, |tx| {
                if GROUPS.get(tx, &name.key())?.is_some() {
                    return Err(errors::group_exists());
                }
                if !add_group(tx, &name.key(), &group, max)? {
                    return Err(errors::limit_exceeded());
                }
                Ok((name.arn().to_string(), ()))
            })
        })
        .await
    }
}
