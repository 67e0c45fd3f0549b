//! Mapping templates: the part of the Velocity Template Language that API Gateway runs.
//!
//! `#set`, `#if`/`#elseif`/`#else`, `#foreach`, `#break`, `#return`, `#stop`, references with properties, methods and
//! indices, and expressions. A template runs within bounds of steps, depth and bytes, so that none can hold the machine.
//! Sources: <https://velocity.apache.org/engine/1.7/vtl-reference.html> and
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html>.

mod evaluate;
mod expression;
mod methods;
mod parse;
#[cfg(test)]
mod tests;
mod value;

pub(crate) use evaluate::{Failure, Host, render};
pub(crate) use value::Val;

/// A template, ready to run.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Template {
    nodes: Vec<Node>,
}

/// A piece of a template.
#[derive(Debug, Clone, PartialEq)]
enum Node {
    Text(String),
    Reference(Reference),
    Set(Reference, Expr),
    /// Conditions with what they guard, and what is left.
    If(Vec<(Expr, Vec<Node>)>, Vec<Node>),
    Foreach(String, Expr, Vec<Node>),
    Return(Option<Expr>),
    Break,
    Stop,
}

/// `$name.property.method(…)[…]`.
#[derive(Debug, Clone, PartialEq)]
struct Reference {
    /// As it was written: what is shown where nothing is known of the name.
    source: String,
    quiet: bool,
    name: String,
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq)]
enum Step {
    Property(String),
    Method(String, Vec<Expr>),
    Index(Expr),
}

#[derive(Debug, Clone, PartialEq)]
enum Expr {
    Null,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    /// A text in double quotes, with references in it.
    Mixed(Vec<Node>),
    Reference(Reference),
    List(Vec<Expr>),
    Range(Box<Expr>, Box<Expr>),
    Map(Vec<(Expr, Expr)>),
    Not(Box<Expr>),
    Negative(Box<Expr>),
    Binary(Box<Expr>, Operator, Box<Expr>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Or,
    And,
    Equal,
    Unequal,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}
