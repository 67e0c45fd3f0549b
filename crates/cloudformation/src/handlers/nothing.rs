//! Types that make nothing: `AWS::CDK::Metadata`, wait condition handles.

use crate::handlers::Handlers;
use crate::task::{Handler, Made, Outcome, Task};

pub(super) fn add(all: &mut Handlers) {
    all.add("AWS::CDK::Metadata", Nothing);
    all.add("AWS::CloudFormation::WaitConditionHandle", Nothing);
}

/// Makes nothing; the physical id is a generated name.
struct Nothing;

impl Handler for Nothing {
    fn create<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(async move { Ok(Made::of(task.generated(128))) })
    }

    fn update<'a>(&'a self, task: &'a Task<'a>) -> Outcome<'a, Made> {
        Box::pin(async move { Ok(Made::of(task.physical())) })
    }

    fn delete<'a>(&'a self, _: &'a Task<'a>) -> Outcome<'a, ()> {
        Box::pin(async { Ok(()) })
    }
}
