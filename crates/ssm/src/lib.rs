//! Parameter Store: the parameters of Systems Manager, with their versions, labels and tags.
//!
//! [`Ssm`] holds parameters in a store of its own; a parameter is one row, and so is each of its versions, so that a write costs the
//! same however many there are. Values of type `SecureString` are sealed with a key from another store, so that the parameters' files
//! alone do not tell them.
//!
//! Invariants: a version's value never changes; two names that differ only in a leading slash, and so have one ARN, are never there
//! at the same time; a sealed value opens only as the parameter and version that it was sealed for; a page reads a bounded number of
//! rows, and its token goes on where it ended.
//!
//! The crate deliberately does not know instances, documents, or any other part of Systems Manager, and no parameters under `/aws/`.
//! Source of the rules: <https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-parameter-name-constraints.html> and the
//! API reference of each operation.

mod change;
mod errors;
mod filters;
mod names;
mod ops;
mod page;
mod seal;
mod select;
mod shown;
mod tables;
mod tags;
#[cfg(test)]
mod tests;
mod value;

use std::sync::Arc;

use weft_service::{Error, ServiceBuilder};
use weft_store::{ReadTx, Store, WriteTx};

use crate::seal::Seal;

/// Settings of [`Ssm`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SsmOptions {
    /// Parameters of the standard tier that an account may have in a region. Default 10,000, which is AWS's quota.
    pub standard_max: u64,
    /// Parameters of the advanced tier that an account may have in a region. Default 100,000, which is AWS's quota.
    pub advanced_max: u64,
}

impl Default for SsmOptions {
    fn default() -> Self {
        Self { standard_max: 10_000, advanced_max: 100_000 }
    }
}

/// The service's state.
pub struct Ssm {
    store: Store,
    seal: Arc<Seal>,
    options: SsmOptions,
}

impl Ssm {
    /// Opens the service on a store that nothing else uses. The key of `SecureString` values is in `keys`, where it is made at the
    /// first start; without that store's data these values are lost.
    pub async fn open(store: Store, keys: &Store, options: SsmOptions) -> Result<Arc<Self>, Error> {
        let seal = Arc::new(keys.write(seal::load_or_make).await?);
        Ok(Arc::new(Self { store, seal, options }))
    }

    /// The operations.
    pub fn register(self: &Arc<Self>) -> ServiceBuilder {
        ServiceBuilder::new(&weft_model::ssm::SERVICE)
            .tags(Arc::<Self>::clone(self))
            .operation::<ops::add_tags_to_resource::AddTagsToResource>(self)
            .operation::<ops::delete_parameter::DeleteParameter>(self)
            .operation::<ops::delete_parameters::DeleteParameters>(self)
            .operation::<ops::describe_parameters::DescribeParameters>(self)
            .operation::<ops::get_parameter::GetParameter>(self)
            .operation::<ops::get_parameter_history::GetParameterHistory>(self)
            .operation::<ops::get_parameters::GetParameters>(self)
            .operation::<ops::get_parameters_by_path::GetParametersByPath>(self)
            .operation::<ops::label_parameter_version::LabelParameterVersion>(self)
            .operation::<ops::list_tags_for_resource::ListTagsForResource>(self)
            .operation::<ops::put_parameter::PutParameter>(self)
            .operation::<ops::remove_tags_from_resource::RemoveTagsFromResource>(self)
            .operation::<ops::unlabel_parameter_version::UnlabelParameterVersion>(self)
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&ReadTx<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.store.read(work).await
    }

    async fn write<T: Send + 'static>(
        &self,
        work: impl Fn(&mut WriteTx<'_>) -> Result<T, Error> + Send + Sync + 'static,
    ) -> Result<T, Error> {
        self.store.write(work).await
    }
}
