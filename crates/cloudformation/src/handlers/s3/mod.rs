//! Buckets and their policies.

mod lifecycle;
mod settings;

use serde_json::json;

use crate::convert;
use crate::handlers::Handlers;
use crate::handlers::s3::settings::{SETTINGS, Setting};
use crate::task::{Failure, Handler, Made, Outcome, Task};

/// Letters of a bucket's name.
const NAME_MAX: usize = 63;
/// Properties that ask for what Weft does not do.
const REFUSED: [&str; 10] = [
    "AbacStatus",
    "AnalyticsConfigurations",
    "BucketNamePrefix",
    "BucketNamespace",
    "IntelligentTieringConfigurations",
    "InventoryConfigurations",
    "MetadataConfiguration",
    "MetadataTableConfiguration",
    "MetricsConfigurations",
    "ReplicationConfiguration",
];
/// Regions whose website hosts have a hyphen before the region; the others have a dot.
/// Source: <https://docs.aws.amazon.com/general/latest/gr/s3.html#s3_website_region_endpoints>.
const HYPHENATED: [&str; 9] = [
    "us-east-1",
    "us-west-1",
    "us-west-2",
    "us-gov-west-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ap-northeast-1",
    "eu-west-1",
    "sa-east-1",
];

pub(super) fn add(all: &mut Handlers) {
    all.add("AWS::S3::Bucket", Bucket);
    all.add("AWS::S3::BucketPolicy", BucketPolicy);
}

/// `AWS::S3::Bucket`.
struct Bucket;

impl Bucket {
    fn made(task: &Task<'_>, name: &str) -> Made {
        let (region, suffix) = (task.stack.region.as_str(), task.service.url_suffix());
        let before = if HYPHENATED.contains(&region) { '-' } else { '.' };
        Made::of(name)
            .with("Arn", format!("arn:aws:s3:::{name}"))
            .with("DomainName", format!("{name}.s3.{suffix}"))
            .with("RegionalDomainName", format!("{name}.s3.{region}.{suffix}"))
            .with("DualStackDomainName", format!("{name}.s3.dualstack.{region}.{suffix}"))
            .with("WebsiteURL", format!("http://{name}.s3-website{before}{region}.{suffix}"))
    }

    fn require_known(task: &Task<'_>) -> Result<(), Failure> {
        let Some(property) = REFUSED.iter().find(|property| task.get(property).is_some()) else {
            return Ok(());
        };
        Err(Failure::new(format!("{property} of AWS::S3::Bucket is not implemented by this version of Weft")))
    }

    /// Brings a setting to what the template says; one that it says no more is reset.
    async fn set(task: &Task<'_>, name: &str, setting: &Setting) -> Result<(), Failure> {
        if let Some(value) = task.get(setting.property) {
            let mut input = (setting.input)(task, value);
            input["Bucket"] = name.into();
            task.make("s3", setting.put, input).await?;
        } else if task.previous.is_some() {
            let mut input = (setting.none)();
            input["Bucket"] = name.into();
            task.remove("s3", setting.reset, input).await?;
        }
        Ok(())
    }

    async fn set_all(task: &Task<'_>, name: &str) -> Result<(), Failure> {
        // A new bucket is private, and one without ACLs does not take one that says so.
        let is_private = task.previous.is_none() && task.text("AccessControl").as_deref() == Some("Private");
        let wanted = |setting: &&Setting| {
            task.changed(setting.property) && !(is_private && setting.property == "AccessControl")
        };
        for setting in SETTINGS.iter().filter(wanted) {
            Self::set(task, name, setting).await?;
        }
        if task.changed("Tags") {
            let tags = task.tag_list();
            if tags.as_array().is_some_and(|tags| !tags.is_empty()) {
                let input = json!({"Bucket": name, "Tagging": {"TagSet": tags}});
                task.make("s3", "PutBucketTagging", input).await?;
            } else if task.previous.is_some() {
                task.remove("s3", "DeleteBucketTagging", json!({"Bucket": name})).await?;
            }
        }
        Ok(())
    }

    async fn create(task: &Task<'_>) -> Result<Made, Failure> {
        Self::require_known(task)?;
        let name = match task.text("BucketName").filter(|name| !name.is_empty()) {
            Some(name) => name,
            None => task.generated(NAME_MAX).to_ascii_lowercase(),
        };
        let mut input = json!({"Bucket": name});
        if task.stack.region != "us-east-1" {
            input["CreateBucketConfiguration"] = json!({"LocationConstraint": task.stack.region});
        }
        if let Some(enabled) = task.get("ObjectLockEnabled") {
            input["ObjectLockEnabledForBucket"] = enabled.clone();
        }
        task.make("s3", "CreateBucket", input).await?;
        Self::set_all(task, &name).await.map_err(|failure| failure.leaving(&name))?;
        Ok(Self::made(task, &name))
    }

    async fn update(task: &Task<'_>) -> Result<Made, Failure> {
        Self::require_known(task)?;
        let name = task.physical();
        let enabled =
            task.text("ObjectLockEnabled").is_some_and(|enabled| enabled.eq_ignore_ascii_case("true"));
        if enabled && task.changed("ObjectLockEnabled") && task.get("ObjectLockConfiguration").is_none() {
            let input = json!({"Bucket": name, "ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled"}});
            task.make("s3", "PutObjectLockConfiguration", input).await?;
        }
        Self::set_all(task, name).await?;
        Ok(Self::made(task, name))
    }
}

impl Handler for Bucket {
    fn create<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(Self::create(task))
    }

    fn update<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(Self::update(task))
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, ()> {
        Box::pin(async move { task.remove("s3", "DeleteBucket", json!({"Bucket": task.physical()})).await })
    }
}

/// `AWS::S3::BucketPolicy`.
struct BucketPolicy;

impl BucketPolicy {
    async fn put(task: &Task<'_>) -> Result<Made, Failure> {
        let bucket = task.text("Bucket").unwrap_or_default();
        let policy = task.get("PolicyDocument").map(convert::text);
        task.make("s3", "PutBucketPolicy", json!({"Bucket": bucket, "Policy": policy})).await?;
        Ok(Made::of(bucket))
    }
}

impl Handler for BucketPolicy {
    fn create<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(Self::put(task))
    }

    fn update<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(Self::put(task))
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, ()> {
        Box::pin(
            async move { task.remove("s3", "DeleteBucketPolicy", json!({"Bucket": task.physical()})).await },
        )
    }
}
