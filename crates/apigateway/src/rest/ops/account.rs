//! The account's settings: the role with which logs are written. The throttle is the one of the machine.

use weft_model::apigateway as model;
use weft_service::Error;

use crate::control::access;
use crate::control::bridge::shape_of;
use crate::control::operation::operation;
use crate::control::patch::{self, Kind, Rule};
use crate::rest::records::{ACCOUNTS, Account};

const RULES: &[Rule] = &[("/cloudwatchRoleArn", Kind::Text)];

operation! {
    /// `GetAccount`.
    GetAccount(model::GetAccountRequest) -> model::Account;
    access |_asked, scope| [access::get(scope, &["account"])];
    run |_given, service, cx| {
        let key = (cx.scope.account.as_u64(), cx.scope.region.as_str().to_owned());
        let account = service.store.read(move |tx| Ok::<_, Error>(ACCOUNTS.get(tx, &key)?)).await?;
        shape(&account.unwrap_or_default())
    }
}

operation! {
    /// `UpdateAccount`.
    UpdateAccount(model::UpdateAccountRequest) -> model::Account;
    access |_asked, scope| [access::patch(scope, &["account"])];
    run |given, service, cx| {
        let key = (cx.scope.account.as_u64(), cx.scope.region.as_str().to_owned());
        let patches = given.patch_operations.unwrap_or_default();
        let work = move |tx: &mut weft_store::WriteTx<'_>| {
            let account = ACCOUNTS.get(tx, &key)?.unwrap_or_default();
            let account: Account = patch::apply(&account, &patches, RULES)?;
            ACCOUNTS.insert(tx, &key, &account)?;
            Ok::<_, Error>(account)
        };
        shape(&service.store.write(work).await?)
    }
}

fn shape(account: &Account) -> Result<model::Account, Error> {
    Ok(model::Account {
        throttle_settings: Some(model::ThrottleSettings {
            burst_limit: Some(5000),
            rate_limit: Some(10_000.0),
        }),
        features: Some(vec!["UsagePlans".to_owned()]),
        api_key_version: Some("4".to_owned()),
        ..shape_of(account)?
    })
}
