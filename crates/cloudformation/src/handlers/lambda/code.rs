//! Where a function's or a layer's code comes from.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value as Json};

use super::package::package;
use crate::convert;
use crate::task::{Failure, Task};

/// The code of a function, as `CreateFunction` and `UpdateFunctionCode` take it.
pub(super) fn of_function(task: &Task<'_>) -> Result<Map<String, Json>, Failure> {
    let mut code = given(task, "Code")?;
    if code.contains_key("ImageUri") || task.text("PackageType").is_some_and(|kind| kind == "Image") {
        return Err(Failure::new(
            "Functions from container images (ImageUri) are not supported by Weft yet.",
        ));
    }
    if let Some(text) = code.get("ZipFile") {
        let runtime = task.text("Runtime").unwrap_or_default();
        let archive = package(&runtime, &convert::text(text))?;
        code.insert("ZipFile".to_owned(), Json::String(STANDARD.encode(archive)));
    }
    Ok(code)
}

/// The object that has the code.
pub(super) fn given(task: &Task<'_>, property: &str) -> Result<Map<String, Json>, Failure> {
    let code = task.get(property).and_then(Json::as_object).cloned().unwrap_or_default();
    if code.get("S3ObjectStorageMode").is_some_and(|mode| convert::text(mode) != "COPY") {
        return Err(Failure::new(format!("{property}.S3ObjectStorageMode is not supported by Weft yet.")));
    }
    Ok(code)
}
