//! `JSONPath`, as `$input.path` and `$input.json` take it: names, indices, slices, unions, `*`, `..` and filters by comparison.

use serde_json::Value as Json;

/// Values that one path may find.
const FOUND_MAX: usize = 100_000;

/// What a path finds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Found {
    /// One place, which may not be there.
    One(Option<Json>),
    /// All places that fit.
    Many(Vec<Json>),
}

impl Found {
    /// The value: null where nothing is there, a list of what was found where the path may find several.
    pub(crate) fn into_json(self) -> Json {
        match self {
            Self::One(value) => value.unwrap_or_default(),
            Self::Many(values) => Json::Array(values),
        }
    }
}

#[derive(Debug, PartialEq)]
enum Step {
    Names(Vec<String>),
    Indices(Vec<i64>),
    Slice(Option<i64>, Option<i64>),
    All,
    Deep,
    Filter(Vec<String>, Option<(String, Json)>),
}

/// Finds what a path means. The message of a failure says what is wrong with the path.
pub(crate) fn find(json: &Json, path: &str) -> Result<Found, String> {
    let steps = parse(path.trim())?;
    let definite = steps.iter().all(|step| match step {
        Step::Names(names) => names.len() == 1,
        Step::Indices(indices) => indices.len() == 1,
        _ => false,
    });
    let mut found = vec![json];
    for step in &steps {
        let mut next = Vec::new();
        for value in found {
            take(value, step, &mut next);
            if next.len() > FOUND_MAX {
                return Err("the path finds too much".to_owned());
            }
        }
        found = next;
    }
    Ok(if definite {
        Found::One(found.first().map(|value| (*value).clone()))
    } else {
        Found::Many(found.into_iter().cloned().collect())
    })
}

fn take<'j>(value: &'j Json, step: &Step, out: &mut Vec<&'j Json>) {
    match (step, value) {
        (Step::Names(names), Json::Object(members)) => {
            out.extend(names.iter().filter_map(|name| members.get(name)));
        }
        // Several names on a list mean those of each of its items, as in the library that AWS uses; one alone finds none.
        (Step::Names(names), Json::Array(items)) if names.len() > 1 => {
            out.extend(items.iter().flat_map(|item| names.iter().filter_map(|name| item.get(name))));
        }
        (Step::Indices(indices), Json::Array(items)) => {
            out.extend(indices.iter().filter_map(|index| items.get(place(*index, items.len())?)));
        }
        (Step::Slice(from, to), Json::Array(items)) => {
            let bound = |index: Option<i64>, other: usize| match index {
                None => other,
                Some(index) => place(index, items.len()).unwrap_or(0).min(items.len()),
            };
            let (from, to) = (bound(*from, 0), bound(*to, items.len()));
            out.extend(items.get(from..to.max(from)).unwrap_or_default());
        }
        (Step::All, Json::Array(items)) => out.extend(items),
        (Step::All, Json::Object(members)) => out.extend(members.values()),
        (Step::Deep, _) => deep(value, out),
        (Step::Filter(path, wanted), Json::Array(items)) => {
            out.extend(items.iter().filter(|item| fits(item, path, wanted.as_ref())));
        }
        _ => {}
    }
}

fn place(index: i64, length: usize) -> Option<usize> {
    if index < 0 {
        return length.checked_sub(usize::try_from(index.unsigned_abs()).ok()?);
    }
    usize::try_from(index).ok()
}

fn deep<'j>(value: &'j Json, out: &mut Vec<&'j Json>) {
    if out.len() > FOUND_MAX {
        return;
    }
    out.push(value);
    match value {
        Json::Array(items) => items.iter().for_each(|item| deep(item, out)),
        Json::Object(members) => members.values().for_each(|member| deep(member, out)),
        _ => {}
    }
}

fn fits(item: &Json, path: &[String], wanted: Option<&(String, Json)>) -> bool {
    let Some(value) = path.iter().try_fold(item, |at, name| at.get(name)) else { return false };
    let Some((operator, other)) = wanted else { return true };
    let order = match (value, other) {
        (Json::Number(one), Json::Number(other)) => {
            one.as_f64().zip(other.as_f64()).and_then(|(one, other)| one.partial_cmp(&other))
        }
        (Json::String(one), Json::String(other)) => Some(one.cmp(other)),
        _ => None,
    };
    match operator.as_str() {
        "==" => value == other || order.is_some_and(std::cmp::Ordering::is_eq),
        "!=" => !(value == other || order.is_some_and(std::cmp::Ordering::is_eq)),
        "<" => order.is_some_and(std::cmp::Ordering::is_lt),
        "<=" => order.is_some_and(std::cmp::Ordering::is_le),
        ">" => order.is_some_and(std::cmp::Ordering::is_gt),
        ">=" => order.is_some_and(std::cmp::Ordering::is_ge),
        _ => false,
    }
}

