//! Plain code without a `weft.toml`.

use std::collections::BTreeMap;

use weft_template::{BuildKind, Manifest, read_file, read_folder};

const FLASK: &str = "from flask import Flask\napp = Flask(__name__)\n\n@app.route('/')\ndef hello():\n    return 'Hello, World!'\n\nif __name__ == '__main__':\n    app.run()\n";

fn folder(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
    entries.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
}

/// One line: what runs, and what is installed for it.
fn line(manifest: &Manifest) -> String {
    let service = manifest.services.first().map(|s| {
        format!("service {} `{}` {:?} {:?}", s.name, s.command.join(" "), s.code.build, s.code.requirements)
    });
    let function = manifest.functions.first().map(|f| {
        format!(
            "function {} {} {} {:?} {:?}",
            f.name, f.handler, f.runtime, f.code.build, f.code.requirements
        )
    });
    service.or(function).unwrap_or_default()
}

#[track_caller]
fn check(entries: &[(&str, &str)], expected: &str) {
    match read_folder("shop", &folder(entries)) {
        Ok(manifest) => assert_eq!(line(&manifest), expected),
        Err(problems) => assert_eq!(problems[0].to_string(), expected),
    }
}

#[test]
fn a_folder_of_plain_code_is_understood() {
    check(&[("app.py", FLASK)], "service web `python app.py` Python [\"Flask\"]");
    check(&[("app.py", FLASK), ("requirements.txt", "Flask==3")], "service web `python app.py` Python []");
    check(
        &[
            ("main.py", "from fastapi import FastAPI\nimport models\napi = FastAPI()\n"),
            ("models.py", "import pydantic"),
        ],
        "service web `python -m uvicorn main:api --port $PORT` Python [\"fastapi\", \"pydantic\", \"uvicorn\"]",
    );
    check(
        &[
            ("main.py", "from fastapi import FastAPI\napp = FastAPI()\n"),
            ("requirements.txt", "fastapi\nuvicorn\n"),
        ],
        "service web `python -m uvicorn main:app --port $PORT` Python []",
    );
    check(
        &[
            ("Procfile", "worker: python w.py\nweb: gunicorn app:app -b 0.0.0.0:$PORT\n"),
            ("requirements.txt", "gunicorn"),
        ],
        "service web `gunicorn app:app -b 0.0.0.0:$PORT` Python []",
    );
    check(
        &[("package.json", r#"{"scripts":{"start":"node server.js --x"},"dependencies":{"express":"4"}}"#)],
        "service web `node server.js --x` Node []",
    );
    check(&[("package.json", r#"{"scripts":{"start":"next start"}}"#)], "service web `npm start` Node []");
    check(&[("server.js", "require('http')")], "service web `node server.js` None []");
    check(
        &[("manage.py", "import django")],
        "service web `python manage.py runserver --noreload 0.0.0.0:$PORT` Python [\"Django\"]",
    );
    check(
        &[("app.py", "import boto3\ndef handler(event, context):\n    return 1\n")],
        "function shop app.handler python3.12 Python [\"boto3\"]",
    );
    check(
        &[("index.js", "exports.handler = async () => 1")],
        "function shop index.handler nodejs22.x None []",
    );
}

#[test]
fn what_is_not_understood_says_what_to_do() {
    check(
        &[("notes.txt", "x")],
        "shop: nothing in this folder says how `web` is started\n  help: add `command = \"python app.py\"`, a Procfile, or a \
         `start` script in package.json",
    );
    check(
        &[("template.yaml", "Resources: {}")],
        "shop/template.yaml: SAM and CloudFormation templates are not built yet\n  help: describe the app in a weft.toml beside it",
    );
}

#[track_caller]
fn check_file(file: &str, entries: &[(&str, &str)], expected: &str) -> Option<Manifest> {
    match read_file(file, &folder(entries)) {
        Ok(manifest) => {
            assert_eq!(line(&manifest), expected);
            Some(manifest)
        }
        Err(problems) => {
            assert_eq!(problems[0].to_string(), expected);
            None
        }
    }
}

#[test]
fn a_lone_file_is_served() {
    let manifest =
        check_file("hello.py", &[("hello.py", FLASK)], "service hello `python hello.py` Python [\"Flask\"]")
            .unwrap();
    assert_eq!(manifest.app.as_str(), "hello");
    assert_eq!(manifest.services[0].routes[0].path, "/");
    assert_eq!(manifest.services[0].code.only.as_deref(), Some(&["hello.py".to_owned()][..]));
    check_file(
        "greet.py",
        &[("greet.py", "def handler(event, context):\n    return 1\n")],
        "function greet greet.handler python3.12 Python []",
    );
    check_file("app.js", &[("app.js", "require('http')")], "service app `node app.js` None []");
    check_file(
        "notes.txt",
        &[("notes.txt", "")],
        "notes.txt: this kind of file cannot be run\n  help: give a `.py` or `.js` file, or a folder with a weft.toml",
    );
    check_file(
        "gone.py",
        &[],
        "gone.py: the file cannot be read as text\n  help: give a text file of at most 1 MiB",
    );
}

#[test]
fn a_lone_file_brings_the_modules_that_it_imports() {
    let entries = [
        ("hello.py", &*FLASK.replace("from flask", "import helper, pkg\nfrom flask")),
        ("helper.py", "import deep, yaml"),
        ("deep.py", "import hello"),
        ("other.py", "import requests"),
        ("pkg/__init__.py", ""),
        ("templates/a.html", ""),
    ];
    let manifest =
        check_file("hello.py", &entries, "service hello `python hello.py` Python [\"Flask\", \"PyYAML\"]")
            .unwrap();
    let only = manifest.services[0].code.only.clone().unwrap();
    assert_eq!(only, ["hello.py", "deep.py", "helper.py", "pkg", "templates"]);
    assert_eq!(manifest.services[0].code.build, BuildKind::Python);
}

#[test]
fn any_name_becomes_an_apps_name() {
    for (name, expected) in [
        ("My App!", "my-app"),
        ("2024-shop", "shop"),
        ("___", "app"),
        ("Ünïcode", "n-code"),
        ("a_very_long_name_that_goes_on", "a-very-long-name-that-go"),
    ] {
        let manifest = read_folder(name, &folder(&[("app.py", FLASK)])).unwrap();
        assert_eq!(manifest.app.as_str(), expected, "{name}");
    }
}
