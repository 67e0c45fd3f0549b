//! The states of stacks.

use serde::{Deserialize, Serialize};

/// A stack's state, as `StackStatus` has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum StackStatus {
    ReviewInProgress,
    CreateInProgress,
    CreateFailed,
    CreateComplete,
    RollbackInProgress,
    RollbackFailed,
    RollbackComplete,
    UpdateInProgress,
    UpdateCompleteCleanupInProgress,
    UpdateComplete,
    UpdateFailed,
    UpdateRollbackInProgress,
    UpdateRollbackFailed,
    UpdateRollbackCompleteCleanupInProgress,
    UpdateRollbackComplete,
    DeleteInProgress,
    DeleteFailed,
    DeleteComplete,
}

use StackStatus as S;

impl StackStatus {
    /// Its name on the wire.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            S::ReviewInProgress => "REVIEW_IN_PROGRESS",
            S::CreateInProgress => "CREATE_IN_PROGRESS",
            S::CreateFailed => "CREATE_FAILED",
            S::CreateComplete => "CREATE_COMPLETE",
            S::RollbackInProgress => "ROLLBACK_IN_PROGRESS",
            S::RollbackFailed => "ROLLBACK_FAILED",
            S::RollbackComplete => "ROLLBACK_COMPLETE",
            S::UpdateInProgress => "UPDATE_IN_PROGRESS",
            S::UpdateCompleteCleanupInProgress => "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
            S::UpdateComplete => "UPDATE_COMPLETE",
            S::UpdateFailed => "UPDATE_FAILED",
            S::UpdateRollbackInProgress => "UPDATE_ROLLBACK_IN_PROGRESS",
            S::UpdateRollbackFailed => "UPDATE_ROLLBACK_FAILED",
            S::UpdateRollbackCompleteCleanupInProgress => "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
            S::UpdateRollbackComplete => "UPDATE_ROLLBACK_COMPLETE",
            S::DeleteInProgress => "DELETE_IN_PROGRESS",
            S::DeleteFailed => "DELETE_FAILED",
            S::DeleteComplete => "DELETE_COMPLETE",
        }
    }

    /// Whether an operation is under way.
    pub(crate) fn is_busy(self) -> bool {
        matches!(
            self,
            S::CreateInProgress
                | S::RollbackInProgress
                | S::UpdateInProgress
                | S::UpdateCompleteCleanupInProgress
                | S::UpdateRollbackInProgress
                | S::UpdateRollbackCompleteCleanupInProgress
                | S::DeleteInProgress
        )
    }

    /// Whether an update can begin.
    pub(crate) fn can_update(self) -> bool {
        matches!(
            self,
            S::CreateComplete
                | S::UpdateComplete
                | S::UpdateRollbackComplete
                | S::UpdateFailed
                | S::CreateFailed
        )
    }
}