fn parse(path: &str) -> Result<Vec<Step>, String> {
    let wrong = || format!("the path {path} is wrong");
    let mut rest = path.strip_prefix('$').unwrap_or(path);
    // A path without `$` begins with a name.
    if rest.len() == path.len() && !rest.is_empty() && !rest.starts_with(['.', '[']) {
        let (step, left) = name(rest).ok_or_else(wrong)?;
        let mut steps = vec![step];
        steps.extend(parse(&format!("${left}"))?);
        return Ok(steps);
    }
    let mut steps = Vec::new();
    while !rest.is_empty() {
        let (step, left) = if let Some(after) = rest.strip_prefix("..") {
            steps.push(Step::Deep);
            if after.starts_with('[') { bracket(after) } else { name(after) }
        } else if let Some(after) = rest.strip_prefix('.') {
            name(after)
        } else {
            bracket(rest)
        }
        .ok_or_else(wrong)?;
        steps.push(step);
        rest = left;
    }
    Ok(steps)
}

fn name(text: &str) -> Option<(Step, &str)> {
    if let Some(rest) = text.strip_prefix('*') {
        return Some((Step::All, rest));
    }
    let end = text.find(['.', '[']).unwrap_or(text.len());
    (end > 0).then(|| (Step::Names(vec![text[..end].to_owned()]), &text[end..]))
}

fn bracket(text: &str) -> Option<(Step, &str)> {
    let inner = text.strip_prefix('[')?;
    if inner.starts_with("?(") {
        let end = inner.find(")]")?;
        return Some((filter(inner[2..end].trim())?, &inner[end + 2..]));
    }
    if inner.trim_start().starts_with(['\'', '"']) {
        let mut names = Vec::new();
        let mut rest = inner.trim_start();
        loop {
            let quote = rest.chars().next().filter(|sign| matches!(sign, '\'' | '"'))?;
            let end = rest[1..].find(quote)?;
            names.push(rest[1..=end].to_owned());
            rest = rest[end + 2..].trim_start();
            if let Some(left) = rest.strip_prefix(']') {
                return Some((Step::Names(names), left));
            }
            rest = rest.strip_prefix(',')?.trim_start();
        }
    }
    let end = inner.find(']')?;
    let (what, left) = (inner[..end].trim(), &inner[end + 1..]);
    let number = |text: &str| text.trim().parse::<i64>().ok();
    let step = if what == "*" {
        Step::All
    } else if let Some((from, to)) = what.split_once(':') {
        let bound = |text: &str| {
            if text.trim().is_empty() { Some(None) } else { number(text).map(Some) }
        };
        Step::Slice(bound(from)?, bound(to)?)
    } else {
        Step::Indices(what.split(',').map(number).collect::<Option<_>>()?)
    };
    Some((step, left))
}

fn filter(text: &str) -> Option<Step> {
    let operators = ["==", "!=", "<=", ">=", "<", ">"];
    let found = operators.iter().find_map(|operator| Some((*operator, text.split_once(operator)?)));
    let (left, wanted) = match found {
        None => (text, None),
        Some((operator, (left, right))) => {
            let right = right.trim();
            let value = match right.strip_prefix('\'').and_then(|text| text.strip_suffix('\'')) {
                Some(text) => Json::String(text.to_owned()),
                None => serde_json::from_str(right).ok()?,
            };
            (left, Some((operator.to_owned(), value)))
        }
    };
    let path = left.trim().strip_prefix('@')?;
    let path = path.split('.').skip(1).map(|name| name.trim().to_owned()).collect();
    Some(Step::Filter(path, wanted))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(path: &str, expected: Option<&Json>) {
        let json = json!({
            "store": { "book": [
                { "title": "a", "price": 1 }, { "title": "b", "price": 20, "isbn": "x" }, { "title": "c", "price": 3 },
            ] },
            "a.b": 7, "null": null,
        });
        assert_eq!(find(&json, path).map(Found::into_json).ok().as_ref(), expected, "{path}");
    }

    #[test]
    fn a_path_finds_one_place_or_all_that_fit() {
        check("$.store.book[0].title", Some(&json!("a")));
        check("$.store.book[-1].title", Some(&json!("c")));
        check("$['a.b']", Some(&json!(7)));
        check("store.book[1].isbn", Some(&json!("x")));
        check("$.missing.name", Some(&json!(null)));
        check("$.store.book[*].title", Some(&json!(["a", "b", "c"])));
        check("$..title", Some(&json!(["a", "b", "c"])));
        check("$.store.book[0,2].price", Some(&json!([1, 3])));
        check("$.store.book[1:].title", Some(&json!(["b", "c"])));
        check("$.store.book[?(@.price > 2)].title", Some(&json!(["b", "c"])));
        check("$.store.book[?(@.title == 'a')].price", Some(&json!([1])));
        check("$.store.book[?(@.isbn)].title", Some(&json!(["b"])));
        check("$.store.book[", None);
        check("$.", None);
        check("$.store.book[x]", None);
    }
}
