//! Parameters: what is given, what is declared, and what comes of both.

use std::collections::BTreeMap;

use serde_json::Value;

use super::constraint;
use super::{ParameterDeclaration, TemplateError};

/// What the caller of an operation gives for a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    /// `ParameterValue`.
    Value(String),
    /// `UsePreviousValue`.
    Previous,
}

/// A parameter whose value is the name of a parameter of Systems Manager.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SsmLookup {
    /// The template's parameter.
    pub parameter: String,
    /// The name in Systems Manager.
    pub name: String,
    /// The type that its value must have, such as `String` or `List<String>`.
    pub kind: String,
}

/// Parameters with their values, before what Systems Manager holds is known.
#[derive(Debug, Clone)]
pub struct Binding {
    declarations: Vec<ParameterDeclaration>,
    given: BTreeMap<String, String>,
}

impl Binding {
    /// Joins declarations with what is given. `previous` is what [`Binding::given`] said when the stack was last deployed.
    pub(super) fn new(
        declarations: &[ParameterDeclaration],
        given: &BTreeMap<String, Given>,
        previous: &BTreeMap<String, String>,
    ) -> Result<Self, TemplateError> {
        let strangers = given.keys().filter(|key| !declarations.iter().any(|known| known.key == **key));
        let strangers: Vec<&str> = strangers.map(String::as_str).collect();
        if !strangers.is_empty() {
            let names = strangers.join(", ");
            return Err(TemplateError::new(format!("Parameters: [{names}] do not exist in the template")));
        }
        let mut values = BTreeMap::new();
        let mut missing = Vec::new();
        for declaration in declarations {
            let key = &declaration.key;
            let value = match given.get(key) {
                Some(Given::Value(value)) => Some(value),
                Some(Given::Previous) => Some(previous.get(key).ok_or_else(|| no_previous(key))?),
                None => declaration.default.as_ref(),
            };
            match value {
                Some(value) => {
                    constraint::check(declaration, value)?;
                    values.insert(key.clone(), value.clone());
                }
                None => missing.push(key.as_str()),
            }
        }
        if !missing.is_empty() {
            return Err(TemplateError::new(format!("Parameters: [{}] must have values", missing.join(", "))));
        }
        Ok(Self { declarations: declarations.to_vec(), given: values })
    }

    /// What has to be looked up in Systems Manager, as the template orders it.
    pub fn lookups(&self) -> Vec<SsmLookup> {
        self.declarations.iter().filter_map(|declaration| self.lookup(declaration)).collect()
    }

    fn lookup(&self, declaration: &ParameterDeclaration) -> Option<SsmLookup> {
        let kind = ssm_kind(&declaration.kind)?;
        let name = self.given.get(&declaration.key)?;
        Some(SsmLookup { parameter: declaration.key.clone(), name: name.clone(), kind: kind.to_owned() })
    }

    /// The value of each parameter as given or by default: what `UsePreviousValue` means next time.
    pub fn given(&self) -> &BTreeMap<String, String> {
        &self.given
    }

    /// Looks up what has to be looked up; `None` is a parameter that Systems Manager does not have. Names all of those
    /// at once.
    pub fn resolve(
        self,
        look: &mut dyn FnMut(&SsmLookup) -> Option<String>,
    ) -> Result<Parameters, TemplateError> {
        let mut values = Vec::with_capacity(self.declarations.len());
        let mut missing = Vec::new();
        for declaration in &self.declarations {
            let Some(given) = self.given.get(&declaration.key).cloned() else { continue };
            let lookup = self.lookup(declaration);
            let resolved = match &lookup {
                Some(lookup) => match look(lookup) {
                    Some(found) => Some(found),
                    None => {
                        missing.push(lookup.name.clone());
                        continue;
                    }
                },
                None => None,
            };
            let kind = ssm_kind(&declaration.kind).unwrap_or(&declaration.kind);
            let value = typed(kind, resolved.as_deref().unwrap_or(&given));
            let value = ParameterValue { value, given, resolved, no_echo: declaration.no_echo };
            values.push((declaration.key.clone(), value));
        }
        if missing.is_empty() {
            return Ok(Parameters { values });
        }
        let names = missing.join(", ");
        Err(TemplateError::new(format!(
            "Unable to fetch parameters [{names}] from parameter store for this account."
        )))
    }
}

/// All parameters of a stack with their values.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Parameters {
    values: Vec<(String, ParameterValue)>,
}

impl Parameters {
    /// One parameter.
    pub fn get(&self, key: &str) -> Option<&ParameterValue> {
        self.values.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// The same with `****` for what is not to be shown.
    pub(super) fn hidden(&self) -> Self {
        let mut hidden = self.clone();
        for (_, parameter) in hidden.values.iter_mut().filter(|(_, parameter)| parameter.no_echo) {
            parameter.value = match &parameter.value {
                Value::Array(items) => items.iter().map(|_| Value::from("****")).collect(),
                _ => Value::from("****"),
            };
        }
        hidden
    }

    /// All of them, as the template orders them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ParameterValue)> {
        self.values.iter().map(|(key, value)| (key.as_str(), value))
    }
}

/// A parameter's value.
#[derive(Debug, Clone, PartialEq)]
pub struct ParameterValue {
    /// What `Ref` gives: a string or a list of strings.
    pub value: Value,
    /// As given, or the default.
    pub given: String,
    /// What Systems Manager holds, for types that are looked up there.
    pub resolved: Option<String>,
    /// Whether it is hidden.
    pub no_echo: bool,
}

impl ParameterValue {
    /// The value as `DescribeStacks` shows it.
    pub fn shown(&self) -> &str {
        if self.no_echo { "****" } else { &self.given }
    }
}

/// The type of the value that Systems Manager holds, for a type that is looked up there.
pub(super) fn ssm_kind(kind: &str) -> Option<&str> {
    kind.strip_prefix("AWS::SSM::Parameter::Value<")?.strip_suffix('>')
}

/// Whether a type's values are lists, separated by commas.
pub(super) fn is_list(kind: &str) -> bool {
    kind == "CommaDelimitedList" || kind.starts_with("List<")
}

/// The members of a list as it is given.
pub(super) fn members(value: &str) -> impl Iterator<Item = &str> {
    value.split(',').map(str::trim)
}

fn typed(kind: &str, value: &str) -> Value {
    if is_list(kind) { members(value).map(Value::from).collect() } else { Value::from(value) }
}

fn no_previous(key: &str) -> TemplateError {
    TemplateError::new(format!(
        "Invalid input for parameter key {key}. Cannot specify usePreviousValue as true for a parameter key not in the previous template"
    ))
}
