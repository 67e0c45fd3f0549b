//! Logs: groups, streams, subscription filters, resource policies.

use serde_json::{Value as Json, json};

use crate::handlers::Handlers;
use crate::handlers::parts::{refuse, tags_gone};
use crate::task::{Failure, Handler, Made, Outcome, Task};

pub(super) fn add(all: &mut Handlers) {
    all.add("AWS::Logs::LogGroup", LogGroup);
    all.add("AWS::Logs::LogStream", LogStream);
    all.add("AWS::Logs::ResourcePolicy", ResourcePolicy);
    all.add("AWS::Logs::SubscriptionFilter", SubscriptionFilter);
}

/// Settings of log groups that Weft has not.
const UNBUILT: [&str; 5] = [
    "KmsKeyId",
    "DataProtectionPolicy",
    "FieldIndexPolicies",
    "ResourcePolicyDocument",
    "BearerTokenAuthenticationEnabled",
];

/// `AWS::Logs::LogGroup`.
struct LogGroup;

impl LogGroup {
    fn made(task: &Task<'_>, name: &str) -> Made {
        Made::of(name).with("Arn", format!("{}:*", Self::arn(task, name)))
    }

    fn arn(task: &Task<'_>, name: &str) -> String {
        format!("arn:aws:logs:{}:{}:log-group:{name}", task.stack.region, task.stack.account)
    }

    /// Tags and deletion protection, where an update changes them.
    async fn change(task: &Task<'_>, name: &str) -> Result<(), Failure> {
        if task.changed("DeletionProtectionEnabled") {
            let protected = task.get("DeletionProtectionEnabled").cloned().unwrap_or_else(|| json!(false));
            let input = json!({"LogGroupIdentifier": name, "DeletionProtectionEnabled": protected});
            task.make("logs", "PutLogGroupDeletionProtection", input).await?;
        }
        if !task.changed("Tags") {
            return Ok(());
        }
        let (arn, gone) = (Self::arn(task, name), tags_gone(task));
        if !gone.is_empty() {
            task.make("logs", "UntagResource", json!({"ResourceArn": arn, "TagKeys": gone})).await?;
        }
        if !task.tags().is_empty() {
            task.make("logs", "TagResource", json!({"ResourceArn": arn, "Tags": task.tag_map()})).await?;
        }
        Ok(())
    }

    async fn retention(task: &Task<'_>, name: &str) -> Result<(), Failure> {
        match task.get("RetentionInDays") {
            Some(days) => {
                let input = json!({"LogGroupName": name, "RetentionInDays": days});
                task.make("logs", "PutRetentionPolicy", input).await?;
            }
            None if task.previous.is_some() => {
                task.remove("logs", "DeleteRetentionPolicy", json!({"LogGroupName": name})).await?;
            }
            None => {}
        }
        Ok(())
    }
}

impl Handler for LogGroup {
    fn create<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(async move {
            refuse(task, &UNBUILT)?;
            let name = task.name("LogGroupName", 512);
            let tags = task.tags();
            let mut input = Json::Object(task.pick(&["LogGroupClass", "DeletionProtectionEnabled"]));
            input["LogGroupName"] = json!(name);
            if !tags.is_empty() {
                input["Tags"] = task.tag_map();
            }
            task.make("logs", "CreateLogGroup", input).await?;
            Self::retention(task, &name).await.map_err(|failure| failure.leaving(&name))?;
            Ok(Self::made(task, &name))
        })
    }

    fn update<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(async move {
            refuse(task, &UNBUILT)?;
            let name = task.physical();
            if task.changed("LogGroupClass") {
                return Err(Failure::new("The class of a log group cannot be changed."));
            }
            if task.changed("RetentionInDays") {
                Self::retention(task, name).await?;
            }
            Self::change(task, name).await?;
            Ok(Self::made(task, name))
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, ()> {
        Box::pin(async move {
            task.remove("logs", "DeleteLogGroup", json!({"LogGroupName": task.physical()})).await
        })
    }
}

/// `AWS::Logs::LogStream`: `Ref` is its name.
struct LogStream;

impl Handler for LogStream {
    fn create<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(async move {
            let name = task.name("LogStreamName", 512);
            let input = json!({"LogGroupName": task.get("LogGroupName"), "LogStreamName": name});
            task.make("logs", "CreateLogStream", input).await?;
            Ok(Made::of(name))
        })
    }

    fn update<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(async move { Ok(task.same()) })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, ()> {
        Box::pin(async move {
            let input = json!({"LogGroupName": task.get("LogGroupName"), "LogStreamName": task.physical()});
            task.remove("logs", "DeleteLogStream", input).await
        })
    }
}

/// `AWS::Logs::SubscriptionFilter`: `Ref` is its name.
struct SubscriptionFilter;

impl SubscriptionFilter {
    async fn put(task: &Task<'_>, name: String) -> Result<Made, Failure> {
        let mut input = task.but(&["FilterName"]);
        input.insert("FilterName".to_owned(), json!(name));
        task.make("logs", "PutSubscriptionFilter", input).await?;
        Ok(Made::of(name))
    }
}

impl Handler for SubscriptionFilter {
    fn create<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(Self::put(task, task.name("FilterName", 512)))
    }

    fn update<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(Self::put(task, task.physical().to_owned()))
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, ()> {
        Box::pin(async move {
            let input = json!({"LogGroupName": task.get("LogGroupName"), "FilterName": task.physical()});
            task.remove("logs", "DeleteSubscriptionFilter", input).await
        })
    }
}

/// `AWS::Logs::ResourcePolicy`: `Ref` is its name.
struct ResourcePolicy;

impl ResourcePolicy {
    async fn put(task: &Task<'_>) -> Result<Made, Failure> {
        task.make("logs", "PutResourcePolicy", task.but(&[])).await?;
        Ok(Made::of(task.text("PolicyName").unwrap_or_default()))
    }
}

impl Handler for ResourcePolicy {
    fn create<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(Self::put(task))
    }

    fn update<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(Self::put(task))
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, ()> {
        Box::pin(async move {
            task.remove("logs", "DeleteResourcePolicy", json!({"PolicyName": task.physical()})).await
        })
    }
}
