//! `UntagInstanceProfile`: takes tags from an instance profile; keys that it has not are ignored.

use weft_model::iam::UntagInstanceProfileRequest;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::named::on;
use crate::records::InstanceProfile;
use crate::{Iam, tags};

/// A parsed `UntagInstanceProfile` request.
pub(crate) struct UntagInstanceProfile {
    name: String,
    keys: Vec<String>,
}

impl Operation for UntagInstanceProfile {
    const NAME: &'static str = "UntagInstanceProfile";
    type Service = Iam;
    type Input = UntagInstanceProfileRequest;
    type Output = ();

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.instance_profile_name, keys: input.tag_keys })
    }

    /// The profile's path is part of its ARN: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<(), Error> {
        iam.allow::<InstanceProfile>(
            cx,
            on("iam:UntagInstanceProfile", &self.name).with_values("aws:TagKeys", &self.keys),
        )
        .await?;
        iam.change(cx, &self.name, move |_, profile: &mut InstanceProfile| {
            tags::remove(&mut profile.tags, &self.keys);
            Ok(())
        })
        .await
    }
}
