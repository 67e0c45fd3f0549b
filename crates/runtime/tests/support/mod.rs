//! A log that tests can read, and revisions.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use weft_service::workload::{
    Contract, Invocation, LambdaContract, LogPlace, LogSink, Revision, RoleCredentials, RoleKeys, Scale,
    WorkerLimits, WorkloadId, WorkloadKind,
};
use weft_service::{BoxFuture, Error};
use weft_types::{AccountId, Arn, Region, Timestamp};

/// Keeps lines.
#[derive(Default)]
pub(crate) struct Lines(pub(crate) Mutex<Vec<String>>);

impl LogSink for Lines {
    fn append(&self, _: &LogPlace, lines: Vec<(Timestamp, String)>) {
        self.0.lock().unwrap().extend(lines.into_iter().map(|(_, line)| line));
    }
}

/// Gives nobody keys.
pub(crate) struct NoKeys;

impl RoleCredentials for NoKeys {
    fn assume<'a>(
        &'a self,
        _: &'a Arn,
        _: &'static str,
        _: &'a str,
    ) -> BoxFuture<'a, Result<RoleKeys, Error>> {
        Box::pin(async { Err(Error::new("AccessDenied", "nobody may")) })
    }
}

/// A function's revision with its code in a folder of the test.
pub(crate) fn function(code: &Path, runtime: &str, handler: &str, environment: &[(&str, &str)]) -> Revision {
    let arn = Arn::parse("arn:aws:lambda:us-east-1:000000000000:function:f").unwrap();
    Revision {
        id: code.display().to_string().into(),
        workload: WorkloadId {
            account: AccountId::DEFAULT,
            region: Region::default(),
            app: None,
            name: "f".into(),
            kind: WorkloadKind::Function,
        },
        contract: Contract::Lambda(LambdaContract {
            function_arn: arn,
            function_name: "f".into(),
            version: "$LATEST".into(),
            runtime: runtime.into(),
            handler: handler.into(),
            timeout: Duration::from_secs(10),
            logging: weft_service::workload::LambdaLogging::default(),
        }),
        code: PathBuf::from(code),
        mounts: Vec::new(),
        interpreter: Some(runtime.into()),
        environment: environment.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
        role: None,
        scale: Scale {
            min: 0,
            max: 4,
            concurrency: 1,
            queue_max: 100,
            queue_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_mins(1),
        },
        limits: WorkerLimits { memory_mib: 128, processes: 64, cpu_millis: 0, tmp_mib: 512 },
        log_group: "/aws/lambda/f".into(),
    }
}

/// An invocation of it.
pub(crate) fn invocation(payload: &str) -> Invocation {
    Invocation {
        request_id: "r-1".into(),
        payload: payload.to_owned().into(),
        client_context: Some(r#"{"custom":{"k":"v"},"client":{"app_title":"t"}}"#.into()),
        cognito_identity: None,
        tenant_id: None,
        invoked_arn: Arn::parse("arn:aws:lambda:us-east-1:000000000000:function:f:live").unwrap(),
        tail: true,
        trace_id: Some("Root=1-2-3".into()),
    }
}
