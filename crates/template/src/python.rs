//! Reads off Python code what it imports and what it is, without running it.

use std::collections::BTreeSet;

/// What a Python file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PythonProgram {
    /// It serves by itself when it is run.
    RunsItself,
    /// It makes a Flask app that somebody has to serve.
    Flask,
    /// It makes an ASGI app of this name that somebody has to serve.
    Asgi(String),
    /// It makes a WSGI app of this name that somebody has to serve.
    Wsgi(String),
    /// It has a function of this name that takes an event and a context.
    Handler(String),
    /// None of these.
    Other,
}

/// Frameworks by the call that makes an app: whether it speaks ASGI.
const FRAMEWORKS: [(&str, bool); 9] = [
    ("FastAPI", true),
    ("Starlette", true),
    ("Quart", true),
    ("Litestar", true),
    ("falcon.asgi.App", true),
    ("falcon.App", false),
    ("Bottle", false),
    ("get_wsgi_application", false),
    ("get_asgi_application", true),
];

/// Says what a file is.
pub(crate) fn classify(text: &str) -> PythonProgram {
    let code = without_strings(text);
    let flask = code.lines().any(|line| made_by(line, "Flask").is_some()) || code.contains("def create_app(");
    let app = FRAMEWORKS.iter().find_map(|(call, asgi)| {
        let name = code.lines().find_map(|line| made_by(line, call))?;
        Some(if *asgi { PythonProgram::Asgi(name) } else { PythonProgram::Wsgi(name) })
    });
    let serves = ["serve_forever(", ".run(", "\nrun(", " run(", "run_app(", "run_simple(", "serve("];
    if serves.iter().any(|call| code.contains(call)) && (flask || app.is_some() || imports_server(&code)) {
        return PythonProgram::RunsItself;
    }
    if flask && imports(text).contains("flask") {
        return PythonProgram::Flask;
    }
    app.or_else(|| plain_app(&code)).unwrap_or(PythonProgram::Other)
}

/// The top-level modules that a file imports, other than relative ones.
pub(crate) fn imports(text: &str) -> BTreeSet<String> {
    let code = without_strings(text);
    let mut found = BTreeSet::new();
    for statement in code.lines().flat_map(|line| line.split(';')).map(str::trim_start) {
        if let Some(rest) = statement.strip_prefix("import ") {
            found.extend(rest.split(',').filter_map(top_level));
        } else if let Some(rest) = statement.strip_prefix("from ")
            && rest.contains(" import")
        {
            found.extend(top_level(rest));
        }
    }
    found
}

/// The packages that install the modules; those of the standard library and those that `is_local` knows are left out.
pub(crate) fn requirements(modules: &BTreeSet<String>, is_local: impl Fn(&str) -> bool) -> Vec<String> {
    let foreign = modules.iter().filter(|module| !is_standard(module) && !is_local(module));
    let mut packages: Vec<String> =
        foreign.filter_map(|module| package_of(module)).map(str::to_owned).collect();
    packages.sort_by_key(|package| package.to_ascii_lowercase());
    packages.dedup();
    packages
}

/// The package that has a module; `None` for a name that many packages share.
fn package_of(module: &str) -> Option<&str> {
    /// Modules whose package is called otherwise.
    const PACKAGES: [(&str, &str); 33] = [
        ("Crypto", "pycryptodome"),
        ("MySQLdb", "mysqlclient"),
        ("OpenSSL", "pyOpenSSL"),
        ("PIL", "Pillow"),
        ("attr", "attrs"),
        ("bs4", "beautifulsoup4"),
        ("cv2", "opencv-python-headless"),
        ("dateutil", "python-dateutil"),
        ("django", "Django"),
        ("docx", "python-docx"),
        ("dns", "dnspython"),
        ("dotenv", "python-dotenv"),
        ("fitz", "PyMuPDF"),
        ("flask", "Flask"),
        ("flask_cors", "Flask-Cors"),
        ("flask_sqlalchemy", "Flask-SQLAlchemy"),
        ("git", "GitPython"),
        ("jinja2", "Jinja2"),
        ("jose", "python-jose"),
        ("jwt", "PyJWT"),
        ("magic", "python-magic"),
        ("markdown", "Markdown"),
        ("multipart", "python-multipart"),
        ("pkg_resources", "setuptools"),
        ("psycopg2", "psycopg2-binary"),
        ("pymysql", "PyMySQL"),
        ("serial", "pyserial"),
        ("skimage", "scikit-image"),
        ("sklearn", "scikit-learn"),
        ("slugify", "python-slugify"),
        ("werkzeug", "Werkzeug"),
        ("yaml", "PyYAML"),
        ("zmq", "pyzmq"),
    ];
    if module == "google" {
        return None;
    }
    Some(PACKAGES.iter().find(|(name, _)| *name == module).map_or(module, |(_, package)| package))
}

fn is_standard(module: &str) -> bool {
    // The names of Python 3.11's standard library, and what later and earlier versions have beyond.
    include_str!("stdlib.txt").split_ascii_whitespace().any(|name| name == module)
}

fn top_level(text: &str) -> Option<String> {
    let text = text.trim_start();
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len());
    let name = &text[..end];
    (!name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit())).then(|| name.to_owned())
}

/// The variable that a top-level statement `app = Flask(…)` or `app = flask.Flask(…)` makes.
fn made_by(line: &str, call: &str) -> Option<String> {
    let (name, made) = line.split_once('=')?;
    let name = name.split(':').next()?.trim_end();
    let made = made.trim_start();
    let callee = made.split('(').next().filter(|callee| callee.len() < made.len())?.trim_end();
    let matches = callee == call || callee.rsplit_once('.').is_some_and(|(_, last)| last == call);
    (matches && top_level(name).as_deref() == Some(name)).then(|| name.to_owned())
}

