//! `AddPermission`: lets a service, an account or everybody use a function, a version or an alias.

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Once, Operation, Scope};
use weft_store::WriteTx;

use crate::name::{FunctionRef, LATEST};
use crate::permission::{Grant, PolicyRecord};
use crate::{Lambda, errors};

/// The condition key of how callers of a function URL are known.
const AUTH_TYPE: &str = "lambda:FunctionUrlAuthType";

/// A parsed `AddPermission` request.
#[derive(Debug)]
pub(crate) struct AddPermission {
    function: FunctionRef,
    grant: Grant,
    revision_id: Option<String>,
}

impl Operation for AddPermission {
    const NAME: &'static str = "AddPermission";
    type Service = Lambda;
    type Input = model::AddPermissionRequest;
    type Output = model::AddPermissionResponse;

    fn parse(mut input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let function = FunctionRef::parse(&input.function_name, input.qualifier.as_deref(), scope)?;
        if function.qualifier.as_deref() == Some(LATEST) {
            return Err(errors::invalid_parameter(
                "We currently do not support adding policies for $LATEST.",
            ));
        }
        let revision_id = input.revision_id.take();
        let conditions = conditions(&mut input)?;
        let grant = Grant {
            sid: input.statement_id,
            principal: input.principal,
            action: input.action,
            resource: function.arn().into(),
            conditions,
        };
        Ok(Self { function, grant, revision_id })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        let mut access = Access::to("lambda:AddPermission", self.function.arn().as_str())
            .with("lambda:Principal", &self.grant.principal);
        let auth_type = self.grant.conditions.iter().find(|(_, key, _)| *key == AUTH_TYPE);
        if let Some((_, key, value)) = auth_type {
            access = access.with(*key, value);
        }
        vec![access]
    }

    async fn run(self, lambda: &Lambda, cx: &Context) -> Result<Self::Output, Error> {
        let Self { function, grant, revision_id } = self;
        let statement = grant.into_statement()?;
        let (bound, text) = (statement.bound(cx).await?, statement.text);
        let once = Once::of(cx);
        let add =
            move |tx: &mut WriteTx<'_>, policy: &mut PolicyRecord| policy.add_once(tx, &once, bound.clone());
        lambda.functions.change_policy(&function, revision_id, add).await?;
        lambda.cache.forget(&function.key);
        Ok(model::AddPermissionResponse { statement: Some(text) })
    }
}

fn conditions(
    input: &mut model::AddPermissionRequest,
) -> Result<Vec<(&'static str, &'static str, String)>, Error> {
    let url_action = input.action == "lambda:InvokeFunctionUrl";
    if input.function_url_auth_type.is_some() && !url_action {
        return Err(errors::invalid_parameter(
            "FunctionUrlAuthType is only supported for lambda:InvokeFunctionUrl action",
        ));
    }
    if input.invoked_via_function_url.is_some() && input.action != "lambda:InvokeFunction" {
        return Err(errors::invalid_parameter(
            "InvokedViaFunctionUrl is only supported for lambda:InvokeFunction action",
        ));
    }
    let via_url = input.invoked_via_function_url.map(|via| via.to_string());
    let all = [
        ("ArnLike", "AWS:SourceArn", input.source_arn.take()),
        ("StringEquals", "AWS:SourceAccount", input.source_account.take()),
        ("StringEquals", "aws:PrincipalOrgID", input.principal_org_id.take()),
        ("StringEquals", "lambda:EventSourceToken", input.event_source_token.take()),
        ("StringEquals", AUTH_TYPE, input.function_url_auth_type.take()),
        ("Bool", "lambda:InvokedViaFunctionUrl", via_url),
    ];
    let given = all.into_iter().filter_map(|(operator, key, value)| Some((operator, key, value?)));
    Ok(given.collect())
}
