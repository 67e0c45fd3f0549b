//! `ListApps`: the apps of an account and region, by name.

use weft_model::weft as model;
use weft_service::{Access, Context, Error, Operation, Scope};

use super::{Page, shown_app};
use crate::Compute;

/// A parsed `ListApps` request.
pub(crate) struct ListApps {
    page: Page,
}

impl Operation for ListApps {
    const NAME: &'static str = "ListApps";
    type Service = Compute;
    type Input = model::ListAppsRequest;
    type Output = model::ListAppsResponse;

    fn parse(input: Self::Input, _: &Scope) -> Result<Self, Error> {
        Ok(Self { page: Page::parse(input.max_results, input.next_token)? })
    }

    fn accesses(&self, _: &Scope) -> Vec<Access> {
        vec![Access::to("weft:ListApps", "*")]
    }

    async fn run(self, compute: &Compute, cx: &Context) -> Result<Self::Output, Error> {
        let index = compute.index();
        let apps = index.apps_of(cx.scope.account, &cx.scope.region);
        let (apps, next_token) = self.page.take(apps.map(|app| (app.place.app.to_string(), shown_app(app))));
        Ok(model::ListAppsResponse { apps: Some(apps), next_token })
    }
}
