//! One file per operation.

use std::sync::Arc;

use weft_service::ServiceBuilder;

use crate::S3;

mod abort_multipart_upload;
mod complete_multipart_upload;
mod copy_object;
mod create_bucket;
mod create_multipart_upload;
mod delete_bucket;
mod delete_bucket_cors;
mod delete_bucket_encryption;
mod delete_bucket_lifecycle;
mod delete_bucket_ownership_controls;
mod delete_bucket_policy;
mod delete_bucket_tagging;
mod delete_bucket_website;
mod delete_object;
mod delete_object_tagging;
mod delete_objects;
mod delete_public_access_block;
mod get_bucket_accelerate_configuration;
mod get_bucket_acl;
mod get_bucket_cors;
mod get_bucket_encryption;
mod get_bucket_lifecycle_configuration;
mod get_bucket_location;
mod get_bucket_logging;
mod get_bucket_notification_configuration;
mod get_bucket_ownership_controls;
mod get_bucket_policy;
mod get_bucket_policy_status;
mod get_bucket_replication;
mod get_bucket_request_payment;
mod get_bucket_tagging;
mod get_bucket_versioning;
mod get_bucket_website;
mod get_object;
mod get_object_acl;
mod get_object_attributes;
mod get_object_legal_hold;
mod get_object_lock_configuration;
mod get_object_retention;
mod get_object_tagging;
mod get_public_access_block;
mod head_bucket;
mod head_object;
mod list_buckets;
mod list_multipart_uploads;
mod list_object_versions;
mod list_objects;
mod list_objects_v2;
mod list_parts;
mod put_bucket_accelerate_configuration;
mod put_bucket_acl;
mod put_bucket_cors;
mod put_bucket_encryption;
mod put_bucket_lifecycle_configuration;
mod put_bucket_logging;
mod put_bucket_notification_configuration;
mod put_bucket_ownership_controls;
mod put_bucket_policy;
mod put_bucket_request_payment;
mod put_bucket_tagging;
mod put_bucket_versioning;
mod put_bucket_website;
mod put_object;
mod put_object_acl;
mod put_object_legal_hold;
mod put_object_lock_configuration;
mod put_object_retention;
mod put_object_tagging;
mod put_public_access_block;
mod upload_part;
mod upload_part_copy;

