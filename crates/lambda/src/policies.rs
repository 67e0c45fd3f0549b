//! Policies of functions in the store.

use weft_service::{Error, request_id};
use weft_store::WriteTx;

use crate::errors;
use crate::functions::Functions;
use crate::name::FunctionRef;
use crate::permission::PolicyRecord;
use crate::tables::{ALIASES, FUNCTIONS, POLICIES, VERSIONS};
use crate::version::{Qualifier, VersionId};
use crate::versions::read_found;

impl FunctionRef {
    /// The qualifier by which a policy is kept: empty for the function itself.
    pub(crate) fn policy_qualifier(&self) -> &str {
        match self.qualifier.as_deref() {
            Some(qualifier) if self.target() != Qualifier::Version(VersionId::Latest) => qualifier,
            _ => "",
        }
    }
}

impl Functions {
    /// The policy of a function, a version or an alias, where it has one.
    pub(crate) async fn policy(&self, function: &FunctionRef) -> Result<Option<PolicyRecord>, Error> {
        let row = function.key.qualified_row(function.policy_qualifier());
        self.read(move |tx| Ok(POLICIES.get(tx, &row)?)).await
    }

    /// The same with the revision of what it belongs to, which must be there.
    pub(crate) async fn policy_with_revision(
        &self,
        function: &FunctionRef,
    ) -> Result<(Option<PolicyRecord>, String), Error> {
        let function = function.clone();
        self.read(move |tx| {
            let key = &function.key;
            let revision_id = match function.target() {
                Qualifier::Alias(name) => {
                    ALIASES.get(tx, &key.qualified_row(&name))?.map(|alias| alias.revision_id)
                }
                Qualifier::Version(_) => read_found(tx, &function)?.map(|found| found.function.revision_id),
            };
            let revision_id = revision_id.ok_or_else(|| errors::function_not_found(&function.arn()))?;
            let policy = POLICIES.get(tx, &key.qualified_row(function.policy_qualifier()))?;
            Ok((policy, revision_id))
        })
        .await
    }

    /// Changes the policy of a function, a version or an alias, which thereby gets a new revision. A policy without
    /// statements is removed.
    pub(crate) async fn change_policy<T: Send + 'static>(
        &self,
        function: &FunctionRef,
        revision_id: Option<String>,
        change: impl Fn(&mut WriteTx<'_>, &mut PolicyRecord) -> Result<T, Error> + Send + Sync + 'static,
    ) -> Result<T, Error> {
        let function = function.clone();
        self.write(move |tx| {
            next_revision(tx, &function, revision_id.as_deref())?;
            let row = function.key.qualified_row(function.policy_qualifier());
            let mut policy = POLICIES.get(tx, &row)?.unwrap_or_default();
            let changed = change(tx, &mut policy)?;
            if policy.statements.is_empty() {
                POLICIES.remove(tx, &row)?;
            } else {
                POLICIES.insert(tx, &row, &policy)?;
            }
            Ok(changed)
        })
        .await
    }
}

/// Gives what a policy belongs to a new revision, if it still has the one that the caller means.
fn next_revision(tx: &mut WriteTx<'_>, function: &FunctionRef, wanted: Option<&str>) -> Result<(), Error> {
    let key = &function.key;
    let missing = || errors::function_not_found(&function.arn());
    let renew = |revision_id: &mut String| match wanted {
        Some(wanted) if wanted != *revision_id => Err(errors::policy_revision_mismatch()),
        _ => {
            *revision_id = request_id();
            Ok(())
        }
    };
    match function.target() {
        Qualifier::Version(VersionId::Latest) => {
            let mut found = FUNCTIONS.get(tx, &key.row())?.ok_or_else(missing)?;
            found.keep_run_id();
            renew(&mut found.revision_id)?;
            FUNCTIONS.insert(tx, &key.row(), &found)?;
        }
        Qualifier::Version(VersionId::Number(number)) => {
            let row = key.version_row(number);
            let mut found = VERSIONS.get(tx, &row)?.ok_or_else(missing)?;
            found.keep_run_id();
            renew(&mut found.revision_id)?;
            VERSIONS.insert(tx, &row, &found)?;
        }
        Qualifier::Alias(name) => {
            let row = key.qualified_row(&name);
            let mut found = ALIASES.get(tx, &row)?.ok_or_else(missing)?;
            renew(&mut found.revision_id)?;
            ALIASES.insert(tx, &row, &found)?;
        }
    }
    Ok(())
}
