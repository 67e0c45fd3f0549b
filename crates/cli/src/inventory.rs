//! What is deployed: apps, their workloads and routes, and which workload a name means.

use weft_model::weft::{
    AppDescription, FunctionDescription, ListAppsRequest, ListAppsResponse, ListFunctionsRequest,
    ListFunctionsResponse, ListRoutesRequest, ListRoutesResponse, ListServicesRequest, ListServicesResponse,
    ListWorkersRequest, ListWorkersResponse, RouteDescription, ServiceDescription, StartDescription,
    WorkerDescription,
};

use crate::client::{CallError, Client};

/// One app with all that it holds.
pub(crate) struct App {
    pub(crate) name: String,
    pub(crate) host: String,
    pub(crate) services: Vec<ServiceDescription>,
    pub(crate) functions: Vec<FunctionDescription>,
    pub(crate) routes: Vec<RouteDescription>,
}

/// A workload that a name means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) app: String,
    pub(crate) name: String,
    pub(crate) log_group: String,
    /// The Lambda function's name, for functions.
    pub(crate) function: Option<String>,
}

impl App {
    /// Reads an app.
    pub(crate) async fn read(client: &Client, app: AppDescription) -> Result<Self, CallError> {
        let AppDescription { app: name, host, .. } = app;
        let services = services(client, &name).await?;
        let functions = functions(client, &name).await?;
        let routes = routes(client, &name).await?;
        Ok(Self { name, host, services, functions, routes })
    }

    /// All workloads.
    pub(crate) fn workloads(&self) -> Vec<Named> {
        let services = self.services.iter().map(|service| Named {
            app: self.name.clone(),
            name: service.name.clone(),
            log_group: service.log_group.clone(),
            function: None,
        });
        let functions = self.functions.iter().map(|function| Named {
            app: self.name.clone(),
            name: function.name.clone(),
            log_group: format!("/aws/lambda/{}", function.function_name),
            function: Some(function.function_name.clone()),
        });
        services.chain(functions).collect()
    }

    /// The URLs under which a workload answers, the best first: its routes on the bare address, its routes on hosts,
    /// its own name, and the path form, which always works.
    pub(crate) fn urls(&self, endpoint: &str, workload: &str) -> Vec<String> {
        let port = endpoint.rsplit_once(':').map_or("", |(_, port)| port);
        let at_host = |host: &str, path: &str| format!("http://{host}:{port}{path}");
        let own = self.routes.iter().filter(|route| route.target == workload);
        let mut urls: Vec<String> = own
            .clone()
            .filter(|r| r.bare && r.auth != "iam")
            .map(|r| format!("{endpoint}{}", r.path))
            .collect();
        urls.extend(own.map(|route| at_host(route.host.as_deref().unwrap_or(&self.host), &route.path)));
        urls.push(at_host(&format!("{workload}.{}", self.host), "/"));
        urls.push(format!("{endpoint}/_weft/{}/{workload}/", self.name));
        urls
    }
}

/// Reads every app.
pub(crate) async fn apps(client: &Client) -> Result<Vec<App>, CallError> {
    let mut found = Vec::new();
    let mut token = None;
    loop {
        let request = ListAppsRequest { max_results: None, next_token: token };
        let page: ListAppsResponse = client.call("weft", "ListApps", request).await?;
        for app in page.apps.unwrap_or_default() {
            found.push(App::read(client, app).await?);
        }
        token = page.next_token;
        if token.is_none() {
            return Ok(found);
        }
    }
}

macro_rules! pages {
    ($(#[$doc:meta])* $name:ident, $operation:literal, $request:ident, $response:ident, $field:ident, $item:ty) => {
        $(#[$doc])*
        pub(crate) async fn $name(client: &Client, app: &str) -> Result<Vec<$item>, CallError> {
            let mut found = Vec::new();
            let mut token = None;
            loop {
                let request = $request { app: app.to_owned().into(), max_results: None, next_token: token };
                let page: $response = client.call("weft", $operation, request).await?;
                found.extend(page.$field.unwrap_or_default());
                token = page.next_token;
                if token.is_none() {
                    return Ok(found);
                }
            }
        }
    };
}

pages!(
    /// An app's services.
    services, "ListServices", ListServicesRequest, ListServicesResponse, services, ServiceDescription
);
pages!(
    /// An app's functions.
    functions, "ListFunctions", ListFunctionsRequest, ListFunctionsResponse, functions, FunctionDescription
);
pages!(
    /// An app's routes.
    routes, "ListRoutes", ListRoutesRequest, ListRoutesResponse, routes, RouteDescription
);

/// What runs on the machine.
#[derive(Default)]
pub(crate) struct Running {
    pub(crate) workers: Vec<WorkerDescription>,
    /// What the starts of workers took, by workload.
    pub(crate) starts: Vec<StartDescription>,
}

/// All workers of the machine, and their starts.
pub(crate) async fn running(client: &Client) -> Result<Running, CallError> {
    let mut found = Running::default();
    let mut token = None;
    loop {
        let request = ListWorkersRequest { app: None, max_results: None, next_token: token };
        let page: ListWorkersResponse = client.call("weft", "ListWorkers", request).await?;
        found.workers.extend(page.workers.unwrap_or_default());
        found.starts.extend(page.starts.unwrap_or_default());
        token = page.next_token;
        if token.is_none() {
            return Ok(found);
        }
    }
}

/// Why a name means nothing, or too much.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NameError {
    #[error("there is no app or workload `{0}`; `weft ps` shows what there is")]
    Unknown(String),
    #[error("`{name}` could be {}; say which", among.join(" or "))]
    Ambiguous { name: String, among: Vec<String> },
}

/// The workloads that `web`, `shop/web` or `shop` means: one for a workload, all for an app.
pub(crate) fn find(apps: &[App], name: &str) -> Result<Vec<Named>, NameError> {
    let all: Vec<Named> = apps.iter().flat_map(App::workloads).collect();
    if let Some((app, workload)) = name.split_once('/') {
        let one = all.into_iter().find(|w| w.app == app && w.name == workload);
        return one.map(|w| vec![w]).ok_or_else(|| NameError::Unknown(name.to_owned()));
    }
    let mut hits: Vec<Named> = all.iter().filter(|w| w.name == name).cloned().collect();
    if hits.len() > 1 {
        let among = hits.iter().map(|w| format!("`{}/{}`", w.app, w.name)).collect();
        return Err(NameError::Ambiguous { name: name.to_owned(), among });
    }
    if hits.is_empty() {
        hits = all.into_iter().filter(|w| w.app == name).collect();
    }
    let is_app = apps.iter().any(|app| app.name == name);
    if hits.is_empty() && !is_app { Err(NameError::Unknown(name.to_owned())) } else { Ok(hits) }
}
