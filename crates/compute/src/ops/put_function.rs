//! `PutFunction`: enters a Lambda function into an app's directory, with its scale, or changes its entry.

use weft_model::weft as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use super::{Named, shown_function};
use crate::Compute;
use crate::errors::{app_not_found, conflict, limit};
use crate::records::{
    APPS, FUNCTION_NAMES, FUNCTIONS, FunctionRecord, NameRecord, Place, SERVICES, ScaleRecord,
};
use crate::settings;

/// A parsed `PutFunction` request.
pub(crate) struct PutFunction {
    named: Named,
    part: Option<String>,
    function_name: String,
    scale: Option<ScaleRecord>,
    code: Option<model::FunctionCode>,
}

impl Operation for PutFunction {
    const NAME: &'static str = "PutFunction";
    type Service = Compute;
    type Input = model::PutFunctionRequest;
    type Output = model::PutFunctionResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        Ok(Self {
            named: Named::parse(scope, &input.app, &input.name)?,
            part: input.part,
            function_name: input.function_name,
            scale: input.scale.map(|scale| settings::function_scale(Some(scale))).transpose()?,
            code: input.code,
        })
    }

    /// Whoever enters a function lets the whole app invoke it, and so must be allowed to do that.
    fn accesses(&self, scope: &Scope) -> Vec<Access> {
        let function = scope.arn("lambda", &format!("function:{}", self.function_name));
        vec![
            self.named.access("weft:PutFunction", "function"),
            Access::to("lambda:InvokeFunction", function.to_string()),
        ]
    }

    async fn run(self, compute: &Compute, cx: &Context) -> Result<Self::Output, Error> {
        let (now, workloads_max) = (cx.scope.now, compute.options().workloads_max);
        let Named { place, name } = self.named.clone();
        let put = move |tx: &mut weft_store::WriteTx<'_>| {
            let Named { place, name } = &self.named;
            let key = place.name_key(name.as_str());
            if APPS.get(tx, &place.key())?.is_none() {
                return Err(app_not_found(&place.app));
            }
            if SERVICES.get(tx, &key)?.is_some() {
                return Err(conflict(format!("The app `{}` has a service `{name}` already.", place.app)));
            }
            let old = FUNCTIONS.get(tx, &key)?;
            if old.is_none()
                && FUNCTIONS.query(&place.key()).limit(workloads_max).rows(tx)?.len() == workloads_max
            {
                return Err(limit(format!("An app may have {workloads_max} functions.")));
            }
            let owner = FUNCTION_NAMES.get(tx, &name_key(place, &self.function_name))?;
            if let Some(owner) = owner.filter(|owner| (&owner.app, &owner.name) != (&place.app, name)) {
                let message =
                    format!("The function `{}` is {}/{} already.", self.function_name, owner.app, owner.name);
                return Err(conflict(message));
            }
            if let Some(old) = &old {
                FUNCTION_NAMES.remove(tx, &name_key(place, &old.function_name))?;
            }
            let entry = NameRecord { app: place.app.clone(), name: name.clone() };
            FUNCTION_NAMES.insert(tx, &name_key(place, &self.function_name), &entry)?;
            let record = self.record(old, now)?;
            FUNCTIONS.insert(tx, &key, &record)?;
            Ok(record)
        };
        let record = compute.change(&place, put).await?;
        Ok(model::PutFunctionResponse { function: Some(shown_function(&place, &name, &record)) })
    }
}

impl PutFunction {
    /// The new entry: what the request leaves out stays as it was.
    fn record(
        &self,
        old: Option<FunctionRecord>,
        now: weft_types::Timestamp,
    ) -> Result<FunctionRecord, Error> {
        let usual = settings::function_scale(None)?;
        let code = self.code.clone();
        let kept = old.clone().map(|old| (old.build, old.source, old.code_sha256)).unwrap_or_default();
        Ok(FunctionRecord {
            part: self.part.clone().or_else(|| old.as_ref().and_then(|old| old.part.clone())),
            created: old.as_ref().map_or(now, |old| old.created),
            updated: now,
            function_name: self.function_name.clone(),
            scale: self.scale.or(old.map(|old| old.scale)).unwrap_or(usual),
            build: code.as_ref().and_then(|code| code.build_id.clone()).or(kept.0),
            source: code.as_ref().and_then(|code| code.source.clone()).or(kept.1),
            code_sha256: code.and_then(|code| code.code_sha256).or(kept.2),
        })
    }
}

/// The key under which a Lambda function's app is found.
pub(super) fn name_key(place: &Place, function_name: &str) -> (u64, String, String) {
    (place.account.as_u64(), place.region.to_string(), function_name.to_owned())
}
