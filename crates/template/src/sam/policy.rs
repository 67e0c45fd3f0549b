//! The role of a function: managed policies, policy templates, statements.

use serde_json::{Map, Value, json};

use super::{data, invalid};
use crate::cloudformation::TemplateError;

/// A role that grows with what a function needs.
pub(super) struct Role {
    partition: String,
    managed: Vec<Value>,
    pub(super) policies: Vec<Value>,
}

impl Role {
    pub(super) fn new(partition: &str) -> Self {
        Self { partition: partition.to_owned(), managed: Vec::new(), policies: Vec::new() }
    }

    /// Adds a managed policy by its name.
    pub(super) fn managed(&mut self, name: &str) {
        let arn = self.arn(name);
        self.attach(arn);
    }

    fn arn(&self, name: &str) -> Value {
        match data::managed_path(name) {
            Some(path) => Value::from(format!("arn:{}:iam::aws:policy{path}{name}", self.partition)),
            None => Value::from(name),
        }
    }

    fn attach(&mut self, policy: Value) {
        if !self.managed.contains(&policy) {
            self.managed.push(policy);
        }
    }

    /// Adds what `Policies` says: names, ARNs, templates, documents, or a list of such.
    pub(super) fn add_all(&mut self, function: &str, policies: &Value) -> Result<(), TemplateError> {
        match policies {
            Value::Array(list) => {
                list.iter().enumerate().try_for_each(|(index, policy)| self.add(function, index, policy))
            }
            Value::Object(members) if members.len() > 1 && !members.contains_key("Statement") => {
                members.iter().enumerate().try_for_each(|(index, (name, values))| {
                    self.add(function, index, &json!({name.as_str(): values}))
                })
            }
            one => self.add(function, 0, one),
        }
    }

    fn add(&mut self, function: &str, index: usize, policy: &Value) -> Result<(), TemplateError> {
        let name = format!("{function}RolePolicy{index}");
        if let Some([condition, yes, no]) = policy.get("Fn::If").and_then(Value::as_array).map(Vec::as_slice)
        {
            let documents = document(function, yes)?.or(document(function, no)?);
            if documents.is_some() {
                let side = |side: &Value| -> Result<Value, TemplateError> {
                    let document = document(function, side)?;
                    Ok(document.map_or_else(
                        || side.clone(),
                        |document| json!({"PolicyName": name, "PolicyDocument": document}),
                    ))
                };
                self.policies.push(json!({"Fn::If": [condition, side(yes)?, side(no)?]}));
                return Ok(());
            }
            let side = |side: &Value| side.as_str().map_or_else(|| side.clone(), |name| self.arn(name));
            let choice = json!({"Fn::If": [condition, side(yes), side(no)]});
            self.attach(choice);
            return Ok(());
        }
        match (document(function, policy)?, policy) {
            (Some(document), _) => {
                self.policies.push(json!({"PolicyName": name, "PolicyDocument": document}));
            }
            (None, Value::String(name)) => self.managed(name),
            (None, policy) => self.attach(policy.clone()),
        }
        Ok(())
    }

    /// Adds what a destination takes; `None` is a kind that there is not.
    pub(super) fn destination(&mut self, prefix: &str, kind: &str, place: &Value) -> Option<()> {
        let (suffix, action) = match kind {
            "SQS" => ("SQSPolicy", "sqs:SendMessage"),
            "SNS" => ("SNSPolicy", "sns:publish"),
            "Lambda" => ("LambdaPolicy", "lambda:InvokeFunction"),
            "EventBridge" => ("EventBridgePolicy", "events:PutEvents"),
            "S3" | "S3Bucket" => {
                let all = json!({"Fn::Join": ["/", [place, "*"]]});
                self.link(
                    json!({"PolicyName": format!("{prefix}S3Policy"), "PolicyDocument": {"Statement": [
                        {"Action": "s3:PutObject", "Effect": "Allow", "Resource": all},
                        {"Action": "s3:ListBucket", "Effect": "Allow", "Resource": place},
                    ]}}),
                );
                return Some(());
            }
            _ => return None,
        };
        let statement = json!({"Action": action, "Effect": "Allow", "Resource": place});
        self.link(
            json!({"PolicyName": format!("{prefix}{suffix}"), "PolicyDocument": {"Statement": [statement]}}),
        );
        Some(())
    }

    /// Adds a policy unless one says the same.
    fn link(&mut self, policy: Value) {
        if !self.policies.iter().any(|known| known.get("PolicyDocument") == policy.get("PolicyDocument")) {
            self.policies.push(policy);
        }
    }

    /// The role's properties.
    pub(super) fn resource(self, given: &Value, tags: Value) -> Map<String, Value> {
        let trust = given.get("AssumeRolePolicyDocument").cloned().unwrap_or_else(|| {
            json!({"Version": "2012-10-17", "Statement": [
                {"Action": ["sts:AssumeRole"], "Effect": "Allow", "Principal": {"Service": ["lambda.amazonaws.com"]}},
            ]})
        });
        let mut role = Map::from_iter([("AssumeRolePolicyDocument".to_owned(), trust)]);
        role.insert("ManagedPolicyArns".into(), Value::Array(self.managed));
        if !self.policies.is_empty() {
            role.insert("Policies".into(), Value::Array(self.policies));
        }
        for (from, to) in [("RolePath", "Path"), ("PermissionsBoundary", "PermissionsBoundary")] {
            if let Some(value) = given.get(from) {
                role.insert(to.into(), value.clone());
            }
        }
        role.insert("Tags".into(), tags);
        role
    }
}

/// The document of a policy that is one, or a template's; `None` is the name of a managed policy, or a function.
fn document(function: &str, policy: &Value) -> Result<Option<Value>, TemplateError> {
    let Some(members) = policy.as_object() else { return Ok(None) };
    if members.contains_key("Statement") {
        return Ok(Some(policy.clone()));
    }
    let Some((name, values)) = members.iter().next().filter(|_| members.len() == 1) else { return Ok(None) };
    if name == "Ref" || name.starts_with("Fn::") {
        return Ok(None);
    }
    let Some(template) = data::template(name) else {
        return Err(invalid(function, &format!("Policy template with name '{name}' is not found")));
    };
    let wanted = template["parameters"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let missing: Vec<&str> = wanted.filter(|wanted| values.get(wanted).is_none()).collect();
    if !missing.is_empty() {
        return Err(invalid(
            function,
            &format!(
                "Must specify valid parameter values for policy template '{name}': {}",
                missing.join(", ")
            ),
        ));
    }
    Ok(Some(json!({"Statement": filled(&template["statements"], values)})))
}

/// A template's statements with its parameters replaced.
fn filled(statements: &Value, values: &Value) -> Value {
    match statements {
        Value::Array(items) => items.iter().map(|item| filled(item, values)).collect(),
        Value::Object(members) => {
            let reference = members.get("Ref").filter(|_| members.len() == 1).and_then(Value::as_str);
            if let Some(value) = reference.and_then(|name| values.get(name)) {
                return value.clone();
            }
            Value::Object(members.iter().map(|(key, value)| (key.clone(), filled(value, values))).collect())
        }
        other => other.clone(),
    }
}
