//! With whose rights steps are taken.

use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use weft_service::{Context, Error};
use weft_types::{AccountId, Region};

use crate::Cloudformation;
use crate::tables::{Deployer, StackRecord};
use crate::task;

/// After this time a session is made anew, so that none ends within a step.
const SESSION: Duration = Duration::from_mins(15);

/// A context with the deployer's rights, kept for a while.
#[derive(Default)]
pub(super) struct Rights(Option<(Instant, Context)>);

impl Rights {
    /// The context in which the next step is taken.
    pub(super) async fn context(
        &mut self,
        service: &Cloudformation,
        stack: &StackRecord,
        deployer: &Deployer,
    ) -> Result<Context, Error> {
        if let Some((made, cx)) = &self.0
            && made.elapsed() < SESSION
        {
            return Ok(cx.clone());
        }
        let cx = service.deployer_context(stack, deployer).await?;
        self.0 = Some((Instant::now(), cx.clone()));
        Ok(cx)
    }
}

impl Cloudformation {
    async fn deployer_context(&self, stack: &StackRecord, deployer: &Deployer) -> Result<Context, Error> {
        let dispatch = self.dispatch()?;
        let region = Region::parse(&stack.region).map_err(|error| Error::internal(error.to_string()))?;
        let account = AccountId::parse(&format!("{:012}", stack.account));
        let account = account.map_err(|error| Error::internal(error.to_string()))?;
        let (id, token) = match deployer {
            Deployer::Key { id, token } => (id.clone(), token.clone()),
            Deployer::Role(role) => {
                let own =
                    dispatch.context_for_service("cloudformation.amazonaws.com", account, region.clone());
                let input = json!({"RoleArn": role, "RoleSessionName": "AWSCloudFormation"});
                let answer = task::call(&own.with_source(stack.id()), "sts", "AssumeRole", &input).await;
                let answer = answer.map_err(|error| invalid_role(role, &error))?;
                let text = |name: &str| {
                    let found = answer.pointer(&format!("/Credentials/{name}"));
                    found.and_then(Json::as_str).unwrap_or("").to_owned()
                };
                (text("AccessKeyId"), Some(text("SessionToken")))
            }
        };
        let cx = dispatch.context_for_key("cloudformation", &id, token.as_deref(), region).await;
        cx.map_err(|error| {
            Error::new("ExpiredToken", format!("The deployer's credentials are no longer valid: {error}"))
        })
    }
}

fn invalid_role(role: &str, error: &Error) -> Error {
    let message = format!("Role {role} is invalid or cannot be assumed: {}", error.message());
    Error::new("ValidationError", message).with_status(400)
}
