//! The table of routes.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use weft_types::{AppName, WorkloadName};

use crate::host::{HostPattern, OWN_SUFFIX};
use crate::path::{Path, PathError};

/// Who may use a route, from the mildest rule to the strictest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Auth {
    /// Anybody.
    None,
    /// It is not said: anybody on this machine's loopback, and nobody else.
    Unsaid,
    /// Whoever has the route's key.
    Key,
    /// Whoever has a token of the configured issuer.
    Jwt,
    /// Whoever signs as a principal that may `weft:InvokeRoute`.
    Iam,
}

/// What brings requests to a workload. `T` is what the caller needs to reach it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route<T> {
    /// The app that claims it.
    pub app: AppName,
    /// The workload's name, as its own host has it.
    pub workload: WorkloadName,
    /// The hosts.
    pub host: HostPattern,
    /// The path prefix, by whole segments: `/api` holds `/api` and `/api/x`, not `/apix`; `/` holds all.
    pub path: String,
    /// The methods, in upper case; empty for all.
    pub methods: Vec<String>,
    /// Who may use it.
    pub auth: Auth,
    /// Whether the workload sees the path without the prefix.
    pub strip_prefix: bool,
    /// When it was claimed, by any clock that grows: of two equal claims the older one counts.
    pub claimed: u64,
    /// The workload.
    pub target: T,
}

/// A workload that is to be reachable under its own names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exposed<T> {
    /// The app.
    pub app: AppName,
    /// The workload's name.
    pub workload: WorkloadName,
    /// Who may use its own names, unless its routes say it. No name is a way around a route's rule: the strictest rule of
    /// its routes counts, and a milder one than this only where a route leads all paths to it.
    pub auth: Auth,
    /// The workload.
    pub target: T,
}

/// A route that does not count, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Another route came first.
    #[error("`{path}` of app `{app}` is shadowed by the older claim of app `{by}`")]
    Shadowed {
        /// Whose route it is.
        app: AppName,
        /// Its path.
        path: String,
        /// Whose route counts.
        by: AppName,
    },
    /// Its host is below `weft.localhost`, or would hold it.
    #[error(
        "`{path}` of app `{app}` claims a host of `weft.localhost`, whose names are given by app and workload"
    )]
    OwnHost {
        /// Whose route it is.
        app: AppName,
        /// Its path.
        path: String,
    },
    /// Its path cannot be matched.
    #[error("`{path}` of app `{app}` cannot be matched")]
    BadPath {
        /// Whose route it is.
        app: AppName,
        /// Its path.
        path: String,
        /// What is wrong with it.
        source: PathError,
    },
}

/// All routes, to be asked for each request and replaced whole.
#[derive(Debug)]
pub struct Routes<T> {
    exact: HashMap<String, Table<T>>,
    below: HashMap<String, Table<T>>,
    any: Table<T>,
    by_path: HashMap<String, Arc<Route<T>>>,
}

/// A request's route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found<'a, T> {
    /// The route.
    pub route: &'a Arc<Route<T>>,
    /// The path that the workload sees.
    pub path: &'a str,
    /// What was taken off the path; empty where nothing was.
    pub prefix: &'a str,
}

/// Why a request has no route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// Nothing is at this host and path.
    Route,
    /// Something is there, for other methods.
    Method,
}

/// The prefix of the form `/_weft/<app>/<workload>/…`, which reaches every workload on every host that no route claims.
pub const PATH_FORM: &str = "/_weft";

impl<T> Default for Routes<T> {
    fn default() -> Self {
        Self { exact: HashMap::new(), below: HashMap::new(), any: Table::default(), by_path: HashMap::new() }
    }
}

