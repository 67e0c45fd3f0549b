//! `UpdateFunctionConfiguration`: changes a function's settings.

use weft_model::lambda as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use crate::change::Change;
use crate::functions::Update;
use crate::name::FunctionRef;
use crate::settings::Changes;
use crate::{Lambda, access};

/// A parsed `UpdateFunctionConfiguration` request.
#[derive(Debug)]
pub(crate) struct UpdateFunctionConfiguration {
    function: FunctionRef,
    changes: Changes,
    revision_id: Option<String>,
}

impl Operation for UpdateFunctionConfiguration {
    const NAME: &'static str = "UpdateFunctionConfiguration";
    type Service = Lambda;
    type Input = model::UpdateFunctionConfigurationRequest;
    type Output = model::FunctionConfiguration;

    fn parse(mut input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let function = FunctionRef::parse(&input.function_name, None, scope)?;
        let revision_id = input.revision_id.take();
        Ok(Self { function, changes: Changes::parse(input, scope)?, revision_id })
    }

    fn accesses(&self, scope: &Scope) -> Vec<Access> {
        let update = Access::to("lambda:UpdateFunctionConfiguration", self.function.arn().as_str());
        let layers = self.changes.layers.as_deref().unwrap_or_default();
        let mut accesses = vec![access::with_layers(update, layers)];
        accesses.extend(self.changes.role.as_ref().map(access::pass_role));
        accesses.extend(layers.iter().filter_map(|layer| layer.access(scope.account)));
        accesses
    }

    async fn run(self, lambda: &Lambda, cx: &Context) -> Result<Self::Output, Error> {
        let Self { function, changes, revision_id } = self;
        function.require_latest()?;
        let found = lambda.functions.find(&function).await?;
        if let Some(role) = &changes.role {
            lambda.require_assumable(cx, role).await?;
        }
        let mut settings = found.latest.settings.clone();
        changes.apply(&mut settings)?;
        if changes.role.is_some() || settings.outside.dead_letter != found.latest.settings.outside.dead_letter
        {
            lambda.check_dead_letters(&cx.scope, &settings).await?;
        }
        let update = Update { revision_id, ..Update::at(cx.scope.now) };
        let _held = lambda.code.hold().await;
        let layers = match &changes.layers {
            Some(layers) => Some(lambda.use_layers(cx, layers).await?),
            None => None,
        };
        let note = match &changes.runtime {
            Some(runtime) => Change::to(lambda.runtime_note(runtime).await),
            None => Change::Keep,
        };
        let change = move |found: &mut crate::function::Function| {
            changes.apply(&mut found.settings)?;
            note.apply(&mut found.settings.runtime_note);
            if let Some(layers) = &layers {
                found.settings.layers.clone_from(layers);
            }
            Ok(())
        };
        let updated = lambda.update(&function.key, update, change).await?;
        Ok(updated.describe(&function.key))
    }
}