/// The operations that have code.
pub(crate) fn register(s3: &Arc<S3>) -> ServiceBuilder {
    ServiceBuilder::new(&weft_model::s3::SERVICE)
        .operation::<abort_multipart_upload::AbortMultipartUpload>(s3)
        .operation::<complete_multipart_upload::CompleteMultipartUpload>(s3)
        .operation::<copy_object::CopyObject>(s3)
        .operation::<create_bucket::CreateBucket>(s3)
        .operation::<create_multipart_upload::CreateMultipartUpload>(s3)
        .operation::<delete_bucket::DeleteBucket>(s3)
        .operation::<delete_bucket_cors::DeleteBucketCors>(s3)
        .operation::<delete_bucket_encryption::DeleteBucketEncryption>(s3)
        .operation::<delete_bucket_lifecycle::DeleteBucketLifecycle>(s3)
        .operation::<delete_bucket_ownership_controls::DeleteBucketOwnershipControls>(s3)
        .operation::<delete_bucket_policy::DeleteBucketPolicy>(s3)
        .operation::<delete_bucket_tagging::DeleteBucketTagging>(s3)
        .operation::<delete_bucket_website::DeleteBucketWebsite>(s3)
        .operation::<delete_object::DeleteObject>(s3)
        .operation::<delete_object_tagging::DeleteObjectTagging>(s3)
        .operation::<delete_objects::DeleteObjects>(s3)
        .operation::<delete_public_access_block::DeletePublicAccessBlock>(s3)
        .operation::<get_bucket_accelerate_configuration::GetBucketAccelerateConfiguration>(s3)
        .operation::<get_bucket_acl::GetBucketAcl>(s3)
        .operation::<get_bucket_cors::GetBucketCors>(s3)
        .operation::<get_bucket_encryption::GetBucketEncryption>(s3)
        .operation::<get_bucket_lifecycle_configuration::GetBucketLifecycleConfiguration>(s3)
        .operation::<get_bucket_location::GetBucketLocation>(s3)
        .operation::<get_bucket_logging::GetBucketLogging>(s3)
        .operation::<get_bucket_notification_configuration::GetBucketNotificationConfiguration>(s3)
        .operation::<get_bucket_ownership_controls::GetBucketOwnershipControls>(s3)
        .operation::<get_bucket_policy::GetBucketPolicy>(s3)
        .operation::<get_bucket_policy_status::GetBucketPolicyStatus>(s3)
        .operation::<get_bucket_replication::GetBucketReplication>(s3)
        .operation::<get_bucket_request_payment::GetBucketRequestPayment>(s3)
        .operation::<get_bucket_tagging::GetBucketTagging>(s3)
        .operation::<get_bucket_versioning::GetBucketVersioning>(s3)
        .operation::<get_bucket_website::GetBucketWebsite>(s3)
        .body_operation::<get_object::GetObject>(s3)
        .operation::<get_object_acl::GetObjectAcl>(s3)
        .operation::<get_object_attributes::GetObjectAttributes>(s3)
        .operation::<get_object_legal_hold::GetObjectLegalHold>(s3)
        .operation::<get_object_lock_configuration::GetObjectLockConfiguration>(s3)
        .operation::<get_object_retention::GetObjectRetention>(s3)
        .operation::<get_object_tagging::GetObjectTagging>(s3)
        .operation::<get_public_access_block::GetPublicAccessBlock>(s3)
        .operation::<head_bucket::HeadBucket>(s3)
        .operation::<head_object::HeadObject>(s3)
        .operation::<list_buckets::ListBuckets>(s3)
        .operation::<list_multipart_uploads::ListMultipartUploads>(s3)
        .operation::<list_object_versions::ListObjectVersions>(s3)
        .operation::<list_objects::ListObjects>(s3)
        .operation::<list_objects_v2::ListObjectsV2>(s3)
        .operation::<list_parts::ListParts>(s3)
        .operation::<put_bucket_accelerate_configuration::PutBucketAccelerateConfiguration>(s3)
        .operation::<put_bucket_acl::PutBucketAcl>(s3)
        .operation::<put_bucket_cors::PutBucketCors>(s3)
        .operation::<put_bucket_encryption::PutBucketEncryption>(s3)
        .operation::<put_bucket_lifecycle_configuration::PutBucketLifecycleConfiguration>(s3)
        .operation::<put_bucket_logging::PutBucketLogging>(s3)
        .operation::<put_bucket_notification_configuration::PutBucketNotificationConfiguration>(s3)
        .operation::<put_bucket_ownership_controls::PutBucketOwnershipControls>(s3)
        .operation::<put_bucket_policy::PutBucketPolicy>(s3)
        .operation::<put_bucket_request_payment::PutBucketRequestPayment>(s3)
        .operation::<put_bucket_tagging::PutBucketTagging>(s3)
        .operation::<put_bucket_versioning::PutBucketVersioning>(s3)
        .operation::<put_bucket_website::PutBucketWebsite>(s3)
        .body_operation::<put_object::PutObject>(s3)
        .operation::<put_object_acl::PutObjectAcl>(s3)
        .operation::<put_object_legal_hold::PutObjectLegalHold>(s3)
        .operation::<put_object_lock_configuration::PutObjectLockConfiguration>(s3)
        .operation::<put_object_retention::PutObjectRetention>(s3)
        .operation::<put_object_tagging::PutObjectTagging>(s3)
        .operation::<put_public_access_block::PutPublicAccessBlock>(s3)
        .body_operation::<upload_part::UploadPart>(s3)
        .operation::<upload_part_copy::UploadPartCopy>(s3)
}