impl<T: Clone> Routes<T> {
    /// Builds the table: every workload under its own names, every route under its host (without one: under all hosts
    /// that nothing else claims) and under its app's, `<app>.weft.localhost`.
    pub fn build(exposed: Vec<Exposed<T>>, mut routes: Vec<Route<T>>) -> (Self, Vec<Problem>) {
        let mut table = Self::default();
        let mut problems = Vec::new();
        table.expose(exposed, &routes);
        routes.sort_by_key(|route| route.claimed);
        for route in routes {
            if let Err(problem) = table.claim(route) {
                problems.push(problem);
            }
        }
        (table, problems)
    }

    fn expose(&mut self, exposed: Vec<Exposed<T>>, routes: &[Route<T>]) {
        let rules = Rules::of(routes);
        for Exposed { app, workload, auth, target } in exposed {
            let auth = rules.own_names(&app, &workload, auth);
            let prefix = format!("{PATH_FORM}/{app}/{workload}");
            let host = format!("{workload}.{app}.{OWN_SUFFIX}");
            let by_host = Route {
                host: HostPattern::Exact(host.clone()),
                path: "/".to_owned(),
                methods: Vec::new(),
                strip_prefix: false,
                claimed: 0,
                app,
                workload,
                auth,
                target,
            };
            let by_path =
                Route { host: HostPattern::Any, path: prefix.clone(), strip_prefix: true, ..by_host.clone() };
            // Two accounts may have an app of the same name; the first that is named keeps the name.
            self.by_path.entry(prefix).or_insert_with(|| Arc::new(by_path));
            let _ = self.exact.entry(host).or_default().claim(String::new(), Arc::new(by_host));
        }
    }

    fn claim(&mut self, route: Route<T>) -> Result<(), Problem> {
        let (app, path) = (route.app.clone(), route.path.clone());
        if route.host.is_own() {
            return Err(Problem::OwnHost { app, path });
        }
        let key = match Path::parse(&route.path) {
            Ok(path) => path.key().to_owned(),
            Err(source) => return Err(Problem::BadPath { app, path, source }),
        };
        let route = Arc::new(route);
        let own = self.exact.entry(format!("{app}.{OWN_SUFFIX}")).or_default();
        let under_app = own.claim(key.clone(), Arc::clone(&route));
        let table = match &route.host {
            HostPattern::Any => &mut self.any,
            HostPattern::Exact(name) => self.exact.entry(name.clone()).or_default(),
            HostPattern::Below(name) => self.below.entry(name.clone()).or_default(),
        };
        let under_host = table.claim(key, Arc::clone(&route));
        // A route with a host of its own may lose its place under the app's host to a sibling: that is not worth a word.
        let lost = if route.host == HostPattern::Any { under_host.or(under_app) } else { under_host };
        lost.map_or(Ok(()), |by| Err(Problem::Shadowed { app, path, by }))
    }
}

impl<T> Routes<T> {
    /// Finds a request's route. `host` is as [`crate::host_of`] gives it.
    pub fn find<'a>(&'a self, host: &str, method: &str, path: &'a Path<'_>) -> Result<Found<'a, T>, Missing> {
        if let Some(table) = self.table_of(host) {
            return table.find(method, path);
        }
        if is_own_name(host) {
            return Err(Missing::Route);
        }
        if let Some(found) = self.find_by_path(path) {
            return Ok(found);
        }
        // What looks like the path form is nobody else's: a misspelt name must not end at another app.
        if path.key().strip_prefix(PATH_FORM).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) {
            return Err(Missing::Route);
        }
        self.any.find(method, path)
    }

    /// Whether a host belongs to workloads alone: a route names it, or it is one of Weft's own names below
    /// `weft.localhost`. Requests to such hosts are never AWS calls.
    pub fn claims_host(&self, host: &str) -> bool {
        is_own_name(host) || self.table_of(host).is_some()
    }

    fn table_of(&self, host: &str) -> Option<&Table<T>> {
        if let Some(table) = self.exact.get(host) {
            return Some(table);
        }
        if self.below.is_empty() {
            return None;
        }
        let mut rest = host;
        while let Some((_, parent)) = rest.split_once('.') {
            if let Some(table) = self.below.get(parent) {
                return Some(table);
            }
            rest = parent;
        }
        None
    }

    fn find_by_path<'a>(&'a self, path: &'a Path<'_>) -> Option<Found<'a, T>> {
        let rest = path.key().strip_prefix(PATH_FORM)?;
        let second = rest.match_indices('/').nth(2).map_or(rest.len(), |(at, _)| at);
        let route = self.by_path.get(&path.key()[..PATH_FORM.len() + second])?;
        Some(found(route, path))
    }
}

