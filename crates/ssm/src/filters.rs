//! Filters of lists of parameters.

use std::collections::BTreeSet;

use weft_model::ssm as model;
use weft_service::Error;

use crate::errors::validation;
use crate::names::{Place, parse_path};
use crate::tables::{About, Parameter};

/// One filter: what it looks at, and what it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Filter {
    Name { how: How, values: Vec<String> },
    Path { recursive: bool, paths: Vec<String> },
    Tag { key: String, how: How, values: Vec<String> },
    About { field: Field, how: How, values: Vec<String> },
    Label { labels: Vec<String> },
}

/// How a text is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    Equals,
    BeginsWith,
    Contains,
}

/// What is compared of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Field {
    Type,
    KeyId,
    Tier,
    DataType,
}

impl How {
    fn matches(self, text: &str, values: &[String]) -> bool {
        values.iter().any(|value| match self {
            Self::Equals => text == value,
            Self::BeginsWith => text.starts_with(value.as_str()),
            Self::Contains => text.contains(value.as_str()),
        })
    }
}

impl Field {
    fn of(self, about: &About) -> &str {
        match self {
            Self::Type => &about.kind,
            Self::KeyId => about.key_id.as_deref().unwrap_or_default(),
            Self::Tier => about.tier(),
            Self::DataType => &about.data_type,
        }
    }
}

impl Filter {
    /// Whether a parameter with this newest version passes. Filters of labels choose a version, and are asked elsewhere.
    pub(crate) fn passes(&self, place: &Place, parameter: &Parameter) -> bool {
        match self {
            Self::Name { how: How::Contains, values } => How::Contains.matches(&parameter.name, values),
            Self::Name { how, values } => how.matches(&place.path, values),
            Self::Path { recursive, paths } => {
                paths.iter().any(|path| is_under(&place.path, path, *recursive))
            }
            Self::Tag { key, how, values } => match parameter.tags.get(key) {
                Some(value) => values.is_empty() || how.matches(value, values),
                None => false,
            },
            Self::About { .. } => self.passes_version(&parameter.about),
            Self::Label { .. } => true,
        }
    }

    /// Whether a version passes, by what only versions have.
    pub(crate) fn passes_version(&self, about: &About) -> bool {
        match self {
            Self::About { field, how, values } => how.matches(field.of(about), values),
            _ => true,
        }
    }
}

/// Whether a place is under a path, which is empty or ends with a slash; directly where not `recursive`.
pub(crate) fn is_under(place: &str, path: &str, recursive: bool) -> bool {
    place.strip_prefix(path).is_some_and(|rest| recursive || !rest.contains('/'))
}

/// Parses the filters of `DescribeParameters`.
pub(crate) fn parse_describe(
    old: Option<Vec<model::ParametersFilter>>,
    new: Option<Vec<model::ParameterStringFilter>>,
) -> Result<Vec<Filter>, Error> {
    let (old, new) = (old.unwrap_or_default(), new.unwrap_or_default());
    if !old.is_empty() && !new.is_empty() {
        return Err(validation("You can use either Filters or ParameterFilters in a single request."));
    }
    let old = old.into_iter().map(|filter| {
        let how = (filter.key == "Name").then(|| "BeginsWith".to_owned());
        model::ParameterStringFilter { key: filter.key, option: how, values: Some(filter.values) }
    });
    parse(old.chain(new).collect(), &["Path", "Name", "Type", "KeyId", "Tier", "DataType", "tag:"])
}

/// Parses the filters of `GetParametersByPath`.
pub(crate) fn parse_by_path(
    filters: Option<Vec<model::ParameterStringFilter>>,
) -> Result<Vec<Filter>, Error> {
    parse(filters.unwrap_or_default(), &["Type", "KeyId", "Label"])
}

fn parse(filters: Vec<model::ParameterStringFilter>, keys: &[&str]) -> Result<Vec<Filter>, Error> {
    let mut seen = BTreeSet::new();
    let mut parsed = Vec::new();
    for filter in filters {
        if !seen.insert(filter.key.clone()) {
            return Err(validation(format!(
                "The following filter is duplicated in the request: {}. A request can contain only one occurrence of a specific filter.",
                filter.key
            )));
        }
        let known = keys
            .iter()
            .any(|key| if *key == "tag:" { filter.key.starts_with(key) } else { filter.key == *key });
        if !known {
            let message = format!(
                "The following filter key is not valid: {}. Valid filter keys include: [{}].",
                filter.key,
                keys.join(", ")
            );
            return Err(Error::new("InvalidFilterKey", message).with_status(400));
        }
        parsed.push(one(filter)?);
    }
    Ok(parsed)
}

