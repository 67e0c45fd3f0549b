//! The app under test: the same answer from Python, Node.js and a native program, and copies of each that nobody has asked yet.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

/// The functions, by the names of their routes and folders.
pub(crate) const KINDS: [&str; 3] = ["py", "node", "native"];
/// Copies of each for cold starts.
pub(crate) const COPIES: usize = 20;
/// Workers of one function at most: more connections than this wait for one of them.
pub(crate) const WORKERS_MAX: usize = 8;

/// Writes the folder that `weft up` deploys.
pub(crate) fn write(folder: &Path) -> io::Result<()> {
    for kind in KINDS {
        fs::create_dir_all(folder.join(kind))?;
    }
    fs::write(
        folder.join("py/handler.py"),
        "def handler(event, context):\n    return {\"hello\": \"world\"}\n",
    )?;
    fs::write(folder.join("node/index.js"), "exports.handler = async () => ({ hello: \"world\" });\n")?;
    fs::copy(std::env::current_exe()?, folder.join("native/bootstrap"))?;
    fs::write(folder.join("weft.toml"), manifest())
}

/// The name of a copy.
pub(crate) fn copy(kind: &str, number: usize) -> String {
    format!("{kind}-{number}")
}

/// The name that the Lambda API knows.
pub(crate) fn function_name(kind: &str) -> String {
    format!("bench-{kind}")
}

fn manifest() -> String {
    let mut text = "app = \"bench\"\n".to_owned();
    for kind in KINDS {
        section(&mut text, kind, kind);
        for number in 0..COPIES {
            section(&mut text, &copy(kind, number), kind);
        }
    }
    text
}

fn section(text: &mut String, name: &str, kind: &str) {
    let (runtime, handler) = match kind {
        "py" => ("python3.11", "handler.handler"),
        "node" => ("nodejs20.x", "index.handler"),
        _ => ("provided.al2023", "bootstrap"),
    };
    let _ = write!(
        text,
        "\n[function.{name}]\npath = \"{kind}\"\nruntime = \"{runtime}\"\nhandler = \"{handler}\"\nroute = \"/{name}\"\n\
         memory = 256\nscale = {{ max = {WORKERS_MAX} }}\n"
    );
}
