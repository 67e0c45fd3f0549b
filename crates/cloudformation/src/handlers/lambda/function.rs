//! Functions.

use serde_json::{Map, Value as Json, json};

use super::{Patience, code, or, tag};
use crate::handlers::parts::{answered, refuse};
use crate::task::{Failure, Handler, Made, Outcome, Task};

/// `AWS::Lambda::Function`: `Ref` is its name.
pub(super) struct Function;

/// What `CreateFunction` does not take, or takes in another form.
const OTHERS: [&str; 7] = [
    "FunctionName",
    "Code",
    "Tags",
    "ReservedConcurrentExecutions",
    "RecursiveLoop",
    "RuntimeManagementConfig",
    "SnapStartResponse",
];
/// Settings of CloudFormation's type that Weft has not.
const UNBUILT: [&str; 2] = ["FunctionScalingConfig", "PublishToLatestPublished"];

/// What `UpdateFunctionConfiguration` changes, and what each is where a template does not say it.
fn settings(name: &str) -> [(&'static str, Json); 19] {
    [
        ("Role", Json::Null),
        ("Handler", Json::Null),
        ("Runtime", Json::Null),
        ("Description", json!("")),
        ("Timeout", json!(3)),
        ("MemorySize", json!(128)),
        ("VpcConfig", json!({"SubnetIds": [], "SecurityGroupIds": []})),
        ("Environment", json!({"Variables": {}})),
        ("DeadLetterConfig", json!({"TargetArn": ""})),
        ("KmsKeyArn", json!("")),
        ("TracingConfig", json!({"Mode": "PassThrough"})),
        ("Layers", json!([])),
        ("FileSystemConfigs", json!([])),
        ("ImageConfig", Json::Null),
        ("EphemeralStorage", json!({"Size": 512})),
        ("SnapStart", json!({"ApplyOn": "None"})),
        ("LoggingConfig", json!({"LogFormat": "Text", "LogGroup": format!("/aws/lambda/{name}")})),
        ("CapacityProviderConfig", Json::Null),
        ("DurableConfig", Json::Null),
    ]
}

/// Waits until what a call began is done; `answer` is the call's.
async fn settled(task: &Task<'_>, name: &str, mut answer: Json) -> Result<Json, Failure> {
    let mut patience = Patience::with(format!("The function {name}"));
    loop {
        match (answered(&answer, "/State").as_str(), answered(&answer, "/LastUpdateStatus").as_str()) {
            ("Pending", _) | (_, "InProgress") => patience.pause().await?,
            ("Failed", _) => return Err(Failure::new(answered(&answer, "/StateReason"))),
            (_, "Failed") => return Err(Failure::new(answered(&answer, "/LastUpdateStatusReason"))),
            _ => return Ok(answer),
        }
        answer = task.make("lambda", "GetFunctionConfiguration", json!({"FunctionName": name})).await?;
    }
}

impl Function {
    fn made(name: &str, answer: &Json) -> Made {
        Made::of(name)
            .with("Arn", answered(answer, "/FunctionArn"))
            .with("SnapStartResponse", answer["SnapStart"].clone())
    }

    /// Settings that have operations of their own. For a new function only those that the template says.
    async fn own_settings(task: &Task<'_>, name: &str) -> Result<(), Failure> {
        let asked = |property: &str| match task.previous {
            Some(_) => task.changed(property),
            None => task.get(property).is_some(),
        };
        if asked("ReservedConcurrentExecutions") {
            Self::reserve(task, name).await?;
        }
        if asked("RecursiveLoop") {
            let input =
                json!({"FunctionName": name, "RecursiveLoop": or(task, "RecursiveLoop", json!("Terminate"))});
            task.make("lambda", "PutFunctionRecursionConfig", input).await?;
        }
        if asked("RuntimeManagementConfig") {
            let mut input = or(task, "RuntimeManagementConfig", json!({"UpdateRuntimeOn": "Auto"}));
            input["FunctionName"] = json!(name);
            task.make("lambda", "PutRuntimeManagementConfig", input).await?;
        }
        Ok(())
    }

    async fn reserve(task: &Task<'_>, name: &str) -> Result<(), Failure> {
        match task.get("ReservedConcurrentExecutions") {
            Some(count) => {
                let input = json!({"FunctionName": name, "ReservedConcurrentExecutions": count});
                task.make("lambda", "PutFunctionConcurrency", input).await.map(drop)
            }
            None => task.remove("lambda", "DeleteFunctionConcurrency", json!({"FunctionName": name})).await,
        }
    }

    /// Under which configuration code is signed.
    async fn sign(task: &Task<'_>, name: &str) -> Result<(), Failure> {
        if !task.changed("CodeSigningConfigArn") {
            return Ok(());
        }
        match task.get("CodeSigningConfigArn") {
            Some(arn) => {
                let input = json!({"FunctionName": name, "CodeSigningConfigArn": arn});
                task.make("lambda", "PutFunctionCodeSigningConfig", input).await.map(drop)
            }
            None => {
                task.remove("lambda", "DeleteFunctionCodeSigningConfig", json!({"FunctionName": name})).await
            }
        }
    }

    /// Other code, where an update changes it; inline code also where its runtime changes, which names its file.
    async fn code(task: &Task<'_>, name: &str) -> Result<(), Failure> {
        let inline = task.get("Code").is_some_and(|code| code.get("ZipFile").is_some());
        let is_other =
            task.changed("Code") || task.changed("Architectures") || (inline && task.changed("Runtime"));
        if !is_other {
            return Ok(());
        }
        let mut input = code::of_function(task)?;
        input.insert("FunctionName".to_owned(), json!(name));
        if let Some(architectures) = task.get("Architectures") {
            input.insert("Architectures".to_owned(), architectures.clone());
        }
        let answer = task.make("lambda", "UpdateFunctionCode", input).await?;
        settled(task, name, answer).await.map(drop)
    }

    /// Other settings, where an update changes them.
    async fn configure(task: &Task<'_>, name: &str) -> Result<(), Failure> {
        let changed = settings(name).into_iter().filter(|(property, _)| task.changed(property));
        let mut input: Map<String, Json> = changed
            .map(|(property, otherwise)| (property.to_owned(), or(task, property, otherwise)))
            .collect();
        if input.is_empty() {
            return Ok(());
        }
        input.insert("FunctionName".to_owned(), json!(name));
        let answer = task.make("lambda", "UpdateFunctionConfiguration", input).await?;
        settled(task, name, answer).await.map(drop)
    }
}

impl Handler for Function {
    fn create<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(async move {
            refuse(task, &UNBUILT)?;
            let name = task.name("FunctionName", 64);
            let mut input = task.but(&OTHERS);
            input.insert("FunctionName".to_owned(), json!(name));
            input.insert("Code".to_owned(), Json::Object(code::of_function(task)?));
            input.insert("Tags".to_owned(), task.tag_map());
            let answer = task.make("lambda", "CreateFunction", input).await?;
            let rest = async {
                let answer = settled(task, &name, answer).await?;
                Self::own_settings(task, &name).await?;
                Ok(Self::made(&name, &answer))
            };
            rest.await.map_err(|failure: Failure| failure.leaving(&name))
        })
    }

    fn update<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(async move {
            refuse(task, &UNBUILT)?;
            let name = task.physical();
            Self::sign(task, name).await?;
            Self::code(task, name).await?;
            Self::configure(task, name).await?;
            Self::own_settings(task, name).await?;
            tag(task, &task.attribute("Arn").unwrap_or_default()).await?;
            Ok(task.same())
        })
    }

    fn delete<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, ()> {
        Box::pin(async move {
            task.remove("lambda", "DeleteFunction", json!({"FunctionName": task.physical()})).await
        })
    }
}
