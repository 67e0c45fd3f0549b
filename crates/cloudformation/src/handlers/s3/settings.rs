//! What a bucket's properties are called in S3's operations.

use serde_json::{Map, Value as Json, json};

use crate::convert;
use crate::handlers::s3::lifecycle;
use crate::task::Task;

/// A property that is set by an operation of its own.
pub(super) struct Setting {
    pub(super) property: &'static str,
    pub(super) put: &'static str,
    /// The operation's input but for the bucket.
    pub(super) input: fn(&Task<'_>, &Json) -> Json,
    /// What is called where the property is not there any more.
    pub(super) reset: &'static str,
    /// The input of that, but for the bucket.
    pub(super) none: fn() -> Json,
}

/// In the order in which they are set: who owns objects decides which ACLs there can be.
pub(super) const SETTINGS: [Setting; 12] = [
    Setting {
        property: "OwnershipControls",
        put: "PutBucketOwnershipControls",
        input: |_, value| json!({"OwnershipControls": value}),
        reset: "DeleteBucketOwnershipControls",
        none: nothing,
    },
    Setting {
        property: "PublicAccessBlockConfiguration",
        put: "PutPublicAccessBlock",
        input: |_, value| json!({"PublicAccessBlockConfiguration": value}),
        reset: "DeletePublicAccessBlock",
        none: nothing,
    },
    Setting {
        property: "AccessControl",
        put: "PutBucketAcl",
        input: |_, value| json!({"ACL": canned_acl(&convert::text(value))}),
        reset: "PutBucketAcl",
        none: || json!({"ACL": "private"}),
    },
    Setting {
        property: "BucketEncryption",
        put: "PutBucketEncryption",
        input: |_, value| json!({"ServerSideEncryptionConfiguration": encryption(value)}),
        reset: "DeleteBucketEncryption",
        none: nothing,
    },
    Setting {
        property: "VersioningConfiguration",
        put: "PutBucketVersioning",
        input: |_, value| json!({"VersioningConfiguration": value}),
        reset: "PutBucketVersioning",
        none: || json!({"VersioningConfiguration": {"Status": "Suspended"}}),
    },
    Setting {
        property: "ObjectLockConfiguration",
        put: "PutObjectLockConfiguration",
        input: |_, value| json!({"ObjectLockConfiguration": value}),
        reset: "PutObjectLockConfiguration",
        none: || json!({"ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled"}}),
    },
    Setting {
        property: "LifecycleConfiguration",
        put: "PutBucketLifecycleConfiguration",
        input: |_, value| lifecycle::input(value),
        reset: "DeleteBucketLifecycle",
        none: nothing,
    },
    Setting {
        property: "CorsConfiguration",
        put: "PutBucketCors",
        input: |_, value| json!({"CORSConfiguration": {"CORSRules": each(&value["CorsRules"], cors_rule)}}),
        reset: "DeleteBucketCors",
        none: nothing,
    },
    Setting {
        property: "WebsiteConfiguration",
        put: "PutBucketWebsite",
        input: |_, value| json!({"WebsiteConfiguration": website(value)}),
        reset: "DeleteBucketWebsite",
        none: nothing,
    },
    Setting {
        property: "LoggingConfiguration",
        put: "PutBucketLogging",
        input: |task, value| json!({"BucketLoggingStatus": {"LoggingEnabled": logging(task, value)}}),
        reset: "PutBucketLogging",
        none: || json!({"BucketLoggingStatus": {}}),
    },
    Setting {
        property: "AccelerateConfiguration",
        put: "PutBucketAccelerateConfiguration",
        input: |_, value| json!({"AccelerateConfiguration": {"Status": value["AccelerationStatus"]}}),
        reset: "PutBucketAccelerateConfiguration",
        none: || json!({"AccelerateConfiguration": {"Status": "Suspended"}}),
    },
    Setting {
        property: "NotificationConfiguration",
        put: "PutBucketNotificationConfiguration",
        input: |_, value| json!({"NotificationConfiguration": notification(value)}),
        reset: "PutBucketNotificationConfiguration",
        none: || json!({"NotificationConfiguration": {}}),
    },
];

