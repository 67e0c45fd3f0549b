//! The published schemas of resource types.
//!
//! They are packed into the binary (`models/resource-types.bin`, written by `cargo xtask codegen --resource-schemas`) and
//! read when the first of them is asked for; each is parsed once.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::sync::{LazyLock, OnceLock};

use serde_json::Value;

use super::coerce;

static PACKED: &[u8] = include_bytes!("../../../../models/resource-types.bin");

/// The type that stands for all custom resources.
pub(super) const CUSTOM: &str = "AWS::CloudFormation::CustomResource";
const STACK: &str = "AWS::CloudFormation::Stack";

/// Types of which every property is an attribute too.
const ALL_PROPERTIES: [&str; 13] = [
    "AWS::EC2::SecurityGroup",
    "AWS::EC2::Subnet",
    "AWS::EC2::VPC",
    "AWS::ElasticLoadBalancingV2::LoadBalancer",
    "AWS::Events::EventBus",
    "AWS::Kinesis::StreamConsumer",
    "AWS::RDS::DBInstance",
    "AWS::RDS::DBParameterGroup",
    "AWS::S3::AccessPoint",
    "AWS::SNS::Topic",
    "AWS::SQS::Queue",
    "AWS::SSM::Parameter",
    "AWS::StepFunctions::Activity",
];

static SCHEMAS: LazyLock<BTreeMap<String, (String, OnceLock<Option<Schema>>)>> = LazyLock::new(|| {
    let mut text = String::new();
    // What the build has packed can be unpacked; a test says so.
    if flate2::read::ZlibDecoder::new(PACKED).read_to_string(&mut text).is_err() {
        return BTreeMap::new();
    }
    let name = |line: &str| {
        let (_, rest) = line.rsplit_once("\"typeName\":\"")?;
        Some(rest.split_once('"')?.0.to_owned())
    };
    text.lines().filter_map(|line| Some((name(line)?, (line.to_owned(), OnceLock::new())))).collect()
});

/// The schema of a resource type.
#[derive(Debug)]
pub struct Schema {
    kind: String,
    pub(super) document: Value,
    attributes: Vec<String>,
    primary_identifier: Vec<String>,
    create_only: Vec<String>,
    conditional: Vec<String>,
}

/// What is wrong with a property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where: `#` for the properties themselves, `#/Code/S3Key` for one within.
    pub path: String,
    /// What, as `CloudFormation` says it.
    pub text: String,
}

impl Schema {
    /// The schema of a type; `Custom::NAME` has that of custom resources.
    pub fn of(kind: &str) -> Option<&'static Self> {
        let kind = if kind.starts_with("Custom::") { CUSTOM } else { kind };
        let (text, schema) = SCHEMAS.get(kind)?;
        schema
            .get_or_init(|| serde_json::from_str(text).ok().map(|document| Self::new(kind, document)))
            .as_ref()
    }

    /// The names of all types that have one.
    pub fn kinds() -> impl Iterator<Item = &'static str> {
        SCHEMAS.keys().map(String::as_str)
    }

    fn new(kind: &str, document: Value) -> Self {
        let paths = |member: &str| -> Vec<String> {
            let list = document[member].as_array().into_iter().flatten().filter_map(Value::as_str);
            list.map(|path| path.trim_start_matches("/properties/").to_owned()).collect()
        };
        let mut attributes: Vec<String> =
            paths("readOnlyProperties").iter().map(|path| path.replace('/', ".")).collect();
        if ALL_PROPERTIES.contains(&kind) {
            let properties = document["properties"].as_object().into_iter().flatten();
            attributes.extend(properties.map(|(name, _)| name.clone()).filter(|name| !name.is_empty()));
            attributes.sort();
            attributes.dedup();
        }
        Self {
            kind: kind.to_owned(),
            attributes,
            primary_identifier: paths("primaryIdentifier"),
            create_only: paths("createOnlyProperties"),
            conditional: paths("conditionalCreateOnlyProperties"),
            document,
        }
    }

    /// The type.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Whether resources of this type answer with whatever their function says.
    pub fn is_custom(&self) -> bool {
        self.kind == CUSTOM
    }

    /// Whether `Fn::GetAtt` knows an attribute.
    pub fn has_attribute(&self, name: &str) -> bool {
        match self.kind.as_str() {
            CUSTOM => true,
            STACK => name.starts_with("Outputs."),
            _ => {
                let within = |known: &String| {
                    name.strip_prefix(known.as_str()).is_some_and(|rest| rest.starts_with('.'))
                };
                self.attributes.iter().any(|known| known == name || within(known))
            }
        }
    }

    /// What `Fn::GetAtt` knows, parts separated by dots. Custom resources and nested stacks have more.
    pub fn attributes(&self) -> &[String] {
        &self.attributes
    }

    /// The properties that name a resource, as paths such as `RestApiId`.
    pub fn primary_identifier(&self) -> &[String] {
        &self.primary_identifier
    }

    /// The properties that are set at creation only, as paths; `*` stands for any item of a list.
    pub fn create_only(&self) -> &[String] {
        &self.create_only
    }

    /// The properties that some changes of ask for a new resource, as paths.
    pub fn conditional_create_only(&self) -> &[String] {
        &self.conditional
    }

    /// Properties with the types that the schema asks for, and what is wrong with them: `"true"` becomes true, `"7"` 7,
    /// and 7 `"7"`.
    pub fn coerce(&self, properties: &Value) -> (Value, Vec<Problem>) {
        coerce::properties(self, properties)
    }
}
