//! IAM: roles, users, groups, their policies and keys.

mod access_key;
mod addition;
mod grants;
mod group;
mod inline;
mod linked;
mod managed;
mod profile;
mod role;
mod user;

use serde_json::{Map, Value as Json};

use crate::handlers::Handlers;
use crate::task::{Failure, Task, failure, is_missing};

pub(super) fn add(all: &mut Handlers) {
    all.add("AWS::IAM::AccessKey", access_key::AccessKey);
    all.add("AWS::IAM::Group", group::Group);
    all.add("AWS::IAM::GroupPolicy", inline::InlinePolicy(grants::GROUP));
    all.add("AWS::IAM::InstanceProfile", profile::InstanceProfile);
    all.add("AWS::IAM::ManagedPolicy", managed::ManagedPolicy);
    all.add("AWS::IAM::Policy", inline::Policy);
    all.add("AWS::IAM::Role", role::Role);
    all.add("AWS::IAM::RolePolicy", inline::InlinePolicy(grants::ROLE));
    all.add("AWS::IAM::ServiceLinkedRole", linked::ServiceLinkedRole);
    all.add("AWS::IAM::User", user::User);
    all.add("AWS::IAM::UserPolicy", inline::InlinePolicy(grants::USER));
    all.add("AWS::IAM::UserToGroupAddition", addition::UserToGroupAddition);
}

/// All items of a list, page by page; none where what it belongs to is not there.
async fn all_of(task: &Task<'_>, operation: &str, input: &Json, member: &str) -> Result<Vec<Json>, Failure> {
    let mut all = Vec::new();
    let mut input = input.clone();
    loop {
        let answer = match task.call("iam", operation, input.clone()).await {
            Ok(answer) => answer,
            Err(error) if is_missing(&error) => return Ok(all),
            Err(error) => return Err(failure("iam", &error)),
        };
        all.extend(answer.get(member).and_then(Json::as_array).into_iter().flatten().cloned());
        match answer.get("Marker") {
            Some(marker) if !marker.is_null() => input["Marker"] = marker.clone(),
            _ => return Ok(all),
        }
    }
}

/// An object with one more field.
fn with(mut fields: Map<String, Json>, name: &str, value: impl Into<Json>) -> Map<String, Json> {
    fields.insert(name.to_owned(), value.into());
    fields
}
