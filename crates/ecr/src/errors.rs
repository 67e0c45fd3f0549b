//! The errors that more than one operation gives, in AWS's words.

use weft_service::Error;

use crate::names::RepoName;

pub(crate) fn invalid(message: impl Into<String>) -> Error {
    Error::new("InvalidParameterException", message).with_status(400)
}

pub(crate) fn no_repository(name: &RepoName) -> Error {
    let RepoName { name, account, .. } = name;
    let message =
        format!("The repository with name '{name}' does not exist in the registry with id '{account}'");
    Error::new("RepositoryNotFoundException", message).with_status(400)
}

pub(crate) fn no_upload(name: &RepoName, id: &str) -> Error {
    let RepoName { name, account, .. } = name;
    let message = format!(
        "An upload with id '{id}' does not exist in the repository with name '{name}' in the registry with id '{account}'"
    );
    Error::new("UploadNotFoundException", message).with_status(400)
}

pub(crate) fn no_layers(name: &RepoName, digest: &str) -> Error {
    let RepoName { name, account, .. } = name;
    let message = format!(
        "The layer with digest '{digest}' does not exist in the repository with name '{name}' in the registry with id '{account}'"
    );
    Error::new("LayersNotFoundException", message).with_status(400)
}