fn nothing() -> Json {
    json!({})
}

/// `PublicReadWrite` is `public-read-write` in requests.
fn canned_acl(name: &str) -> String {
    let mut canned = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !canned.is_empty() {
            canned.push('-');
        }
        canned.push(letter.to_ascii_lowercase());
    }
    canned
}

fn encryption(value: &Json) -> Json {
    let rule = |rule: &Json| {
        renamed(rule, &[("ServerSideEncryptionByDefault", "ApplyServerSideEncryptionByDefault")])
    };
    json!({"Rules": each(&value["ServerSideEncryptionConfiguration"], rule)})
}

fn cors_rule(rule: &Json) -> Json {
    renamed(rule, &[("ExposedHeaders", "ExposeHeaders"), ("MaxAge", "MaxAgeSeconds")])
}

fn website(value: &Json) -> Json {
    let mut input = json!({"RedirectAllRequestsTo": value["RedirectAllRequestsTo"]});
    if !value["IndexDocument"].is_null() {
        input["IndexDocument"] = json!({"Suffix": value["IndexDocument"]});
    }
    if !value["ErrorDocument"].is_null() {
        input["ErrorDocument"] = json!({"Key": value["ErrorDocument"]});
    }
    if value["RoutingRules"].is_array() {
        let names = [("RedirectRule", "Redirect"), ("RoutingRuleCondition", "Condition")];
        input["RoutingRules"] = each(&value["RoutingRules"], |rule| renamed(rule, &names));
    }
    input
}

fn logging(task: &Task<'_>, value: &Json) -> Json {
    let own = || task.text("BucketName").or_else(|| task.physical_id.map(str::to_owned)).into();
    let target =
        Some(value["DestinationBucketName"].clone()).filter(|name| !name.is_null()).unwrap_or_else(own);
    let prefix = value["LogFilePrefix"].as_str().unwrap_or_default();
    json!({"TargetBucket": target, "TargetPrefix": prefix, "TargetObjectKeyFormat": value["TargetObjectKeyFormat"]})
}

fn notification(value: &Json) -> Json {
    let mut input = json!({});
    for (list, api, target, arn) in [
        ("LambdaConfigurations", "LambdaFunctionConfigurations", "Function", "LambdaFunctionArn"),
        ("QueueConfigurations", "QueueConfigurations", "Queue", "QueueArn"),
        ("TopicConfigurations", "TopicConfigurations", "Topic", "TopicArn"),
    ] {
        if value[list].is_array() {
            input[api] = each(&value[list], |item| {
                let mut one = json!({arn: item[target], "Events": [item["Event"]]});
                if let Some(rules) = item.pointer("/Filter/S3Key/Rules") {
                    one["Filter"] = json!({"Key": {"FilterRules": rules}});
                }
                one
            });
        }
    }
    let bridge = &value["EventBridgeConfiguration"];
    let is_off = convert::text(&bridge["EventBridgeEnabled"]).eq_ignore_ascii_case("false");
    if bridge.is_object() && !is_off {
        input["EventBridgeConfiguration"] = json!({});
    }
    input
}

/// A list with each item changed.
pub(super) fn each(list: &Json, change: impl Fn(&Json) -> Json) -> Json {
    list.as_array().into_iter().flatten().map(change).collect()
}

/// An object whose members have other names.
pub(super) fn renamed(value: &Json, names: &[(&str, &str)]) -> Json {
    let fields = value.as_object().into_iter().flatten().map(|(name, value)| {
        let other = names.iter().find(|(ours, _)| ours == name);
        (other.map_or(name.as_str(), |(_, theirs)| theirs).to_owned(), value.clone())
    });
    fields.collect::<Map<_, _>>().into()
}