fn one(filter: model::ParameterStringFilter) -> Result<Filter, Error> {
    let model::ParameterStringFilter { key, option, values } = filter;
    let (option, values) = (option.as_deref(), values.unwrap_or_default());
    if values.is_empty() && !key.starts_with("tag:") {
        let message = format!("The following filter values are missing : null for filter key {key}");
        return Err(Error::new("InvalidFilterValue", message).with_status(400));
    }
    let field = match key.as_str() {
        "Path" => {
            let recursive = choose(option, &[("OneLevel", false), ("Recursive", true)])?;
            let paths = values.iter().map(|path| parse_path(path)).collect::<Result<_, _>>()?;
            return Ok(Filter::Path { recursive, paths });
        }
        "Name" => {
            let all = [("Equals", How::Equals), ("BeginsWith", How::BeginsWith), ("Contains", How::Contains)];
            let how = choose(option, &all)?;
            let bare = |value: String| value.strip_prefix('/').map(str::to_owned).unwrap_or(value);
            let values = if how == How::Contains { values } else { values.into_iter().map(bare).collect() };
            return Ok(Filter::Name { how, values });
        }
        "Label" => {
            choose(option, &[("Equals", ())])?;
            return Ok(Filter::Label { labels: values });
        }
        "Type" => Field::Type,
        "KeyId" => Field::KeyId,
        "Tier" => Field::Tier,
        "DataType" => Field::DataType,
        tag => {
            let key = tag.strip_prefix("tag:").unwrap_or(tag).to_owned();
            let how = choose(option, &[("Equals", How::Equals), ("BeginsWith", How::BeginsWith)])?;
            return Ok(Filter::Tag { key, how, values });
        }
    };
    let how = choose(option, &[("Equals", How::Equals), ("BeginsWith", How::BeginsWith)])?;
    Ok(Filter::About { field, how, values })
}

/// The option by its name; the first where none is given.
fn choose<T: Copy>(option: Option<&str>, all: &[(&str, T)]) -> Result<T, Error> {
    let found = all.iter().find(|(name, _)| option.is_none_or(|option| option == *name));
    found.map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
        let option = option.unwrap_or_default();
        let message = format!(
            "The following filter option is not valid: {option}. Valid options include: [{}].",
            names.join(", ")
        );
        Error::new("InvalidFilterOption", message).with_status(400)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(key: &str, option: Option<&str>, values: &[&str]) -> model::ParameterStringFilter {
        let values = (!values.is_empty()).then(|| values.iter().map(|value| (*value).to_owned()).collect());
        model::ParameterStringFilter { key: key.to_owned(), option: option.map(str::to_owned), values }
    }

    #[track_caller]
    fn check(filters: &[model::ParameterStringFilter], expected: Option<&str>) {
        let found = parse_describe(None, Some(filters.to_vec()));
        assert_eq!(found.err().map(|error| error.code()), expected, "{filters:?}");
    }

    #[test]
    fn filters_that_no_list_knows_are_refused() {
        check(&[filter("Name", Some("Contains"), &["a"]), filter("tag:team", None, &[])], None);
        check(&[filter("Path", Some("Recursive"), &["/a"])], None);
        check(&[filter("Path", Some("Equals"), &["/a"])], Some("InvalidFilterOption"));
        check(&[filter("Path", None, &["a"])], Some("ValidationException"));
        check(&[filter("Type", Some("Contains"), &["a"])], Some("InvalidFilterOption"));
        check(&[filter("Label", None, &["a"])], Some("InvalidFilterKey"));
        check(&[filter("Name", None, &[])], Some("InvalidFilterValue"));
        check(&[filter("Type", None, &["a"]), filter("Type", None, &["b"])], Some("ValidationException"));
        let by_path = parse_by_path(Some(vec![filter("Name", None, &["a"])]));
        assert_eq!(by_path.err().map(|error| error.code()), Some("InvalidFilterKey"));
    }

    #[test]
    fn a_path_has_what_is_under_it() {
        for (place, path, recursive, expected) in [
            ("a/b", "a/", false, true),
            ("a/b/c", "a/", false, false),
            ("a/b/c", "a/", true, true),
            ("ab", "a/", true, false),
            ("a", "a/", true, false),
            ("a", "", false, true),
            ("a/b", "", false, false),
        ] {
            assert_eq!(is_under(place, path, recursive), expected, "{place} {path}");
        }
    }
}
