//! What plain code is: how it is started, and which packages it needs.

use weft_types::{AppName, RuntimeName, WorkloadName};

use crate::handler::{exports_handler, function_code};
use crate::listing::join;
use crate::python::{self, PythonProgram};
use crate::{
    Auth, BuildKind, Code, Diagnostic, Function, Listing, MANIFEST_FILE, Manifest, PartName, Route, Scale,
    Service, parse, shell,
};

/// Where Python code is looked for that serves.
const PYTHON_FILES: [&str; 6] = ["app.py", "main.py", "wsgi.py", "asgi.py", "server.py", "index.py"];
/// Where Node.js code is looked for that serves.
const NODE_FILES: [&str; 9] = [
    "server.js",
    "app.js",
    "index.js",
    "main.js",
    "server.mjs",
    "app.mjs",
    "index.mjs",
    "server.cjs",
    "index.cjs",
];
/// The runtime of a Python function that names none.
pub(crate) const PYTHON_RUNTIME: &str = "python3.12";
/// The runtime of a Node.js function that names none.
pub(crate) const NODE_RUNTIME: &str = "nodejs22.x";

/// Reads a folder: its `weft.toml`, or else plain code. `name` is the folder's name, which names the app where nothing
/// else does.
pub fn read_folder(name: &str, files: &dyn Listing) -> Result<Manifest, Vec<Diagnostic>> {
    if let Some(text) = files.read(MANIFEST_FILE) {
        return parse(&text, name, files);
    }
    let mut manifest = empty(name);
    if let Ok((code, handler, runtime)) = function_code(files, "", None, None)
        && service_code(files, "", Hints::named("web")).is_err()
    {
        manifest.notes.push(format!("a {runtime} function with the handler `{handler}`"));
        manifest.functions.push(function(workload_name(name), code, handler, runtime));
        return Ok(manifest);
    }
    match service_code(files, "", Hints::named("web")) {
        Ok(found) => {
            manifest.notes.extend(found.note.clone());
            manifest.services.push(service(workload_name("web"), found));
            Ok(manifest)
        }
        Err(problem) => Err(vec![problem.in_folder(name, files)]),
    }
}

/// Reads a lone file, `hello.py` or `app.js`, with the modules beside it that it imports. `files` are those of its folder.
pub fn read_file(file: &str, files: &dyn Listing) -> Result<Manifest, Vec<Diagnostic>> {
    let Some(text) = files.read(file) else {
        let help = "give a text file of at most 1 MiB";
        return Err(vec![Diagnostic::of_file(file, "the file cannot be read as text").with_help(help)]);
    };
    let (stem, ending) = file.rsplit_once('.').unwrap_or((file, ""));
    let mut manifest = empty(stem);
    let name = workload_name(stem);
    match ending {
        "py" => {
            let only = python_closure(file, files);
            let mut found = python_file(files, "", file, &text, Some(&only));
            if let Some(found) = &mut found {
                found.code.only = Some(only.clone());
            }
            match (found, python::classify(&text)) {
                (_, PythonProgram::Handler(handler)) => {
                    let requirements = python_requirements(files, "", Some(&only));
                    let code = Code { requirements, only: Some(only), ..python_code("", PYTHON_RUNTIME) };
                    manifest.functions.push(function(
                        name,
                        code,
                        format!("{stem}.{handler}"),
                        runtime(PYTHON_RUNTIME),
                    ));
                }
                (Some(found), _) => {
                    manifest.notes.extend(found.note.clone());
                    manifest.services.push(service(name, found));
                }
                (None, _) => return Err(vec![not_a_program(file)]),
            }
        }
        "js" | "mjs" | "cjs" => {
            let only = Some(vec![file.to_owned()]);
            if exports_handler(&text) {
                let code = Code { only, ..node_code("", NODE_RUNTIME, BuildKind::None) };
                manifest.functions.push(function(
                    name,
                    code,
                    format!("{stem}.handler"),
                    runtime(NODE_RUNTIME),
                ));
            } else {
                let code = Code { only, ..node_code("", "node", BuildKind::None) };
                let command = vec!["node".to_owned(), file.to_owned()];
                manifest.services.push(service(
                    name,
                    Found { code, command, interpreter: Some("node".into()), note: None },
                ));
            }
        }
        _ => {
            let help = "give a `.py` or `.js` file, or a folder with a weft.toml";
            return Err(vec![Diagnostic::of_file(file, "this kind of file cannot be run").with_help(help)]);
        }
    }
    Ok(manifest)
}

