//! `weft.toml` → [`Manifest`].

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use weft_types::{AppName, LAMBDA_RUNTIMES, RuntimeName, WorkloadName};

use crate::detect::{self, Hints};
use crate::handler;
use crate::section::{Problems, Section, nearest, wrong_type};
use crate::{
    Auth, Diagnostic, Function, Listing, MANIFEST_FILE, Manifest, PartName, Permission, Route, Scale,
    Service, shell,
};

/// Parses the text of a `weft.toml`. `folder` is the name of the folder that it is in, `files` that folder's files.
/// All problems are reported together, in the order of the text.
pub fn parse(text: &str, folder: &str, files: &dyn Listing) -> Result<Manifest, Vec<Diagnostic>> {
    let mut problems = Problems::new(MANIFEST_FILE, text);
    let document = match toml_edit::Document::parse(text.to_owned()) {
        Ok(document) => document,
        Err(error) => {
            problems.add(error.span(), error.message().trim().replace('\n', ", "), None);
            return Err(problems.finish());
        }
    };
    let mut root = Section::new(document.as_table(), MANIFEST_FILE, Some(0..0));
    let parser = Parser { files, problems: &mut problems, notes: Vec::new(), places: BTreeMap::new() };
    let manifest = parser.manifest(&mut root, folder);
    root.finish(&mut problems);
    match manifest {
        Some(manifest) if problems.is_empty() => Ok(manifest),
        _ => Err(problems.finish()),
    }
}

struct Parser<'a> {
    files: &'a dyn Listing,
    problems: &'a mut Problems,
    notes: Vec<String>,
    /// Where each workload's table is, by `service.name` or `function.name`.
    places: BTreeMap<String, Option<Range<usize>>>,
}

