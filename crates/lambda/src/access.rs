//! What requests need to be allowed, where several operations need the same.

use weft_service::Access;
use weft_types::Arn;

use crate::layer_access::LayerAsked;

/// The service that runs functions, as roles' trust policies name it.
pub(crate) const PRINCIPAL: &str = "lambda.amazonaws.com";

/// Giving a role to a function.
pub(crate) fn pass_role(role: &Arn) -> Access {
    Access::to("iam:PassRole", role.as_str()).with("iam:PassedToService", PRINCIPAL)
}

/// Adds the condition key of the code signing configuration that a request gives to a function.
pub(crate) fn with_signing(access: Access, signing: Option<&Arn>) -> Access {
    match signing {
        Some(arn) => access.with("lambda:CodeSigningConfigArn", arn.as_str()),
        None => access,
    }
}

/// Adds the condition keys of layers that a request asks for.
pub(crate) fn with_layers(mut access: Access, layers: &[LayerAsked]) -> Access {
    if !layers.is_empty() {
        let arns = layers.iter().map(|layer| layer.arn().into()).collect();
        access.conditions.push(("lambda:Layer".into(), arns));
    }
    access
}
