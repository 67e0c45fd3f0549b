//! `GetAuthorizationToken`: a password for the registry, which is good for twelve hours with the rights of who asks.

use weft_model::ecr as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::access::host;
use crate::token::Password;
use crate::{Ecr, errors, names};

/// How long a password is good, in hours.
const HOURS: u64 = 12;

/// A parsed `GetAuthorizationToken` request.
#[derive(Debug)]
pub(crate) struct GetAuthorizationToken {
    accounts: Vec<weft_types::AccountId>,
}

impl Operation for GetAuthorizationToken {
    const NAME: &'static str = "GetAuthorizationToken";
    type Service = Ecr;
    type Input = model::GetAuthorizationTokenRequest;
    type Output = model::GetAuthorizationTokenResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        let ids = input.registry_ids.unwrap_or_default();
        let accounts = ids.iter().map(|id| names::account(Some(id), scope)).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { accounts: if accounts.is_empty() { vec![scope.account] } else { accounts } })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("ecr:GetAuthorizationToken", "*")]
    }

    async fn run(self, ecr: &Ecr, cx: &Context) -> Result<Self::Output, Error> {
        let Some(key) = cx.access_key_id.as_deref() else {
            return Err(errors::invalid("A password is for whoever has an access key."));
        };
        let expires = cx.scope.now.plus(std::time::Duration::from_hours(HOURS));
        let scheme = if cx.secure && !is_plain(host(cx)) { "https" } else { "http" };
        let one = |account| {
            let password = ecr.signer.password(&Password {
                key: key.to_owned(),
                session: cx.session_token.as_deref().map(str::to_owned),
                account,
                region: cx.scope.region.as_str().to_owned(),
                expires,
            });
            model::AuthorizationData {
                authorization_token: Some(STANDARD.encode(format!("AWS:{password}"))),
                expires_at: Some(expires),
                proxy_endpoint: Some(format!("{scheme}://{}", host(cx))),
            }
        };
        let data = self.accounts.into_iter().map(one).collect();
        Ok(model::GetAuthorizationTokenResponse { authorization_data: Some(data) })
    }
}

/// Whether a host is this machine, to which connections are plain.
fn is_plain(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    name == "localhost"
        || name.ends_with(".localhost")
        || name.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok()
}