/// `def app(environ, start_response)`, `async def app(scope, receive, send)`, `def handler(event, context)`.
fn plain_app(code: &str) -> Option<PythonProgram> {
    for line in code.lines() {
        let rest = line.strip_prefix("async ").unwrap_or(line);
        let Some((name, parameters)) = rest.strip_prefix("def ").and_then(|rest| rest.split_once('(')) else {
            continue;
        };
        let parameters = parameters.split(')').next().unwrap_or("");
        let count = parameters.split(',').filter(|p| !p.trim().is_empty()).count();
        let name = name.trim().to_owned();
        if parameters.contains("start_response") && count == 2 {
            return Some(PythonProgram::Wsgi(name));
        }
        if parameters.contains("receive") && parameters.contains("send") && count == 3 {
            return Some(PythonProgram::Asgi(name));
        }
        if count == 2 && (name.ends_with("handler") || parameters.trim_start().starts_with("event")) {
            return Some(PythonProgram::Handler(name));
        }
    }
    None
}

fn imports_server(code: &str) -> bool {
    const SERVERS: [&str; 14] = [
        "http",
        "socketserver",
        "wsgiref",
        "aiohttp",
        "tornado",
        "uvicorn",
        "hypercorn",
        "waitress",
        "gunicorn",
        "cherrypy",
        "bottle",
        "sanic",
        "gevent",
        "werkzeug",
    ];
    let modules = imports(code);
    SERVERS.iter().any(|server| modules.contains(*server))
}

/// The text with the inside of strings and comments taken out, line by line as before.
fn without_strings(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let skipped = match c {
            '#' => rest.find('\n').unwrap_or(rest.len()),
            '"' | '\'' => string_length(rest, c),
            c => {
                out.push(c);
                rest = &rest[c.len_utf8()..];
                continue;
            }
        };
        if c != '#' {
            out.extend([c, c]);
        }
        out.extend(rest[..skipped].chars().filter(|c| *c == '\n'));
        rest = &rest[skipped..];
    }
    out
}

/// How many bytes the string at the beginning of `text` has, its quotes included.
fn string_length(text: &str, quote: char) -> usize {
    let triple = text.len() >= 3 && text.chars().take(3).all(|c| c == quote) && text.chars().nth(2).is_some();
    let (mut escaped, open) = (false, if triple { 3 } else { 1 });
    for (at, c) in text.char_indices().skip(open) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '\n' if !triple => return at,
            c if c == quote && !triple => return at + 1,
            c if c == quote && text[at..].chars().take(3).filter(|c| *c == quote).count() == 3 => {
                return at + 3;
            }
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_imports(text: &str, expected: &[&str]) {
        let found: Vec<_> = imports(text).into_iter().collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn imports_are_read_off_the_code() {
        check_imports("import os, json as j\nfrom flask import Flask", &["flask", "json", "os"]);
        check_imports("import a.b.c\nfrom d.e import f", &["a", "d"]);
        check_imports("from . import x\nfrom .y import z", &[]);
        check_imports("try:\n    import yaml\nexcept ImportError:\n    pass", &["yaml"]);
        check_imports("\"\"\"\nimport nothing\n\"\"\"\nimport a # import b\nx = 'import c'", &["a"]);
        check_imports("import a; import b", &["a", "b"]);
        check_imports("from_x = 1\nimportant = 2", &[]);
        check_imports("from x import (\n  y,\n  z,\n)", &["x"]);
    }

    #[test]
    fn requirements_leave_out_what_is_there() {
        let modules = imports("import os, flask, helper, yaml, requests, google.protobuf, sklearn.svm");
        let packages = requirements(&modules, |module| module == "helper");
        assert_eq!(packages, ["Flask", "PyYAML", "requests", "scikit-learn"]);
    }

    fn check(text: &str, expected: &PythonProgram) {
        assert_eq!(&classify(text), expected, "{text}");
    }

    #[test]
    fn a_program_is_known_by_its_code() {
        use PythonProgram::{Asgi, Flask, Handler, Other, RunsItself, Wsgi};
        check(
            "from flask import Flask\napp = Flask(__name__)\nif __name__ == '__main__':\n    app.run()\n",
            &RunsItself,
        );
        check("import flask\napp = flask.Flask(__name__)\n", &Flask);
        check("from flask import Flask\ndef create_app():\n    app = Flask('x')\n    return app\n", &Flask);
        check("from fastapi import FastAPI\napi: FastAPI = FastAPI()\n", &Asgi("api".into()));
        check("import uvicorn\nfrom fastapi import FastAPI\na = FastAPI()\nuvicorn.run(a)\n", &RunsItself);
        check("from http.server import HTTPServer\nHTTPServer(('',1),H).serve_forever()\n", &RunsItself);
        check("from bottle import run, route\nrun(host='localhost')\n", &RunsItself);
        check("def application(environ, start_response):\n    pass\n", &Wsgi("application".into()));
        check("async def app(scope, receive, send):\n    pass\n", &Asgi("app".into()));
        check("def lambda_handler(event, context):\n    return 1\n", &Handler("lambda_handler".into()));
        check("def handler(a, b):\n    subprocess.run(['x'])\n", &Handler("handler".into()));
        check("print('Flask(')\n", &Other);
    }
}
