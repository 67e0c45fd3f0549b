//! `samconfig.toml`: what the SAM command line remembers of a project.

use std::path::Path;

use toml_edit::{Document, Item, TableLike};

use crate::archive;
use crate::failure::Failure;

/// The file's name.
pub(crate) const CONFIG_FILE: &str = "samconfig.toml";

/// What it says of the environment `default`.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Config {
    pub(crate) stack_name: Option<String>,
    pub(crate) template_file: Option<String>,
    pub(crate) parameters: Vec<(String, String)>,
    pub(crate) tags: Vec<(String, String)>,
}

impl Config {
    /// Reads a folder's file; one that is not there says nothing.
    pub(crate) fn read(folder: &Path) -> Result<Self, Failure> {
        let path = folder.join(CONFIG_FILE);
        if !path.is_file() {
            return Ok(Self::default());
        }
        Self::parse(&archive::text(&path)?)
            .map_err(|error| Failure::Told(format!("`{}`: {error}", path.display())))
    }

    fn parse(text: &str) -> Result<Self, toml_edit::TomlError> {
        let document = Document::parse(text.to_owned())?;
        let mut config = Self::default();
        // What is said of `deploy` beats what is said of every command.
        for command in ["global", "deploy"] {
            let table = ["default", command, "parameters"]
                .iter()
                .try_fold(document.as_item(), |item, key| item.get(key));
            if let Some(table) = table.and_then(Item::as_table_like) {
                config.take(table);
            }
        }
        Ok(config)
    }

    fn take(&mut self, table: &dyn TableLike) {
        let text = |key: &str| table.get(key).and_then(Item::as_str).map(str::to_owned);
        self.stack_name = text("stack_name").or(self.stack_name.take());
        self.template_file = text("template_file").or_else(|| text("template")).or(self.template_file.take());
        if let Some(item) = table.get("parameter_overrides") {
            self.parameters = pairs(item);
        }
        if let Some(item) = table.get("tags") {
            self.tags = pairs(item);
        }
    }
}

/// `"A=1 B=\"two words\""`, or a list of such.
fn pairs(item: &Item) -> Vec<(String, String)> {
    let texts: Vec<String> = match item.as_array() {
        Some(list) => list.iter().filter_map(|value| value.as_str()).map(str::to_owned).collect(),
        None => item.as_str().map(words).unwrap_or_default(),
    };
    let pairs = texts.iter().filter_map(|text| text.split_once('='));
    pairs.map(|(key, value)| (unquoted(key), unquoted(value))).collect()
}

fn unquoted(text: &str) -> String {
    let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    inner.unwrap_or(text).replace("\\\"", "\"")
}

/// Splits at blanks outside of double quotes; the quotes stay.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let (mut is_quoted, mut is_escaped) = (false, false);
    for c in text.chars() {
        is_quoted ^= c == '"' && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        if c.is_whitespace() && !is_quoted {
            words.extend(Some(std::mem::take(&mut word)).filter(|word| !word.is_empty()));
        } else {
            word.push(c);
        }
    }
    words.extend(Some(word).filter(|word| !word.is_empty()));
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, stack: Option<&str>, parameters: &[(&str, &str)]) {
        let config = Config::parse(text).expect("it is TOML");
        assert_eq!(config.stack_name.as_deref(), stack);
        let found: Vec<_> = config.parameters.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(found, parameters);
    }

    #[test]
    fn samconfig_names_stack_and_parameters() {
        check("version = 0.1\n", None, &[]);
        check(
            "[default.global.parameters]\nstack_name = \"shop\"\n[default.deploy.parameters]\n\
             parameter_overrides = 'A=\"1 2\" \"B\"=\"x=y\" C=3'\n",
            Some("shop"),
            &[("A", "1 2"), ("B", "x=y"), ("C", "3")],
        );
        check("[default.deploy.parameters]\nparameter_overrides = [\"A=1\"]\n", None, &[("A", "1")]);
        check(
            "[default.global.parameters]\nstack_name = \"a\"\n[default.deploy.parameters]\nstack_name = \"b\"\n",
            Some("b"),
            &[],
        );
    }
}
