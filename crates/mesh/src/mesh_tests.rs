use weft_service::workload::{WorkloadId, WorkloadKind};
use weft_types::{AccountId, AppName, Region};
pub(crate) fn workload(app: &str, name: &str) -> WorkloadId {
    WorkloadId {
        account: AccountId::parse("000000000000").unwrap(),
        region: Region::parse("us-east-1").unwrap(),
        app: Some(AppName::parse(app).unwrap()),
        name: name.into(),
        kind: WorkloadKind::Service,
    }
}
