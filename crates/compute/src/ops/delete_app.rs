//! `DeleteApp`: gives an app's name back. What is in the app must be deleted before.

use weft_model::weft as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use super::place;
use crate::Compute;
use crate::errors::{app_not_found, conflict};
use crate::records::{APP_NAMES, APPS, FUNCTIONS, Place, ROUTES, SERVICES};

/// A parsed `DeleteApp` request.
pub(crate) struct DeleteApp {
    place: Place,
}

impl Operation for DeleteApp {
    const NAME: &'static str = "DeleteApp";
    type Service = Compute;
    type Input = model::DeleteAppRequest;
    type Output = model::DeleteAppResponse;

    fn parse(input: Self::Input, scope: &Scope) -> Result<Self, Error> {
        Ok(Self { place: place(scope, &input.app)? })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("weft:DeleteApp", self.place.arn().to_string())]
    }

    async fn run(self, compute: &Compute, _: &Context) -> Result<Self::Output, Error> {
        let place = self.place.clone();
        let delete = move |tx: &mut weft_store::WriteTx<'_>| {
            let key = place.key();
            if APPS.get(tx, &key)?.is_none() {
                return Err(app_not_found(&place.app));
            }
            let left = [
                ("services", SERVICES.query(&key).limit(1).rows(tx)?.len()),
                ("functions", FUNCTIONS.query(&key).limit(1).rows(tx)?.len()),
                ("routes", ROUTES.query(&key).limit(1).rows(tx)?.len()),
            ];
            if let Some((what, _)) = left.iter().find(|(_, count)| *count > 0) {
                return Err(conflict(format!(
                    "The app `{}` still has {what}; delete them first.",
                    place.app
                )));
            }
            APP_NAMES.remove(tx, &(place.app.to_string(),))?;
            Ok(APPS.remove(tx, &key)?)
        };
        compute.change(&self.place, delete).await?;
        Ok(model::DeleteAppResponse {})
    }
}
