//! `UpdateGroup`: another name or path; users and policies stay.

use weft_model::iam::UpdateGroupRequest;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::named::{self, Renamed};
use crate::records::Group;
use crate::{Iam, members};

/// A parsed `UpdateGroup` request.
pub(crate) struct UpdateGroup {
    name: String,
    new_name: Option<String>,
    new_path: Option<String>,
}

impl Operation for UpdateGroup {
    const NAME: &'static str = "UpdateGroup";
    type Service = Iam;
    type Input = UpdateGroupRequest;
    type Output = ();

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { name: input.group_name, new_name: input.new_group_name, new_path: input.new_path })
    }

    /// The group's path is part of its ARN: `run` asks.
    fn accesses(&self, _: &Scope) -> Vec<Access> {
        Vec::new()
    }

    async fn run(self, iam: &Iam, cx: &Context) -> Result<(), Error> {
        let account = cx.scope.account;
        let to = Renamed { name: self.new_name.as_deref(), path: self.new_path.as_deref() };
        iam.allow_rename::<Group>(cx, "iam:UpdateGroup", &self.name, to).await?;
        let new_name = self.new_name.clone().unwrap_or_else(|| self.name.clone());
        iam.write(move |tx| {
            let mut group: Group = named::get(tx, account, &self.name)?;
            group.name.clone_from(&new_name);
            group.path = self.new_path.clone().unwrap_or(group.path);
            named::rename(tx, &self.name, &group)?;
            members::group_renamed(tx, account, &self.name, &new_name)
        })
        .await
    }
}
