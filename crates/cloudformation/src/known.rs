//! What is known of a stack's resources while it is deployed.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use weft_template::cloudformation::Known;

use crate::tables::{ResourceRecord, json};

/// Resources that exist, and values that other stacks export.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    resources: BTreeMap<String, Fact>,
    imports: BTreeMap<String, String>,
}

#[derive(Debug, Clone)]
struct Fact {
    reference: Json,
    attributes: Json,
}

impl Facts {
    /// What the records of resources say.
    pub(crate) fn of(
        resources: &BTreeMap<String, ResourceRecord>,
        imports: BTreeMap<String, String>,
    ) -> Self {
        let mut facts = Self { resources: BTreeMap::new(), imports };
        for (logical_id, record) in resources {
            facts.learn(logical_id, record);
        }
        facts
    }

    /// Takes over what a resource's record says.
    pub(crate) fn learn(&mut self, logical_id: &str, record: &ResourceRecord) {
        let Some(reference) = record.reference.as_ref().or(record.physical_id.as_ref()) else {
            self.resources.remove(logical_id);
            return;
        };
        let fact = Fact { reference: Json::String(reference.clone()), attributes: json(&record.attributes) };
        self.resources.insert(logical_id.to_owned(), fact);
    }
}

impl Known for Facts {
    fn reference(&self, logical_id: &str) -> Option<Json> {
        Some(self.resources.get(logical_id)?.reference.clone())
    }

    fn attribute(&self, logical_id: &str, attribute: &str) -> Option<Json> {
        let attributes = &self.resources.get(logical_id)?.attributes;
        if let Some(found) = attributes.get(attribute) {
            return Some(found.clone());
        }
        // `Endpoint.Address`: an attribute of an attribute.
        attribute.split('.').try_fold(attributes, |value, name| value.get(name)).cloned()
    }

    fn import(&self, export: &str) -> Option<Json> {
        self.imports.get(export).cloned().map(Json::String)
    }
}