impl Parser<'_> {
    fn manifest(mut self, root: &mut Section<'_>, folder: &str) -> Option<Manifest> {
        let app = self.app(root, folder);
        let part = self.part(root, folder);
        let services: Vec<_> = root.sections("service", self.problems);
        let services: Vec<_> =
            services.into_iter().filter_map(|(name, at, s)| self.service(name, at, s)).collect();
        let functions: Vec<_> = root.sections("function", self.problems);
        let functions: Vec<_> =
            functions.into_iter().filter_map(|(name, at, s)| self.function(name, at, s)).collect();
        if services.is_empty() && functions.is_empty() && self.problems.is_empty() {
            let help = "add `[service.web]` or `[function.hello]`, with its settings below";
            self.problems.add(None, "there is no service and no function", Some(help.to_owned()));
        }
        self.unique(&services, &functions);
        Some(Manifest { app: app?, part, services, functions, notes: self.notes })
    }

    fn app(&mut self, root: &mut Section<'_>, folder: &str) -> Option<AppName> {
        let Some(text) = root.text("app", self.problems) else {
            return (!root.has("app")).then(|| detect::app_name(folder));
        };
        match AppName::parse(text) {
            Ok(app) => Some(app),
            Err(error) => {
                self.problems.add(
                    root.span_of("app"),
                    "this is not a valid app name",
                    Some(error.rule.to_owned()),
                );
                None
            }
        }
    }

    fn part(&mut self, root: &mut Section<'_>, folder: &str) -> PartName {
        let Some(text) = root.text("part", self.problems) else { return PartName::from_text(folder) };
        PartName::parse(text).unwrap_or_else(|| {
            let help = "use 1 to 64 letters, digits, `.`, `_` and `-`, a letter or digit first";
            self.problems.add(root.span_of("part"), "this is not a valid part name", Some(help.to_owned()));
            PartName::from_text(folder)
        })
    }

    fn service(&mut self, name: &str, at: Option<Range<usize>>, mut s: Section<'_>) -> Option<Service> {
        self.places.insert(format!("service.{name}"), s.span.clone());
        let name = self.workload_name(name, at);
        let path = self.path(&mut s);
        let command = self.command(&mut s);
        let wanted = self.interpreter(&mut s);
        let routes = self.routes(&mut s);
        let environment = self.environment(&mut s);
        let memory_mib = s.number("memory", 32..=1_048_576, "MiB", self.problems).unwrap_or(256);
        let timeout_seconds = s.seconds("timeout", 1..=3600, self.problems).unwrap_or(300);
        let start_timeout_seconds = s.seconds("start_timeout", 1..=900, self.problems).unwrap_or(60);
        let scale = self.scale(&mut s, Scale::SERVICE, true);
        let health = s.text("health", self.problems);
        if health.is_some_and(|path| !is_path(path)) {
            self.problems.add(s.span_of("health"), "a health path begins with `/`", None);
        }
        let permissions = self.permissions(&mut s);
        let span = s.span.clone();
        s.finish(self.problems);
        let (name, path) = (name?, path?);
        let hints = Hints { name: name.as_str(), command, interpreter: wanted };
        match detect::service_code(self.files, &path, hints) {
            Ok(found) => {
                self.notes.extend(found.note);
                let (code, command, interpreter) = (found.code, found.command, found.interpreter);
                let health = health.map(ToOwned::to_owned);
                Some(Service {
                    name,
                    code,
                    command,
                    interpreter,
                    routes,
                    environment,
                    memory_mib,
                    timeout_seconds,
                    start_timeout_seconds,
                    scale,
                    health,
                    permissions,
                })
            }
            Err(problem) => {
                self.problems.add(span, problem.message, problem.help);
                None
            }
        }
    }

    fn function(&mut self, name: &str, at: Option<Range<usize>>, mut s: Section<'_>) -> Option<Function> {
        self.places.insert(format!("function.{name}"), s.span.clone());
        let name = self.workload_name(name, at);
        let path = self.path(&mut s);
        let handler = s.text("handler", self.problems).map(ToOwned::to_owned);
        let runtime = self.runtime(&mut s);
        let routes = self.routes(&mut s);
        let environment = self.environment(&mut s);
        let memory_mib = s.number("memory", 128..=10_240, "MiB", self.problems).unwrap_or(128);
        let timeout_seconds = s.seconds("timeout", 1..=900, self.problems).unwrap_or(3);
        let scale = self.scale(&mut s, Scale::FUNCTION, false);
        let permissions = self.permissions(&mut s);
        let span = s.span.clone();
        s.finish(self.problems);
        let (name, path) = (name?, path?);
        match handler::function_code(self.files, &path, handler, runtime) {
            Ok((code, handler, runtime)) => Some(Function {
                name,
                code,
                handler,
                runtime,
                routes,
                environment,
                memory_mib,
                timeout_seconds,
                scale,
                permissions,
            }),
            Err(problem) => {
                self.problems.add(span, problem.message, problem.help);
                None
            }
        }
    }

    fn workload_name(&mut self, name: &str, at: Option<Range<usize>>) -> Option<WorkloadName> {
        match WorkloadName::parse(name) {
            Ok(name) => Some(name),
            Err(error) => {
                self.problems.add(at, format!("`{name}` is not a valid name"), Some(error.rule.to_owned()));
                None
            }
        }
    }

    /// The code's folder, `.` taken out.
    fn path(&mut self, s: &mut Section<'_>) -> Option<String> {
        let text = s.text("path", self.problems).unwrap_or(".");
        let mut names = Vec::new();
        for name in text.split('/') {
            match name {
                "" | "." => {}
                ".." => {
                    let help = "move the code below the folder of weft.toml, or weft.toml above the code";
                    self.problems.add(
                        s.span_of("path"),
                        "`path` leads out of the folder",
                        Some(help.to_owned()),
                    );
                    return None;
                }
                name => names.push(name),
            }
        }
        let path = names.join("/");
        if text.starts_with('/') || !self.files.has_folder(&path) {
            let help = "`path` is relative to the folder of weft.toml";
            self.problems.add(
                s.span_of("path"),
                format!("there is no folder `{text}`"),
                Some(help.to_owned()),
            );
            return None;
        }
        Some(path)
    }

    fn command(&mut self, s: &mut Section<'_>) -> Option<Vec<String>> {
        let item = s.item("command")?;
        if let Some(line) = item.as_str() {
            return match shell::split_or_shell(line) {
                Ok(words) => Some(words),
                Err(error) => {
                    self.problems.add(item.span(), error.to_string(), None);
                    None
                }
            };
        }
        let words = s.texts("command", self.problems)?;
        if words.is_empty() {
            self.problems.add(item.span(), "the command is empty", None);
        }
        Some(words.into_iter().map(|(word, _)| word.to_owned()).collect())
    }

    /// `python`, `node`, one with a version, or `none`.
    fn interpreter(&mut self, s: &mut Section<'_>) -> Option<String> {
        let text = s.text("runtime", self.problems)?;
        let version = text
            .strip_prefix("python")
            .or_else(|| text.strip_prefix("nodejs"))
            .or_else(|| text.strip_prefix("node"));
        let good = text == "none"
            || version
                .is_some_and(|v| v.trim_end_matches(".x").chars().all(|c| c.is_ascii_digit() || c == '.'));
        if !good {
            let help = match nearest(text, &["python", "node", "none"]) {
                Some(near) => format!("did you mean `{near}`?"),
                None => {
                    "use `python`, `node`, `none`, or one with a version: `python3.11`, `node22`".to_owned()
                }
            };
            self.problems.add(s.span_of("runtime"), format!("unknown runtime `{text}`"), Some(help));
        }
        good.then(|| text.to_owned())
    }

    fn runtime(&mut self, s: &mut Section<'_>) -> Option<RuntimeName> {
        let text = s.text("runtime", self.problems)?;
        let runs = |name: &&str| ["python", "nodejs", "provided"].iter().any(|kind| name.starts_with(kind));
        let message = match RuntimeName::parse(text) {
            Ok(runtime) if LAMBDA_RUNTIMES.iter().filter(|name| runs(name)).any(|name| *name == text) => {
                return Some(runtime);
            }
            Ok(_) if LAMBDA_RUNTIMES.contains(&text) => format!("functions on `{text}` cannot be run yet"),
            _ => format!("unknown runtime `{text}`"),
        };
        let usable: Vec<&str> = LAMBDA_RUNTIMES.into_iter().filter(runs).collect();
        // What lacks its version means a current one.
        let current = [detect::PYTHON_RUNTIME, detect::NODE_RUNTIME];
        let begun = current.into_iter().find(|name| text.len() > 3 && name.starts_with(text));
        let help = match begun.or_else(|| nearest(text, &usable)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => {
                "use `python3.12`, `nodejs22.x` or another version of them, or `provided.al2023` with a `bootstrap` of your own"
                    .to_owned()
            }
        };
        self.problems.add(s.span_of("runtime"), message, Some(help));
        None
    }

    fn environment(&mut self, s: &mut Section<'_>) -> BTreeMap<String, String> {
        let mut environment = BTreeMap::new();
        for (name, value, span) in s.variables("environment", self.problems) {
            let good = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
                && !name.starts_with(|c: char| c.is_ascii_digit())
                && !name.is_empty();
            if !good {
                let help = "use letters, digits and `_`, a letter or `_` first";
                self.problems.add(span, format!("`{name}` is not a variable's name"), Some(help.to_owned()));
            } else if value.contains('\0') {
                self.problems.add(span, format!("`{name}` holds a zero byte"), None);
            }
            environment.insert(name, value);
        }
        environment
    }

    fn scale(&mut self, s: &mut Section<'_>, default: Scale, service: bool) -> Scale {
        let Some(mut s) = s.section("scale", self.problems) else { return default };
        let min = s.number("min", 0..=1000, "workers", self.problems).unwrap_or(default.min);
        let max = s.number("max", 1..=10_000, "workers", self.problems).unwrap_or(default.max.max(min));
        let limit = if service { 100_000 } else { 1 };
        let concurrency =
            s.number("concurrency", 1..=limit, "requests", self.problems).unwrap_or(default.concurrency);
        let queue_max =
            s.number("queue", 0..=1_000_000, "requests", self.problems).unwrap_or(default.queue_max);
        let queue_seconds = s.seconds("wait", 1..=900, self.problems).unwrap_or(default.queue_seconds);
        let idle_seconds = s.seconds("idle", 1..=86_400, self.problems).unwrap_or(default.idle_seconds);
        if min > max {
            self.problems.add(s.span_of("min"), format!("`min` is {min} and `max` only {max}"), None);
        }
        s.finish(self.problems);
        Scale { min, max, concurrency, queue_max, queue_seconds, idle_seconds }
    }

    fn routes(&mut self, s: &mut Section<'_>) -> Vec<Route> {
        let auth = self.auth(s);
        let default = Route { host: None, path: String::new(), auth, strip: false };
        if s.has("route") && s.has("routes") {
            self.problems.add(
                s.span_of("route"),
                "`route` and `routes` are both there",
                Some("keep one".to_owned()),
            );
        }
        let mut routes = Vec::new();
        for key in ["route", "routes"] {
            let Some(item) = s.item(key) else { continue };
            match (item.as_array(), item.as_str(), item.as_table_like()) {
                (Some(array), _, _) => {
                    routes.extend(array.iter().filter_map(|value| {
                        match (value.as_str(), value.as_inline_table()) {
                            (Some(text), _) => self.route_text(text, value.span(), &default),
                            (_, Some(table)) => {
                                self.route_table(Section::new(table, "a route", value.span()), &default)
                            }
                            _ => {
                                self.problems.add(value.span(), "a route is a text or a table", None);
                                None
                            }
                        }
                    }));
                }
                (_, Some(text), _) => routes.extend(self.route_text(text, item.span(), &default)),
                (_, _, Some(table)) => {
                    routes.extend(self.route_table(Section::new(table, "a route", item.span()), &default));
                }
                _ => wrong_type(key, item, "a path such as \"/\", or a list", self.problems),
            }
        }
        routes
    }

    /// `/path` or `host/path`.
    fn route_text(&mut self, text: &str, span: Option<Range<usize>>, default: &Route) -> Option<Route> {
        let at = text.find('/').unwrap_or(text.len());
        let (host, path) = text.split_at(at);
        let host = (!host.is_empty()).then_some(host);
        self.route(host, if path.is_empty() { "/" } else { path }, span, default)
    }

    fn route_table(&mut self, mut s: Section<'_>, default: &Route) -> Option<Route> {
        let host = s.text("host", self.problems);
        let path = s.text("path", self.problems).unwrap_or("/");
        let auth = if s.has("auth") { self.auth(&mut s) } else { default.auth };
        let strip = s.flag("strip", self.problems).unwrap_or(false);
        let route = self.route(host, path, s.span.clone(), &Route { auth, strip, ..default.clone() });
        s.item("auth");
        s.finish(self.problems);
        route
    }

    fn route(
        &mut self,
        host: Option<&str>,
        path: &str,
        span: Option<Range<usize>>,
        default: &Route,
    ) -> Option<Route> {
        let host = host.map(str::to_ascii_lowercase);
        if let Some(host) = &host
            && !is_host(host)
        {
            let help = "a route is a path that begins with `/`, with a host before it where it is for one host alone";
            self.problems.add(span, format!("`{host}` is not a host's name"), Some(help.to_owned()));
            return None;
        }
        if !is_path(path) {
            let help = "a path begins with `/` and holds no spaces, `?` or `#`";
            self.problems.add(span, format!("`{path}` is not a path"), Some(help.to_owned()));
            return None;
        }
        Some(Route { host, path: path.to_owned(), ..default.clone() })
    }

    fn auth(&mut self, s: &mut Section<'_>) -> Auth {
        let Some(text) = s.text("auth", self.problems) else { return Auth::Unsaid };
        let (message, help) = match text {
            "none" => return Auth::None,
            "iam" => return Auth::Iam,
            "key" | "jwt" => {
                (format!("`auth = \"{text}\"` is not built yet"), "use `iam` or `none`".to_owned())
            }
            other => (format!("unknown auth `{other}`"), "use `none` or `iam`".to_owned()),
        };
        self.problems.add(s.span_of("auth"), message, Some(help));
        Auth::Unsaid
    }

    fn permissions(&mut self, s: &mut Section<'_>) -> Vec<Permission> {
        let Some(item) = s.item("permissions") else { return Vec::new() };
        let tables: Vec<Section<'_>> = match (item.as_array(), item.as_array_of_tables()) {
            (Some(array), _) if array.iter().all(toml_edit::Value::is_inline_table) => {
                let tables = array.iter().filter_map(|value| Some((value.as_inline_table()?, value.span())));
                tables.map(|(table, span)| Section::new(table, "a permission", span)).collect()
            }
            (_, Some(tables)) => tables.iter().map(|t| Section::new(t, "a permission", t.span())).collect(),
            _ => {
                let expected =
                    "a list such as `[{ allow = [\"s3:GetObject\"], on = [\"arn:aws:s3:::bucket/*\"] }]`";
                wrong_type("permissions", item, expected, self.problems);
                return Vec::new();
            }
        };
        tables.into_iter().filter_map(|table| self.permission(table)).collect()
    }

    fn permission(&mut self, mut s: Section<'_>) -> Option<Permission> {
        let allowed = s.texts("allow", self.problems);
        let denied = s.texts("deny", self.problems);
        let on = s.texts("on", self.problems);
        let span = s.span.clone();
        s.finish(self.problems);
        let (allow, actions) = match (allowed, denied) {
            (Some(actions), None) => (true, actions),
            (None, Some(actions)) => (false, actions),
            _ => {
                let help = "write `{ allow = [\"s3:GetObject\"], on = [\"arn:aws:s3:::bucket/*\"] }`";
                self.problems.add(span, "a permission has either `allow` or `deny`", Some(help.to_owned()));
                return None;
            }
        };
        let Some(resources) = on else {
            let help = "name ARNs, or `on = \"*\"` for all resources";
            self.problems.add(span, "a permission needs `on`", Some(help.to_owned()));
            return None;
        };
        for (action, span) in &actions {
            if *action != "*" && !action.split_once(':').is_some_and(|(s, a)| !s.is_empty() && !a.is_empty())
            {
                let help = "an action is `service:Operation`, such as `s3:GetObject` or `s3:Get*`";
                self.problems.add(
                    span.clone(),
                    format!("`{action}` is not an action"),
                    Some(help.to_owned()),
                );
            }
        }
        for (resource, span) in &resources {
            if *resource != "*" && resource.splitn(6, ':').count() != 6 {
                let help = "a resource is an ARN, such as `arn:aws:s3:::bucket/*`, or `*`";
                self.problems.add(span.clone(), format!("`{resource}` is not an ARN"), Some(help.to_owned()));
            }
        }
        let own = |texts: Vec<(&str, Option<Range<usize>>)>| {
            texts.into_iter().map(|(text, _)| text.to_owned()).collect()
        };
        Some(Permission { allow, actions: own(actions), resources: own(resources) })
    }

    /// Names and routes are there once.
    fn unique(&mut self, services: &[Service], functions: &[Function]) {
        let place = |places: &BTreeMap<String, _>, kind: &str, name: &WorkloadName| -> Option<Range<usize>> {
            places.get(&format!("{kind}.{name}")).cloned().flatten()
        };
        let names: BTreeSet<_> = services.iter().map(|service| &service.name).collect();
        for function in functions.iter().filter(|function| names.contains(&function.name)) {
            let message = format!("`{}` is a service and a function", function.name);
            let at = place(&self.places, "function", &function.name);
            self.problems.add(at, message, Some("rename one of them".to_owned()));
        }
        let mut seen = BTreeMap::new();
        let of_services = services.iter().flat_map(|s| s.routes.iter().map(|r| (&s.name, r, "service")));
        let of_functions = functions.iter().flat_map(|f| f.routes.iter().map(|r| (&f.name, r, "function")));
        for (name, route, kind) in of_services.chain(of_functions) {
            if let Some(other) = seen.insert((route.host.clone(), route.path.clone()), name) {
                let message = format!(
                    "the route {}{} leads to both `{other}` and `{name}`",
                    route.host.as_deref().unwrap_or(""),
                    route.path
                );
                let at = place(&self.places, kind, name);
                self.problems.add(at, message, Some("give each a path of its own".to_owned()));
            }
        }
    }
}

fn is_path(path: &str) -> bool {
    path.starts_with('/')
        && path.len() <= 1024
        && !path.contains(|c: char| c.is_whitespace() || matches!(c, '?' | '#'))
}

fn is_host(host: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    host.len() <= 253 && host.split('.').all(label)
}
