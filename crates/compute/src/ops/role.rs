//! That a service's role can be assumed for it.

use weft_model::sts;
use weft_service::{Access, Context, Error};
use weft_types::Arn;

use super::SERVICE_PRINCIPAL;
use crate::errors::validation;

/// What a caller must be allowed to give a service this role.
pub(super) fn pass(role: &Arn) -> Access {
    Access::to("iam:PassRole", role.to_string()).with("iam:PassedToService", SERVICE_PRINCIPAL)
}

/// Fails unless the role is there and trusts the platform's services, by assuming it.
pub(super) async fn check(role: &Arn, cx: &Context) -> Result<(), Error> {
    if role.account() != cx.scope.account.to_string() {
        return Err(validation(format!("The role `{role}` is of another account.")));
    }
    let request = sts::AssumeRoleRequest {
        role_arn: role.to_string(),
        role_session_name: "weft-check".to_owned(),
        duration_seconds: Some(900),
        ..Default::default()
    };
    let service = cx.as_service(SERVICE_PRINCIPAL);
    match service.call::<_, sts::AssumeRoleResponse>("sts", "AssumeRole", request).await {
        Ok(_) => Ok(()),
        Err(error) if error.code() == "InternalFailure" => Err(error),
        Err(error) => {
            let message = format!(
                "The role `{role}` cannot be assumed by `{SERVICE_PRINCIPAL}`: {}. Its trust policy must allow that \
                 service `sts:AssumeRole`.",
                error.message().trim_end_matches('.')
            );
            Err(validation(message).with_cause(error))
        }
    }
}
