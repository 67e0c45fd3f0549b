//! From members to Rust: how generated structs are made, and how their fields turn into and from values.

use std::collections::BTreeMap;

use bytes::Bytes;
use weft_types::Timestamp;

use crate::{Constraint, Schema, Type, Value};

/// A Rust type that stands for a member or an element.
pub trait Field: Sized {
    /// Makes it from a place of a structure. A value of another type counts as absent, and a required field that is
    /// absent is its type's empty value: decoding has refused both before.
    fn take(value: Option<Value>) -> Self;

    /// The value for a place of a structure.
    fn give(self) -> Option<Value>;
}

macro_rules! plain_field {
    ($($rust:ty, $variant:ident;)*) => { $(
        impl Field for $rust {
            fn take(value: Option<Value>) -> Self {
                match value {
                    Some(Value::$variant(inner)) => inner,
                    _ => Self::default(),
                }
            }

            fn give(self) -> Option<Value> {
                Some(Value::$variant(self))
            }
        }
    )* };
}

plain_field! {
    bool, Bool;
    i64, Integer;
    f64, Double;
    String, Text;
    Bytes, Blob;
    Timestamp, Time;
}

impl Field for i32 {
    fn take(value: Option<Value>) -> Self {
        match value {
            Some(Value::Integer(inner)) => Self::try_from(inner).unwrap_or_default(),
            _ => 0,
        }
    }

    fn give(self) -> Option<Value> {
        Some(Value::Integer(i64::from(self)))
    }
}

impl<T: Field> Field for Option<T> {
    fn take(value: Option<Value>) -> Self {
        value.map(|value| T::take(Some(value)))
    }

    fn give(self) -> Option<Value> {
        self.and_then(T::give)
    }
}

impl<T: Field> Field for Box<T> {
    fn take(value: Option<Value>) -> Self {
        Self::new(T::take(value))
    }

    fn give(self) -> Option<Value> {
        (*self).give()
    }
}

impl<T: Field> Field for Vec<T> {
    fn take(value: Option<Value>) -> Self {
        match value {
            Some(Value::List(items)) => items.into_iter().map(|item| T::take(Some(item))).collect(),
            _ => Self::new(),
        }
    }

    fn give(self) -> Option<Value> {
        Some(Value::List(self.into_iter().filter_map(T::give).collect()))
    }
}

impl<T: Field> Field for BTreeMap<String, T> {
    fn take(value: Option<Value>) -> Self {
        match value {
            Some(Value::Map(entries)) => {
                entries.into_iter().map(|(key, value)| (key, T::take(Some(value)))).collect()
            }
            _ => Self::new(),
        }
    }

    fn give(self) -> Option<Value> {
        let entries = self.into_iter().filter_map(|(key, value)| Some((key, value.give()?)));
        Some(Value::Map(entries.collect()))
    }
}

/// A type with its bounds: one shape of a model.
pub(crate) struct Bounded {
    pub(crate) kind: Type,
    pub(crate) bounds: Constraint,
}

/// A list of `element`.
pub(crate) const fn list(element: &'static Bounded, wire_name: &'static str, flattened: bool) -> Type {
    Type::List { element: &element.kind, constraint: &element.bounds, wire_name, flattened }
}

/// A map from `key` to `value`; `wire_names` are those of entry, key and value in XML and query.
pub(crate) const fn map(
    key: &'static Bounded,
    value: &'static Bounded,
    wire_names: (&'static str, &'static str, &'static str),
    flattened: bool,
) -> Type {
    Type::Map {
        value: &value.kind,
        key_constraint: &key.bounds,
        value_constraint: &value.bounds,
        wire_names,
        flattened,
    }
}

/// A structure.
pub(crate) const fn structure(schema: fn() -> &'static Schema) -> Type {
    Type::Struct(schema)
}

/// Constants for the shapes of a model that are not structures: `NAME = type, bounds;`.
macro_rules! bounded {
    ($($name:ident = $kind:expr, $bounds:expr;)*) => { $(
        const $name: $crate::shape::Bounded = $crate::shape::Bounded { kind: $kind, bounds: $bounds };
    )* };
}

/// Structs with their schemas: `Name "name" payload { field: type = "member" "name on the wire" location SHAPE required; … }`.
macro_rules! shapes {
    ($($name:ident $wire:literal $payload:expr => {
        $($field:ident: $rust:ty = $member:literal $wire_name:literal $location:ident $shape:ident $required:literal;)*
    })*) => { $(
        #[doc = concat!("`", $wire, "` of the model.")]
        #[derive(Debug, Clone, Default, PartialEq)]
        pub struct $name {
            $(#[doc = concat!("`", $member, "`.")] pub $field: $rust,)*
        }

        impl $crate::Shape for $name {
            const SCHEMA: &'static $crate::Schema = &$crate::Schema {
                name: $wire,
                members: &[$($crate::Member {
                    name: $member,
                    wire_name: $wire_name,
                    location: $crate::Location::$location,
                    shape: $shape.kind,
                    required: $required,
                    constraint: $shape.bounds,
                },)*],
                payload: $payload,
            };

            #[allow(unused_mut, unused_variables, reason = "structures without members")]
            fn from_value(value: $crate::Value) -> Self {
                let $crate::Value::Struct(places) = value else { return Self::default() };
                let mut places = places.into_iter();
                Self { $($field: $crate::Field::take(places.next().flatten()),)* }
            }

            fn into_value(self) -> $crate::Value {
                $crate::Value::Struct(vec![$($crate::Field::give(self.$field),)*])
            }
        }

        impl $crate::Field for $name {
            fn take(value: Option<$crate::Value>) -> Self {
                value.map(<Self as $crate::Shape>::from_value).unwrap_or_default()
            }

            fn give(self) -> Option<$crate::Value> {
                Some($crate::Shape::into_value(self))
            }
        }
    )* };
}

/// A list of operations: `"Name" "METHOD" "uri" status Input, Output + Events, "result wrapper";`.
macro_rules! operations {
    ($($name:literal $method:literal $uri:literal $status:literal
        $input:tt, $output:tt $(+ $events:tt)?, $wrapper:literal;)*) => {
        &[$($crate::OperationSchema {
            name: $name,
            method: $method,
            uri: $uri,
            status: $status,
            input: <$input as $crate::Shape>::SCHEMA,
            output: <$output as $crate::Shape>::SCHEMA,
            events: &[$(<$events as $crate::Shape>::SCHEMA)?],
            result_wrapper: $wrapper,
        },)*]
    };
}

/// A list of errors: `Name "name" "code" status;`.
macro_rules! errors {
    ($($name:ident $wire:literal $code:literal $status:literal;)*) => {
        &[$($crate::ErrorSchema {
            name: $wire,
            code: $code,
            status: $status,
            schema: <$name as $crate::Shape>::SCHEMA,
        },)*]
    };
}

/// A list of operations without code: `"Name" "METHOD" "uri";`.
macro_rules! missing {
    ($($name:literal $method:literal $uri:literal;)*) => {
        &[$(($name, $method, $uri),)*]
    };
}

pub(crate) use {bounded, errors, missing, operations, shapes};