/// What the routes of each workload ask for.
struct Rules<'a>(HashMap<(&'a AppName, &'a WorkloadName), Rule>);

#[derive(Clone, Copy)]
struct Rule {
    strictest: Auth,
    /// Whether one of the routes leads every path to the workload.
    is_whole: bool,
}

impl<'a> Rules<'a> {
    fn of<T>(routes: &'a [Route<T>]) -> Self {
        let mut rules = HashMap::new();
        for route in routes {
            let first = Rule { strictest: route.auth, is_whole: false };
            let rule = rules.entry((&route.app, &route.workload)).or_insert(first);
            rule.strictest = route.auth.max(rule.strictest);
            rule.is_whole |= route.path == "/" && route.methods.is_empty();
        }
        Self(rules)
    }

    /// The rule of a workload's own names, under which all of its paths can be reached.
    fn own_names(&self, app: &AppName, workload: &WorkloadName, auth: Auth) -> Auth {
        match self.0.get(&(app, workload)) {
            Some(Rule { strictest, is_whole: true }) if auth <= Auth::Unsaid => *strictest,
            Some(Rule { strictest, .. }) => auth.max(*strictest),
            None => auth,
        }
    }
}

fn is_own_name(host: &str) -> bool {
    host.strip_suffix(OWN_SUFFIX).is_some_and(|rest| rest.ends_with('.'))
}

fn found<'a, T>(route: &'a Arc<Route<T>>, path: &'a Path<'_>) -> Found<'a, T> {
    let segments =
        if route.strip_prefix { route.path.split('/').filter(|part| !part.is_empty()).count() } else { 0 };
    let prefix = if segments == 0 { "" } else { route.path.trim_end_matches('/') };
    Found { route, path: path.without(segments), prefix }
}

/// The routes of one host, by the keys of their paths.
#[derive(Debug)]
struct Table<T> {
    by_key: HashMap<String, Vec<Arc<Route<T>>>>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { by_key: HashMap::new() }
    }
}

impl<T> Table<T> {
    /// Adds a route; returns whose older routes leave nothing to it.
    fn claim(&mut self, key: String, route: Arc<Route<T>>) -> Option<AppName> {
        let claims = self.by_key.entry(key).or_default();
        let taken: HashSet<&str> =
            claims.iter().flat_map(|claim| &claim.methods).map(String::as_str).collect();
        let shadowed = claims.iter().any(|claim| claim.methods.is_empty())
            || (!route.methods.is_empty()
                && route.methods.iter().all(|method| taken.contains(method.as_str())));
        if shadowed {
            let by = claims.iter().find(|claim| {
                claim.methods.is_empty() || claim.methods.iter().any(|method| route.methods.contains(method))
            });
            return by.map(|claim| claim.app.clone());
        }
        claims.push(route);
        None
    }

    fn find<'a>(&'a self, method: &str, path: &'a Path<'_>) -> Result<Found<'a, T>, Missing> {
        let mut missing = Missing::Route;
        for prefix in path.prefixes() {
            let Some(claims) = self.by_key.get(prefix) else { continue };
            let fits = |claim: &&Arc<Route<T>>| {
                claim.methods.is_empty() || claim.methods.iter().any(|one| one == method)
            };
            if let Some(route) = claims.iter().find(fits) {
                return Ok(found(route, path));
            }
            missing = Missing::Method;
        }
        Err(missing)
    }
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
