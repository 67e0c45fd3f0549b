//! The operations, one a file.

use std::sync::Arc;

use weft_service::ServiceBuilder;

use crate::Ecr;

mod batch_check_layer_availability;
mod batch_delete_image;
mod batch_get_image;
mod complete_layer_upload;
mod create_repository;
mod delete_lifecycle_policy;
mod delete_repository;
mod delete_repository_policy;
mod describe_images;
mod describe_registry;
mod describe_repositories;
mod get_authorization_token;
mod get_download_url_for_layer;
mod get_lifecycle_policy;
mod get_repository_policy;
mod initiate_layer_upload;
mod list_images;
mod list_tags_for_resource;
mod page;
mod put_image;
mod put_image_scanning_configuration;
mod put_image_tag_mutability;
mod put_lifecycle_policy;
mod set_repository_policy;
mod tag_resource;
mod untag_resource;
mod upload_layer_part;

/// All of them.
pub(crate) fn register(ecr: &Arc<Ecr>) -> ServiceBuilder {
    ServiceBuilder::new(&weft_model::ecr::SERVICE)
        .tags(Arc::<Ecr>::clone(ecr))
        .operation::<batch_check_layer_availability::BatchCheckLayerAvailability>(ecr)
        .operation::<batch_delete_image::BatchDeleteImage>(ecr)
        .operation::<batch_get_image::BatchGetImage>(ecr)
        .operation::<complete_layer_upload::CompleteLayerUpload>(ecr)
        .operation::<create_repository::CreateRepository>(ecr)
        .operation::<delete_lifecycle_policy::DeleteLifecyclePolicy>(ecr)
        .operation::<delete_repository::DeleteRepository>(ecr)
        .operation::<delete_repository_policy::DeleteRepositoryPolicy>(ecr)
        .operation::<describe_images::DescribeImages>(ecr)
        .operation::<describe_registry::DescribeRegistry>(ecr)
        .operation::<describe_repositories::DescribeRepositories>(ecr)
        .operation::<get_authorization_token::GetAuthorizationToken>(ecr)
        .operation::<get_download_url_for_layer::GetDownloadUrlForLayer>(ecr)
        .operation::<get_lifecycle_policy::GetLifecyclePolicy>(ecr)
        .operation::<get_repository_policy::GetRepositoryPolicy>(ecr)
        .operation::<initiate_layer_upload::InitiateLayerUpload>(ecr)
        .operation::<list_images::ListImages>(ecr)
        .operation::<list_tags_for_resource::ListTagsForResource>(ecr)
        .operation::<put_image::PutImage>(ecr)
        .operation::<put_image_scanning_configuration::PutImageScanningConfiguration>(ecr)
        .operation::<put_image_tag_mutability::PutImageTagMutability>(ecr)
        .operation::<put_lifecycle_policy::PutLifecyclePolicy>(ecr)
        .operation::<set_repository_policy::SetRepositoryPolicy>(ecr)
        .operation::<tag_resource::TagResource>(ecr)
        .operation::<untag_resource::UntagResource>(ecr)
        .operation::<upload_layer_part::UploadLayerPart>(ecr)
}
