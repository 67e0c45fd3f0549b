//! A value between the wire and a struct.

use bytes::Bytes;
use weft_types::Timestamp;

use crate::Schema;

/// One value as a schema describes it. Decoding has checked it against the schema before a struct is made from it.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A boolean.
    Bool(bool),
    /// `integer`, `long`, `short` and `byte` shapes.
    Integer(i64),
    /// `float` and `double` shapes.
    Double(f64),
    /// `string` shapes, enums and big numbers.
    Text(String),
    /// `blob` shapes.
    Blob(Bytes),
    /// `timestamp` shapes.
    Time(Timestamp),
    /// `list` shapes.
    List(Vec<Value>),
    /// `map` shapes, in the order of the wire.
    Map(Vec<(String, Value)>),
    /// `structure` shapes: a place for each member of the schema, in its order; `None` where the member is absent.
    Struct(Vec<Option<Value>>),
}

/// A generated struct: it has a schema, and it turns into and from the [`Value`] of that schema.
pub trait Shape: Sized + Send + 'static {
    /// The schema of the structure.
    const SCHEMA: &'static Schema;

    /// Makes the struct from a value that was checked against [`Self::SCHEMA`]: required members are there and
    /// every member has its type. A member of another type is taken as absent or as its type's empty value.
    fn from_value(value: Value) -> Self;

    /// Turns the struct into a value.
    fn into_value(self) -> Value;
}

/// The empty structure, for operations without input or output.
impl Shape for () {
    const SCHEMA: &'static Schema = &Schema::EMPTY;

    fn from_value(_: Value) -> Self {}

    fn into_value(self) -> Value {
        Value::Struct(Vec::new())
    }
}
