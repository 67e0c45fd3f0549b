//! `CreateApp`: claims a name, under which workloads and routes are then made.

use weft_model::weft as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use super::{place, shown_app};
use crate::Compute;
use crate::errors::{conflict, limit};
use crate::records::{APP_NAMES, APPS, AppRecord, OwnerRecord, Place};

/// A parsed `CreateApp` request.
pub(crate) struct CreateApp {
    place: Place,
}

impl Operation for CreateApp {
    const NAME: &'static str = "CreateApp";
    type Service = Compute;
    type Input = model::CreateAppRequest;
    type Output = model::CreateAppResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        Ok(Self { place: place(scope, &input.app)? })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("weft:CreateApp", self.place.arn().to_string())]
    }

    async fn run(self, compute: &Compute, cx: &Context) -> Result<Self::Output, Error> {
        let (place, now, apps_max) = (self.place.clone(), cx.scope.now, compute.options().apps_max);
        let create = move |tx: &mut weft_store::WriteTx<'_>| {
            let key = place.key();
            let name = (place.app.to_string(),);
            if APPS.get(tx, &key)?.is_some() {
                return Err(conflict(format!("There is an app `{}` already.", place.app)));
            }
            if let Some(owner) = APP_NAMES.get(tx, &name)? {
                let message = format!("The app name `{}` is taken in {}.", place.app, owner.region);
                return Err(conflict(message));
            }
            let here = (key.0, key.1.clone());
            if APPS.query(&here).limit(apps_max).rows(tx)?.len() == apps_max {
                return Err(limit(format!("There may be {apps_max} apps in one region.")));
            }
            APP_NAMES.insert(tx, &name, &OwnerRecord::from(&place))?;
            Ok(APPS.insert(tx, &key, &AppRecord { created: now })?)
        };
        compute.change(&self.place, create).await?;
        let app = compute.app(&self.place)?;
        Ok(model::CreateAppResponse { app: Some(shown_app(&app)) })
    }
}
