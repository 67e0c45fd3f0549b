//! Functions: which code handles their events.

use weft_types::RuntimeName;

use crate::detect::{
    NODE_RUNTIME, PYTHON_RUNTIME, Problem, native_code, node_code, python_code, python_requirements, runtime,
};
use crate::listing::join;
use crate::python::{self, PythonProgram};
use crate::{BuildKind, Code, Listing};

/// Where handlers of functions are looked for, without their endings.
const HANDLER_FILES: [&str; 6] = ["app", "lambda_function", "handler", "index", "main", "function"];

/// Finds the handler and the runtime of a function where its manifest does not name them, and checks that the handler's
/// file is there.
pub(crate) fn function_code(
    files: &dyn Listing,
    path: &str,
    handler: Option<String>,
    runtime_name: Option<RuntimeName>,
) -> Result<(Code, String, RuntimeName), Problem> {
    let here = files.files(path);
    let (handler, file) = match handler {
        Some(handler) => {
            let file = handler_file(files, path, &handler);
            (handler, file)
        }
        None => found_handler(files, path, &here).ok_or_else(|| {
            let message = "nothing says which code handles the function's events";
            Problem::new(
                message,
                "add `handler = \"app.handler\"`: the function `handler` of the file app.py or app.js",
            )
        })?,
    };
    let runtime_name = match (runtime_name, file.as_deref().and_then(|file| file.rsplit_once('.'))) {
        (Some(name), _) => name,
        (None, Some((_, "py"))) => runtime(PYTHON_RUNTIME),
        (None, Some(_)) => runtime(NODE_RUNTIME),
        (None, None) => {
            let module = handler.rsplit_once('.').map_or(handler.as_str(), |(module, _)| module);
            let message =
                format!("there is no {module}.py, {module}.js or {module}.mjs for the handler `{handler}`");
            return Err(Problem::new(
                message,
                "name the handler as `file.function`, or add `runtime = \"python3.12\"`",
            ));
        }
    };
    let name = runtime_name.as_str();
    let code = match (name.starts_with("python"), name.starts_with("nodejs")) {
        (true, _) => Code { requirements: python_requirements(files, path, None), ..python_code(path, name) },
        (_, true) => {
            let package = here.iter().any(|file| file == "package.json");
            node_code(path, name, if package { BuildKind::Node } else { BuildKind::None })
        }
        _ => return Ok((native_code(path), handler, runtime_name)),
    };
    if file.is_none() {
        let module = handler.rsplit_once('.').map_or(handler.as_str(), |(module, _)| module);
        let place = if path.is_empty() { "this folder".to_owned() } else { format!("`{path}`") };
        let message = format!("there is no `{module}` in {place} for the handler `{handler}`");
        return Err(Problem::new(message, "name the handler as `file.function`, such as `app.handler`"));
    }
    Ok((code, handler, runtime_name))
}

/// The file that a handler names, where there is one.
fn handler_file(files: &dyn Listing, path: &str, handler: &str) -> Option<String> {
    let (module, _) = handler.rsplit_once('.')?;
    let candidates = [
        format!("{}.py", module.replace('.', "/")),
        format!("{}/__init__.py", module.replace('.', "/")),
        format!("{module}.js"),
        format!("{module}.mjs"),
        format!("{module}.cjs"),
    ];
    candidates.into_iter().find(|candidate| {
        let whole = join(path, candidate);
        let (folder, name) = whole.rsplit_once('/').unwrap_or(("", &whole));
        files.files(folder).iter().any(|file| file == name)
    })
}

/// The handler that a folder's code has, and its file.
fn found_handler(files: &dyn Listing, path: &str, here: &[String]) -> Option<(String, Option<String>)> {
    for stem in HANDLER_FILES {
        let python = format!("{stem}.py");
        if here.contains(&python)
            && let PythonProgram::Handler(name) = python::classify(&files.read(&join(path, &python))?)
        {
            return Some((format!("{stem}.{name}"), Some(python)));
        }
        for ending in ["js", "mjs", "cjs"] {
            let file = format!("{stem}.{ending}");
            if here.contains(&file) && exports_handler(&files.read(&join(path, &file))?) {
                return Some((format!("{stem}.handler"), Some(file)));
            }
        }
    }
    None
}

/// Whether a JavaScript file exports a function `handler`.
pub(crate) fn exports_handler(text: &str) -> bool {
    let marks = [
        "exports.handler",
        "export const handler",
        "export async function handler",
        "export function handler",
    ];
    marks.iter().any(|mark| text.contains(mark))
}
