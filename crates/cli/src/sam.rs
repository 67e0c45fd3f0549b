//! A template of `CloudFormation` or SAM in a folder: its code is built as `sam build` would, what lies beside it is uploaded,
//! and its stack wanted.

mod build;
mod config;
mod package;

use std::path::Path;

use weft_template::cloudformation::Template;

use crate::archive;
use crate::client::Client;
use crate::failure::Failure;
use crate::objects::Bucket;
use crate::stack::{self, Source, Wanted};
use package::Packager;

pub(crate) use config::{CONFIG_FILE, Config};

/// Builds and packages a template; what is given beats what samconfig.toml says.
pub(crate) async fn wanted(
    client: &Client,
    file: &Path,
    config: &Config,
    name: &str,
    parameters: &[(String, String)],
) -> Result<Wanted, Failure> {
    let text = archive::text(file)?;
    let template =
        Template::parse(&text).map_err(|error| Failure::Told(format!("`{}`: {error}", file.display())))?;
    let declared: Vec<String> = template.parameters().iter().map(|parameter| parameter.key.clone()).collect();
    if let Some((unknown, _)) = parameters.iter().find(|(key, _)| !declared.contains(key)) {
        return Err(Failure::Told(format!(
            "the template has no parameter `{unknown}`; it has {}",
            if declared.is_empty() { "none".to_owned() } else { declared.join(", ") }
        )));
    }
    let mut given = parameters.to_vec();
    let is_given = |key: &str| parameters.iter().any(|(given, _)| given == key);
    given.extend(
        config.parameters.iter().filter(|(key, _)| !is_given(key) && declared.contains(key)).cloned(),
    );
    let account = client.account().await?;
    let uploads = Packager::new(client, &account);
    let packaged = uploads.template(file, template.document().clone()).await?;
    let text = if packaged == *template.document() { text } else { packaged.to_string() };
    let source = if text.len() <= stack::BODY_BYTES_MAX {
        Source::Body(text)
    } else {
        let bucket = Bucket::of_artifacts(client, &account).await?;
        let key = bucket.put(".template", text.into_bytes(), name).await?;
        Source::Url(bucket.url(&key))
    };
    Ok(Wanted {
        name: name.to_owned(),
        template: source,
        declared,
        parameters: given,
        tags: config.tags.clone(),
    })
}
