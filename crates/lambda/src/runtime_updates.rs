//! How versions get newer runtimes, in the store.

use weft_service::Error;

use crate::errors;
use crate::functions::Functions;
use crate::name::FunctionRef;
use crate::runtimes::RuntimeUpdate;
use crate::tables::RUNTIME_UPDATES;
use crate::versions::read_found;

impl Functions {
    /// Says how a version gets newer runtimes.
    pub(crate) async fn set_runtime_update(
        &self,
        function: &FunctionRef,
        update: RuntimeUpdate,
    ) -> Result<(), Error> {
        let function = function.clone();
        self.write(move |tx| {
            read_found(tx, &function)?.ok_or_else(|| errors::function_not_found(&function.arn()))?;
            let row = function.key.qualified_row(function.qualifier.as_deref().unwrap_or_default());
            Ok(RUNTIME_UPDATES.insert(tx, &row, &update)?)
        })
        .await
    }

    /// How a version gets newer runtimes: `Auto` where nobody said.
    pub(crate) async fn runtime_update(&self, function: &FunctionRef) -> Result<RuntimeUpdate, Error> {
        let function = function.clone();
        self.read(move |tx| {
            read_found(tx, &function)?.ok_or_else(|| errors::function_not_found(&function.arn()))?;
            let row = function.key.qualified_row(function.qualifier.as_deref().unwrap_or_default());
            let auto = || RuntimeUpdate { mode: "Auto".to_owned(), version_arn: None };
            Ok(RUNTIME_UPDATES.get(tx, &row)?.unwrap_or_else(auto))
        })
        .await
    }
}
