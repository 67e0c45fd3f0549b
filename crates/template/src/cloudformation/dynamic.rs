//! Dynamic references.
use serde_json::Value;
/// A dynamic reference.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum DynamicReference {
    /// `{{resolve:ssm:NAME:VERSION}}`.
    Ssm {
        /// The parameter.
        name: String,
        /// Its version; the latest where none is given.
        version: Option<u64>,
    },
    /// `{{resolve:ssm-secure:NAME:VERSION}}`.
    SsmSecure {
        /// The parameter.
        name: String,
        /// Its version; the latest where none is given.
        version: Option<u64>,
    },
    /// `{{resolve:secretsmanager:SECRET:SecretString:KEY:STAGE:VERSION}}`.
    SecretsManager {
        /// The secret's name or ARN.
        secret: String,
        /// The key of its JSON; the whole string where none is given.
        json_key: Option<String>,
        /// The version's stage.
        version_stage: Option<String>,
        /// The version's id.
        version_id: Option<String>,
    },
}
/// All dynamic references in a value.
pub fn dynamic_references(value: &Value) -> Vec<DynamicReference> { todo!() }
/// Substitutes.
pub fn substitute<E>(value: &Value, look: &mut dyn FnMut(&DynamicReference) -> Result<String, E>) -> Result<Value, E> { todo!() }
