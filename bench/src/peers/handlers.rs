//! The functions: an answer and nothing else, and one that leaves a mark of each event.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Cursor, Write as _};
use std::path::Path;

use zip::write::SimpleFileOptions;

use crate::app::WORKERS_MAX;

/// The handler that answers.
pub(super) const ANSWERS: &str = "def handler(event, context):\n    return {\"hello\": \"world\"}\n";

/// A handler that also adds a byte to a file, whose size says how many events it had.
pub(super) fn counts(file: &Path) -> String {
    // A JSON string is one of Python as well.
    let file = serde_json::Value::from(file.to_string_lossy());
    format!(
        "import os\n\nMARKS = os.open({file}, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)\n\n\n\
         def handler(event, context):\n    os.write(MARKS, b\".\")\n    return {{\"hello\": \"world\"}}\n"
    )
}

/// The folder that `weft up` deploys as the app `peers`.
pub(super) fn write_app(folder: &Path) -> io::Result<()> {
    for name in ["py", "counted", "native"] {
        fs::create_dir_all(folder.join(name))?;
    }
    fs::write(folder.join("py/handler.py"), ANSWERS)?;
    fs::write(folder.join("counted/handler.py"), counts(Path::new("/tmp/marks")))?;
    fs::copy(std::env::current_exe()?, folder.join("native/bootstrap"))?;
    let mut text = "app = \"peers\"\n".to_owned();
    for (name, runtime, handler) in [
        ("py", "python3.11", "handler.handler"),
        ("counted", "python3.11", "handler.handler"),
        ("native", "provided.al2023", "bootstrap"),
    ] {
        let _ = write!(
            text,
            "\n[function.{name}]\npath = \"{name}\"\nruntime = \"{runtime}\"\nhandler = \"{handler}\"\nmemory = 256\n\
             scale = {{ max = {WORKERS_MAX} }}\n"
        );
    }
    fs::write(folder.join("weft.toml"), text)
}

/// `handler.py` as `CreateFunction` takes it.
pub(super) fn packed(code: &str) -> io::Result<Vec<u8>> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file("handler.py", SimpleFileOptions::default().unix_permissions(0o644))?;
    zip.write_all(code.as_bytes())?;
    Ok(zip.finish()?.into_inner())
}

/// The project without which `cargo lambda watch` does not start; none of it is built.
pub(super) fn write_project(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder.join("src"))?;
    fs::write(folder.join("src/main.rs"), "fn main() {}\n")?;
    let manifest =
        "[package]\nname = \"bench-native\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[workspace]\n";
    fs::write(folder.join("Cargo.toml"), manifest)
}

/// The project of `serverless`, named `bench`.
pub(super) fn write_serverless(folder: &Path, marks: &Path) -> io::Result<()> {
    fs::write(folder.join("answers.py"), ANSWERS)?;
    fs::write(folder.join("counted.py"), counts(marks))?;
    fs::write(
        folder.join("serverless.yml"),
        "service: bench\nprovider:\n  name: aws\n  runtime: python3.11\nfunctions:\n  py:\n    handler: answers.handler\n  \
         counted:\n    handler: counted.handler\nplugins:\n  - serverless-offline\n",
    )
}
