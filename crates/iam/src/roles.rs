//! The keys of workers' roles.

use std::time::Duration;

use weft_service::workload::{RoleCredentials, RoleKeys};
use weft_service::{BoxFuture, Error};
use weft_types::Arn;

use crate::Iam;
use crate::assume::{self, NewSession, RoleArn};

/// How long a worker's keys are good: the longest that AWS gives for a role.
const WORKER_SESSION: Duration = Duration::from_hours(12);

impl RoleCredentials for Iam {
    /// Keys for 12 hours. Fails with `AccessDenied` where the role does not exist or does not trust the service.
    fn assume<'a>(
        &'a self,
        role: &'a Arn,
        service: &'static str,
        session: &'a str,
    ) -> BoxFuture<'a, Result<RoleKeys, Error>> {
        Box::pin(async move {
            let denied = || {
                let message = format!(
                    "User: {service} is not authorized to perform: sts:AssumeRole on resource: {role}"
                );
                Error::new("AccessDeniedException", message)
            };
            let parsed = RoleArn::parse(role.as_str()).ok_or_else(denied)?;
            let found = self.role_by_arn(&parsed).await?.ok_or_else(denied)?;
            if !assume::trusts_service(&found, service)? {
                return Err(denied());
            }
            let who = assume::role_session(&found, session);
            let grant = NewSession::plain(found.account, who);
            let keys = self.issue(grant, self.clock.now(), WORKER_SESSION);
            Ok(RoleKeys {
                access_key_id: keys.access_key_id,
                secret: keys.secret_access_key,
                token: keys.session_token,
                expires: keys.expiration,
            })
        })
    }
}