/// What a manifest says of a service already.
#[derive(Debug, Default)]
pub(crate) struct Hints<'a> {
    pub(crate) name: &'a str,
    pub(crate) command: Option<Vec<String>>,
    /// `none` for a native program.
    pub(crate) interpreter: Option<String>,
}

impl<'a> Hints<'a> {
    fn named(name: &'a str) -> Self {
        Self { name, ..Self::default() }
    }
}

/// How a service is built and started.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) code: Code,
    pub(crate) command: Vec<String>,
    pub(crate) interpreter: Option<String>,
    pub(crate) note: Option<String>,
}

/// Why code is not understood.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

impl Problem {
    pub(crate) fn new(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self { message: message.into(), help: Some(help.into()) }
    }

    /// The problem of a folder without a manifest, which may be an input that is not built yet.
    fn in_folder(self, folder: &str, files: &dyn Listing) -> Diagnostic {
        let foreign = [
            ("cdk.json", "CDK apps"),
            ("template.yaml", "SAM and CloudFormation templates"),
            ("template.yml", "SAM and CloudFormation templates"),
            ("compose.yaml", "compose files"),
            ("docker-compose.yml", "compose files"),
        ];
        if let Some((file, what)) = foreign.iter().find(|(file, _)| files.files("").iter().any(|f| f == file))
        {
            let help = "describe the app in a weft.toml beside it";
            return Diagnostic::of_file(format!("{folder}/{file}"), format!("{what} are not built yet"))
                .with_help(help);
        }
        let diagnostic = Diagnostic::of_file(folder, self.message);
        match self.help {
            Some(help) => diagnostic.with_help(help),
            None => diagnostic,
        }
    }
}

/// Finds out how the code of a service is built and started.
pub(crate) fn service_code(files: &dyn Listing, path: &str, hints: Hints<'_>) -> Result<Found, Problem> {
    let chosen = hints.interpreter.as_deref();
    let mut found = match hints.command {
        Some(command) => started_by(files, path, command, chosen),
        None => detected(files, path).ok_or_else(|| {
            let place = if path.is_empty() { "this folder".to_owned() } else { format!("`{path}`") };
            let message = format!("nothing in {place} says how `{}` is started", hints.name);
            Problem::new(
                message,
                "add `command = \"python app.py\"`, a Procfile, or a `start` script in package.json",
            )
        })?,
    };
    match chosen {
        Some("none") => {
            found.interpreter = None;
            found.code.interpreter = None;
            found.code.build = BuildKind::None;
            found.code.requirements.clear();
        }
        Some(chosen) => {
            found.interpreter = Some(chosen.to_owned());
            found.code.interpreter = Some(chosen.to_owned());
        }
        None => {}
    }
    Ok(found)
}

/// A service whose command is known.
fn started_by(files: &dyn Listing, path: &str, command: Vec<String>, interpreter: Option<&str>) -> Found {
    let program = command.first().map_or("", |program| program.rsplit('/').next().unwrap_or(program));
    let here = files.files(path);
    let has = |names: &[&str]| names.iter().any(|name| here.iter().any(|file| file == name));
    let (python, node) = match interpreter {
        Some(chosen) => (chosen.starts_with("python"), chosen.starts_with("node")),
        None => (
            program.starts_with("python")
                || ["flask", "gunicorn", "uvicorn", "waitress-serve", "hypercorn"].contains(&program)
                || program == "sh" && has(&["requirements.txt", "pyproject.toml"]),
            ["node", "nodejs", "npm", "npx", "yarn", "pnpm"].contains(&program)
                || program == "sh" && has(&["package.json"]),
        ),
    };
    let code = if python {
        Code { requirements: python_requirements(files, path, None), ..python_code(path, "python") }
    } else if node {
        let build = if has(&["package.json"]) { BuildKind::Node } else { BuildKind::None };
        node_code(path, "node", build)
    } else {
        native_code(path)
    };
    let interpreter = code.interpreter.clone();
    Found { code, command, interpreter, note: None }
}

