//! Code that stands in a template, as an archive.

use std::io::{Cursor, Write as _};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::task::Failure;

/// Letters that code in a template may have: 4 MB.
const TEXT_MAX: usize = 4_194_304;

/// What a language names its files, and what it is given to answer custom resources with.
struct Language {
    file: &'static str,
    response: (&'static str, &'static str),
    /// The text by which code asks for it.
    asked_by: &'static str,
}

const PYTHON: Language = Language {
    file: "index.py",
    response: ("cfnresponse.py", include_str!("response/cfnresponse.py")),
    asked_by: "cfnresponse",
};
const NODE: Language = Language {
    file: "index.js",
    response: ("cfn-response.js", include_str!("response/cfn-response.js")),
    asked_by: "cfn-response",
};

fn language(runtime: &str) -> Result<Language, Failure> {
    match runtime {
        _ if runtime.starts_with("python") => Ok(PYTHON),
        _ if runtime.starts_with("nodejs") => Ok(NODE),
        _ => {
            let reason =
                format!("ZipFile can only be used with Node.js and Python runtimes, not with {runtime}.");
            Err(Failure::new(reason))
        }
    }
}

/// An archive of the file `index`, and of the module that answers custom resources where the code asks for it. The same text
/// gives the same archive.
pub(super) fn package(runtime: &str, text: &str) -> Result<Vec<u8>, Failure> {
    let language = language(runtime)?;
    if text.is_empty() || text.len() > TEXT_MAX {
        return Err(Failure::new("ZipFile must have between 1 and 4194304 letters."));
    }
    let mut files = vec![(language.file, text)];
    if text.contains(language.asked_by) {
        files.push(language.response);
    }
    archive(&files).map_err(|error| Failure::new(format!("The code could not be packed: {error}")))
}

fn archive(files: &[(&str, &str)]) -> zip::result::ZipResult<Vec<u8>> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in files {
        archive.start_file(*name, SimpleFileOptions::default().unix_permissions(0o644))?;
        archive.write_all(text.as_bytes())?;
    }
    Ok(archive.finish()?.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inline_code_becomes_an_index_file_of_its_language() {
        let check = |runtime: &str, text: &str, expected: Result<&[&str], ()>| {
            let packed = package(runtime, text).map_err(drop);
            let names = packed.map(|bytes| {
                let archive = zip::ZipArchive::new(Cursor::new(bytes)).expect("an archive");
                archive.file_names().map(str::to_owned).collect::<Vec<_>>()
            });
            assert_eq!(
                names.as_deref().map_err(|()| ()),
                expected.map(|names| names.to_vec()).as_deref(),
                "{runtime}"
            );
        };
        check("python3.12", "def handler(event, context): pass", Ok(&["index.py"]));
        check("nodejs22.x", "exports.handler = async () => 1", Ok(&["index.js"]));
        check("python3.12", "import cfnresponse", Ok(&["index.py", "cfnresponse.py"]));
        check("nodejs22.x", "const r = require('cfn-response')", Ok(&["index.js", "cfn-response.js"]));
        check("java21", "class A {}", Err(()));
        check("python3.12", "", Err(()));
    }
}
