//! `TagInstanceProfile`: adds tags to an instance profile, or changes their values.

use std::collections::BTreeMap;

use weft_model::iam::TagInstanceProfileRequest;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::named::on;
use crate::records::InstanceProfile;
use crate::{Iam, tags};

/// A parsed `TagInstanceProfile` request.
pub(crate) struct TagInstanceProfile {
    name: String,
    tags: BTreeMap<String, String>,
}

impl Operation for TagInstanceProfile {
    const NAME: &'static str = "TagInstanceProfile";
    type Service = Iam;
    type Input = TagInstanceProfileRequest;
    type Output = ();

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.instance_profile_name, tags: tags::parse(Some(input.tags))? })
    }

    /// The profile's path is part of its ARN: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<(), Error> {
        iam.allow::<InstanceProfile>(cx, on("iam:TagInstanceProfile", &self.name).tagged(&self.tags)).await?;
        iam.change(cx, &self.name, move |_, profile: &mut InstanceProfile| {
            tags::merge(&mut profile.tags, &self.tags)
        })
        .await
    }
}