/// A service whose command is read off its files.
fn detected(files: &dyn Listing, path: &str) -> Option<Found> {
    let here = files.files(path);
    let has = |name: &str| here.iter().any(|file| file == name);
    let read = |name: &str| has(name).then(|| files.read(&join(path, name))).flatten();
    if let Some(command) = read("Procfile").and_then(|text| procfile_web(&text)) {
        let note = Some(format!("started by `{}`, as the Procfile says", command.join(" ")));
        return Some(Found { note, ..started_by(files, path, command, None) });
    }
    if has("manage.py") {
        let command = ["python", "manage.py", "runserver", "--noreload", "0.0.0.0:$PORT"].map(str::to_owned);
        return Some(Found {
            note: Some("started by `python manage.py runserver`, as manage.py is there".to_owned()),
            ..started_by(files, path, command.to_vec(), None)
        });
    }
    for file in PYTHON_FILES.iter().filter(|file| has(file)) {
        let text = read(file)?;
        if let Some(found) = python_file(files, path, file, &text, None) {
            return Some(found);
        }
    }
    let package = read("package.json").and_then(|text| serde_json::from_str::<serde_json::Value>(&text).ok());
    if let Some(script) = package.as_ref().and_then(|package| package["scripts"]["start"].as_str()) {
        let direct = shell::split(script).ok().filter(|words| words[0] == "node");
        let command = direct.unwrap_or_else(|| vec!["npm".to_owned(), "start".to_owned()]);
        let note = Some(format!("started by `{}`, as package.json says", command.join(" ")));
        return Some(Found { note, ..started_by(files, path, command, None) });
    }
    let main = package.as_ref().and_then(|package| package["main"].as_str()).filter(|main| has(main));
    let file = main.or_else(|| NODE_FILES.iter().copied().find(|file| has(file)))?;
    if read(file).is_some_and(|text| exports_handler(&text)) {
        return None;
    }
    let note = Some(format!("started by `node {file}`"));
    Some(Found { note, ..started_by(files, path, vec!["node".to_owned(), file.to_owned()], None) })
}

/// A service that is one Python file, with its modules.
fn python_file(
    files: &dyn Listing,
    path: &str,
    file: &str,
    text: &str,
    only: Option<&[String]>,
) -> Option<Found> {
    let module = file.trim_end_matches(".py").replace('/', ".");
    let mut extra = None;
    let (command, what): (Vec<String>, &str) = match python::classify(text) {
        PythonProgram::RunsItself => (words(&["python", file]), "it serves when it is run"),
        PythonProgram::Flask => {
            let command = ["python", "-m", "flask", "--app", &module, "run", "--port", "$PORT"];
            (words(&command), "it makes a Flask app")
        }
        PythonProgram::Asgi(app) => {
            extra = Some("uvicorn");
            let app = format!("{module}:{app}");
            (words(&["python", "-m", "uvicorn", &app, "--port", "$PORT"]), "it makes an ASGI app")
        }
        PythonProgram::Wsgi(app) => {
            let serve = format!(
                "import os; from wsgiref.simple_server import make_server; from {module} import {app} as app; \
                 make_server('127.0.0.1', int(os.environ['PORT']), app).serve_forever()"
            );
            (words(&["python", "-c", &serve]), "it makes a WSGI app")
        }
        PythonProgram::Handler(_) | PythonProgram::Other => return None,
    };
    let mut requirements = python_requirements(files, path, only);
    requirements.extend(extra.filter(|extra| !lists_package(files, path, extra)).map(str::to_owned));
    let shown = if command.contains(&"-c".to_owned()) {
        "python's wsgiref".to_owned()
    } else {
        format!("`{}`", command.join(" "))
    };
    Some(Found {
        code: Code { requirements, ..python_code(path, "python") },
        command,
        interpreter: Some("python".to_owned()),
        note: Some(format!("started by {shown}: {what} ({file})")),
    })
}

/// Packages that the imports need, where no file lists any.
pub(crate) fn python_requirements(files: &dyn Listing, path: &str, only: Option<&[String]>) -> Vec<String> {
    let here = files.files(path);
    let listed = |name: &str| here.iter().any(|file| file == name);
    if only.is_none() && (listed("requirements.txt") || listed("Pipfile") || pyproject_lists(files, path)) {
        return Vec::new();
    }
    let names = only.map_or_else(|| here.clone(), <[String]>::to_vec);
    let modules = names
        .iter()
        .filter(|name| is_python(name))
        .filter_map(|name| files.read(&join(path, name)))
        .flat_map(|text| python::imports(&text))
        .collect();
    python::requirements(&modules, |module| is_local(files, path, &here, module))
}

fn is_local(files: &dyn Listing, path: &str, here: &[String], module: &str) -> bool {
    here.contains(&format!("{module}.py")) || files.has_folder(&join(path, module))
}

fn pyproject_lists(files: &dyn Listing, path: &str) -> bool {
    let text = files.read(&join(path, "pyproject.toml")).unwrap_or_default();
    text.parse::<toml_edit::DocumentMut>().is_ok_and(|document| {
        document.get("project").and_then(|project| project.get("dependencies")).is_some()
    })
}

