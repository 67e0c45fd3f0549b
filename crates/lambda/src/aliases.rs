//! Aliases in the store.

use weft_service::{Error, Once, request_id};
use weft_store::{Read, WriteTx};

use crate::alias::{Alias, Second, check_pair};
use crate::belongings::drop_of_qualifier;
use crate::change::Change;
use crate::errors;
use crate::functions::Functions;
use crate::name::{FunctionKey, FunctionRef};
use crate::tables::{ALIASES, FUNCTIONS, VERSIONS};
use crate::version::VersionId;

/// What an alias is given, or what changes of it.
#[derive(Debug, Default)]
pub(crate) struct AliasChange {
    pub(crate) version: Option<VersionId>,
    pub(crate) description: Option<String>,
    pub(crate) second: Change<Second>,
    /// The revision that the caller means to change, where it says one.
    pub(crate) revision_id: Option<String>,
}

impl AliasChange {
    fn apply(&self, alias: &mut Alias) -> Result<(), Error> {
        if let Some(version) = self.version {
            alias.version = version;
        }
        self.second.apply(&mut alias.second);
        if let Some(description) = &self.description {
            alias.description.clone_from(description);
        }
        alias.revision_id = request_id();
        check_pair(alias.version, alias.second)
    }
}

impl Functions {
    /// Adds an alias that is not there.
    pub(crate) async fn create_alias(
        &self,
        key: &FunctionKey,
        name: &str,
        version: VersionId,
        change: AliasChange,
        once: Once,
    ) -> Result<Alias, Error> {
        let (key, name) = (key.clone(), name.to_owned());
        self.write(move |tx| {
            require_function(tx, &key)?;
            let row = key.qualified_row(&name);
            let find = |tx: &WriteTx<'_>, _: &str| Ok(ALIASES.get(tx, &row)?);
            once.make(tx, find, |tx| {
                if ALIASES.get(tx, &row)?.is_some() {
                    let message = format!("Alias already exists: {}", key.qualified_arn(&name));
                    return Err(Error::new("ResourceConflictException", message).with_status(409));
                }
                let empty = String::new;
                let mut alias = Alias { version, second: None, description: empty(), revision_id: empty() };
                change.apply(&mut alias)?;
                require_versions(tx, &key, &alias)?;
                ALIASES.insert(tx, &row, &alias)?;
                Ok((name.clone(), alias))
            })
        })
        .await
    }

    /// Changes an alias.
    pub(crate) async fn update_alias(
        &self,
        key: &FunctionKey,
        name: &str,
        change: AliasChange,
    ) -> Result<Alias, Error> {
        let (key, name) = (key.clone(), name.to_owned());
        self.write(move |tx| {
            require_function(tx, &key)?;
            let row = key.qualified_row(&name);
            let Some(mut alias) = ALIASES.get(tx, &row)? else {
                return Err(errors::not_found(format!("Alias not found: {}", key.qualified_arn(&name))));
            };
            if change.revision_id.as_ref().is_some_and(|wanted| *wanted != alias.revision_id) {
                return Err(errors::revision_mismatch());
            }
            change.apply(&mut alias)?;
            require_versions(tx, &key, &alias)?;
            ALIASES.insert(tx, &row, &alias)?;
            Ok(alias)
        })
        .await
    }

    /// Removes an alias, where it is there, with what belongs to it.
    pub(crate) async fn remove_alias(&self, key: &FunctionKey, name: &str) -> Result<(), Error> {
        let row = key.qualified_row(name);
        let (key, name) = (key.clone(), name.to_owned());
        self.write(move |tx| {
            let Some(function) = FUNCTIONS.get(tx, &key.row())? else {
                return Err(errors::function_not_found(&key.arn()));
            };
            ALIASES.remove(tx, &row)?;
            drop_of_qualifier(tx, &key, &name, &function.whole)
        })
        .await
    }

    /// An alias, where it is there.
    pub(crate) async fn alias(&self, key: &FunctionKey, name: &str) -> Result<Option<Alias>, Error> {
        let row = key.qualified_row(name);
        self.read(move |tx| Ok(ALIASES.get(tx, &row)?)).await
    }

    /// At most `limit` aliases by name, of one version where one is given, and whether there are more.
    pub(crate) async fn list_aliases(
        &self,
        key: &FunctionKey,
        version: Option<VersionId>,
        after: Option<String>,
        limit: usize,
    ) -> Result<(Vec<(String, Alias)>, bool), Error> {
        let key = key.clone();
        self.read(move |tx| {
            require_function(tx, &key)?;
            let after = after.as_deref().unwrap_or_default();
            // Where one version is asked for, all are looked at.
            let most = if version.is_none() { limit + 1 } else { usize::MAX };
            let query = ALIASES.query(&key.row()).after(&key.qualified_row(after)).limit(most);
            let rows = query.rows(tx)?;
            let wanted = |alias: &Alias| version.is_none_or(|version| alias.versions().any(|v| v == version));
            let rows = rows.into_iter().filter(|(_, alias)| wanted(alias));
            let mut aliases: Vec<_> = rows.map(|((.., name), alias)| (name, alias)).take(limit + 1).collect();
            let more = aliases.len() > limit;
            aliases.truncate(limit);
            Ok((aliases, more))
        })
        .await
    }
}

/// Fails with AWS's error unless the function is there.
pub(crate) fn require_function(tx: &impl Read, key: &FunctionKey) -> Result<(), Error> {
    match FUNCTIONS.get(tx, &key.row())? {
        Some(_) => Ok(()),
        None => Err(errors::function_not_found(&key.arn())),
    }
}

fn require_versions(tx: &impl Read, key: &FunctionKey, alias: &Alias) -> Result<(), Error> {
    for version in alias.versions() {
        if let VersionId::Number(number) = version
            && VERSIONS.get(tx, &key.version_row(number))?.is_none()
        {
            let function = FunctionRef { key: key.clone(), qualifier: None }.at(version);
            return Err(errors::function_not_found(&function.arn()));
        }
    }
    Ok(())
}