fn lists_package(files: &dyn Listing, path: &str, package: &str) -> bool {
    ["requirements.txt", "pyproject.toml"]
        .iter()
        .filter_map(|file| files.read(&join(path, file)))
        .any(|text| text.contains(package))
}

/// A Python file, the modules beside it that it imports, and theirs; and the folders where Flask looks for more.
fn python_closure(file: &str, files: &dyn Listing) -> Vec<String> {
    let here = files.files("");
    let mut names = vec![file.to_owned()];
    let mut at = 0;
    while let Some(name) = names.get(at).cloned() {
        at += 1;
        for module in files.read(&name).map(|text| python::imports(&text)).unwrap_or_default() {
            let sibling = format!("{module}.py");
            let package = files.files(&module).iter().any(|file| file == "__init__.py");
            let found = if here.contains(&sibling) { sibling } else { module };
            if (package || is_python(&found)) && !names.contains(&found) {
                names.push(found);
            }
        }
    }
    names.extend(
        ["static", "templates"].iter().filter(|name| files.has_folder(name)).map(|name| (*name).to_owned()),
    );
    names[1..].sort();
    names
}

fn is_python(file: &str) -> bool {
    file.strip_suffix("py").is_some_and(|stem| stem.ends_with('.'))
}

fn procfile_web(text: &str) -> Option<Vec<String>> {
    let line = text.lines().find_map(|line| line.strip_prefix("web:"))?;
    shell::split_or_shell(line.trim()).ok()
}

fn empty(name: &str) -> Manifest {
    let (services, functions, notes) = (Vec::new(), Vec::new(), Vec::new());
    Manifest { app: app_name(name), part: PartName::from_text(name), services, functions, notes }
}

fn service(name: WorkloadName, found: Found) -> Service {
    Service {
        name,
        code: found.code,
        command: found.command,
        interpreter: found.interpreter,
        routes: vec![Route { host: None, path: "/".to_owned(), auth: Auth::Unsaid, strip: false }],
        environment: std::collections::BTreeMap::new(),
        memory_mib: 256,
        timeout_seconds: 300,
        start_timeout_seconds: 60,
        scale: Scale::SERVICE,
        health: None,
        permissions: Vec::new(),
    }
}

fn function(name: WorkloadName, code: Code, handler: String, runtime: RuntimeName) -> Function {
    Function {
        name,
        code,
        handler,
        runtime,
        routes: vec![Route { host: None, path: "/".to_owned(), auth: Auth::Unsaid, strip: false }],
        environment: std::collections::BTreeMap::new(),
        memory_mib: 128,
        timeout_seconds: 3,
        scale: Scale::FUNCTION,
        permissions: Vec::new(),
    }
}

fn not_a_program(file: &str) -> Diagnostic {
    let help = "a service makes a Flask, FastAPI or WSGI app, or serves when it is run; a function is `def handler(event, \
                context)`; anything else needs a folder with a weft.toml that has its `command`";
    Diagnostic::of_file(file, "nothing in this file says how it serves").with_help(help)
}

pub(crate) fn python_code(path: &str, interpreter: &str) -> Code {
    Code { build: BuildKind::Python, interpreter: Some(interpreter.to_owned()), ..native_code(path) }
}

pub(crate) fn node_code(path: &str, interpreter: &str, build: BuildKind) -> Code {
    Code { build, interpreter: Some(interpreter.to_owned()), ..native_code(path) }
}

pub(crate) fn native_code(path: &str) -> Code {
    Code {
        path: path.to_owned(),
        only: None,
        build: BuildKind::None,
        interpreter: None,
        requirements: Vec::new(),
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

pub(crate) fn runtime(name: &str) -> RuntimeName {
    RuntimeName::parse(name).expect("the names of default runtimes follow the rule")
}

/// The nearest app name to a folder's or file's name.
pub(crate) fn app_name(text: &str) -> AppName {
    AppName::parse(&label(text, 24)).expect("a label of at most 24 characters is an app name")
}

fn workload_name(text: &str) -> WorkloadName {
    WorkloadName::parse(&label(text, 32)).expect("a label of at most 32 characters is a workload name")
}

/// The nearest host label to any text.
fn label(text: &str, length_max: usize) -> String {
    let keep = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let cleaned: String = text.chars().map(keep).collect();
    let start = cleaned.trim_start_matches(|c: char| !c.is_ascii_lowercase());
    let cut: String = start.chars().take(length_max).collect();
    let label = cut.trim_end_matches('-');
    if label.is_empty() { "app".to_owned() } else { label.to_owned() }
}
