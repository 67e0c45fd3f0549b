//! Running a template.

use std::rc::Rc;

use indexmap::IndexMap;

use super::{Expr, Node, Operator, Reference, Step, Template, Val, methods};

/// Steps of one run: nodes, operators, items.
const STEPS_MAX: u64 = 2_000_000;
/// Bytes that a run may leave, and that its texts may have in all.
const BYTES_MAX: usize = 10 << 20;
const TEXT_BYTES_MAX: usize = 64 << 20;
/// Rounds of one `#foreach`, as AWS's.
const ROUNDS_MAX: usize = 1000;
/// Items of a range.
const RANGE_MAX: i64 = 10_000;

/// Why a template does not run to its end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Failure {
    /// It takes too many steps.
    #[error("the template takes too many steps")]
    Steps,
    /// It leaves too much.
    #[error("the template leaves too much text")]
    Bytes,
    /// A method that does not exist, or arguments that it does not take.
    #[error("{0}")]
    Method(String),
}

/// What a template finds around it.
pub(crate) trait Host {
    /// `$input`, `$util`, `$context`, `$stageVariables`.
    fn variable(&self, name: &str) -> Option<Val>;
    /// A property of something that only has methods: `$input.body`.
    fn property(&self, of: &'static str, name: &str) -> Option<Val>;
    /// A method of it: `$input.json('$')`. None where there is no such method.
    fn call(&self, of: &'static str, method: &str, arguments: &[Val]) -> Option<Result<Val, String>>;
}

/// How a block ended.
#[derive(PartialEq, Eq)]
enum Flow {
    Go,
    Break,
    Stop,
}

pub(super) struct Run<'h> {
    host: &'h dyn Host,
    variables: IndexMap<String, Val>,
    out: String,
    steps: u64,
    bytes: usize,
}

/// Runs a template.
pub(crate) fn render(template: &Template, host: &dyn Host) -> Result<String, Failure> {
    let mut run = Run { host, variables: IndexMap::new(), out: String::new(), steps: 0, bytes: 0 };
    run.nodes(&template.nodes)?;
    Ok(run.out)
}

impl Run<'_> {
    pub(super) fn step(&mut self, count: usize) -> Result<(), Failure> {
        self.steps += count as u64 + 1;
        if self.steps > STEPS_MAX { Err(Failure::Steps) } else { Ok(()) }
    }

    /// Counts what a text takes, so that doubling one does not fill the memory.
    pub(super) fn weigh(&mut self, value: &Val) -> Result<(), Failure> {
        if let Val::Text(text) = value {
            self.bytes += text.len();
        }
        if self.bytes > TEXT_BYTES_MAX { Err(Failure::Bytes) } else { Ok(()) }
    }

    fn nodes(&mut self, nodes: &[Node]) -> Result<Flow, Failure> {
        for node in nodes {
            let flow = self.node(node)?;
            if self.out.len() > BYTES_MAX {
                return Err(Failure::Bytes);
            }
            if flow != Flow::Go {
                return Ok(flow);
            }
        }
        Ok(Flow::Go)
    }

    fn node(&mut self, node: &Node) -> Result<Flow, Failure> {
        self.step(0)?;
        match node {
            Node::Text(text) => self.out.push_str(text),
            Node::Reference(reference) => self.show(reference)?,
            Node::Set(target, value) => {
                let value = self.value(value)?;
                self.assign(target, value)?;
            }
            Node::If(branches, rest) => {
                for (condition, body) in branches {
                    if self.value(condition)?.is_true() {
                        return self.nodes(body);
                    }
                }
                return self.nodes(rest);
            }
            Node::Foreach(name, all, body) => return self.foreach(name, all, body),
            Node::Return(value) => {
                if let Some(value) = value {
                    let value = self.value(value)?;
                    value.write(&mut self.out, 0);
                }
                return Ok(Flow::Stop);
            }
            Node::Break => return Ok(Flow::Break),
            Node::Stop => return Ok(Flow::Stop),
        }
        Ok(Flow::Go)
    }

    fn show(&mut self, reference: &Reference) -> Result<(), Failure> {
        match self.find(reference)? {
            // A name that nobody set stands for itself, unless it is quiet.
            None if !reference.quiet => self.out.push_str(&reference.source),
            None => {}
            Some(value) => {
                self.weigh(&value)?;
                value.write(&mut self.out, 0);
            }
        }
        Ok(())
    }

    fn foreach(&mut self, name: &str, all: &Expr, body: &[Node]) -> Result<Flow, Failure> {
        let items = match self.value(all)? {
            Val::List(items) => items.borrow().clone(),
            Val::Map(entries) => entries.borrow().values().cloned().collect(),
            _ => return Ok(Flow::Go),
        };
        let before = [name, "foreach", "velocityCount"].map(|name| (name, self.variables.get(name).cloned()));
        let count = items.len().min(ROUNDS_MAX);
        let mut ended = Flow::Go;
        for (at, item) in items.into_iter().take(ROUNDS_MAX).enumerate() {
            self.step(0)?;
            let number = |value: usize| Val::Integer(i64::try_from(value).unwrap_or(i64::MAX));
            let state = [
                ("index", number(at)),
                ("count", number(at + 1)),
                ("hasNext", Val::Bool(at + 1 < count)),
                ("first", Val::Bool(at == 0)),
                ("last", Val::Bool(at + 1 == count)),
            ];
            let state = state.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
            self.variables.insert(name.to_owned(), item);
            self.variables.insert("foreach".to_owned(), Val::map(state));
            self.variables.insert("velocityCount".to_owned(), number(at + 1));
            match self.nodes(body)? {
                Flow::Go => {}
                Flow::Break => break,
                Flow::Stop => {
                    ended = Flow::Stop;
                    break;
                }
            }
        }
        for (name, value) in before {
            match value {
                Some(value) => self.variables.insert(name.to_owned(), value),
                None => self.variables.shift_remove(name),
            };
        }
        Ok(ended)
    }

    fn assign(&mut self, target: &Reference, value: Val) -> Result<(), Failure> {
        self.weigh(&value)?;
        let Some((last, steps)) = target.steps.split_last() else {
            self.variables.insert(target.name.clone(), value);
            return Ok(());
        };
        let owner = Reference { steps: steps.to_vec(), ..target.clone() };
        let owner = self.find(&owner)?.unwrap_or(Val::Null);
        let key = match last {
            Step::Property(name) => Val::text(name.as_str()),
            Step::Index(index) => self.value(index)?,
            Step::Method(..) => return Ok(()),
        };
        match (owner, key) {
            (Val::Map(entries), key) => {
                let mut entries = entries.borrow_mut();
                if !value.is_free(&mut 100_000, 0) {
                    return Err(Failure::Method("a map cannot hold itself".to_owned()));
                }
                entries.insert(key.to_text(), value);
            }
            (Val::List(items), Val::Integer(index)) => {
                let at = usize::try_from(index).unwrap_or(usize::MAX);
                let mut items = items.borrow_mut();
                if !value.is_free(&mut 100_000, 0) {
                    return Err(Failure::Method("a list cannot hold itself".to_owned()));
                }
                if let Some(place) = items.get_mut(at) {
                    *place = value;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// The value of a reference; none where nobody set its name.
    fn find(&mut self, reference: &Reference) -> Result<Option<Val>, Failure> {
        let known = self.variables.get(&reference.name).cloned();
        let Some(mut value) = known.or_else(|| self.host.variable(&reference.name)) else { return Ok(None) };
        for step in &reference.steps {
            self.step(0)?;
            value = match step {
                Step::Property(name) => self.property(&value, name),
                Step::Index(index) => {
                    let index = self.value(index)?;
                    methods::item(&value, &index)
                }
                Step::Method(name, arguments) => {
                    let arguments =
                        arguments.iter().map(|one| self.value(one)).collect::<Result<Vec<_>, _>>()?;
                    self.call(&value, name, &arguments)?
                }
            };
        }
        Ok(Some(value))
    }

    fn property(&self, of: &Val, name: &str) -> Val {
        match of {
            Val::Host(host) => self.host.property(host, name).unwrap_or(Val::Null),
            Val::Map(entries) => match entries.borrow().get(name) {
                Some(value) => value.clone(),
                None => Val::Null,
            },
            _ => Val::Null,
        }
    }

    fn call(&mut self, of: &Val, name: &str, arguments: &[Val]) -> Result<Val, Failure> {
        let result = match of {
            Val::Host(host) => self.host.call(host, name, arguments),
            Val::Null => return Ok(Val::Null),
            _ => methods::call(self, of, name, arguments)?,
        };
        let value = result
            .unwrap_or_else(|| Err(format!("there is no method {name} with {} arguments", arguments.len())))
            .map_err(Failure::Method)?;
        self.weigh(&value)?;
        Ok(value)
    }

    pub(super) fn value(&mut self, expression: &Expr) -> Result<Val, Failure> {
        self.step(0)?;
        Ok(match expression {
            Expr::Null => Val::Null,
            Expr::Bool(value) => Val::Bool(*value),
            Expr::Integer(value) => Val::Integer(*value),
            Expr::Float(value) => Val::Float(*value),
            Expr::Text(text) => Val::Text(Rc::from(text.as_str())),
            Expr::Mixed(nodes) => {
                let outer = std::mem::take(&mut self.out);
                let result = self.nodes(nodes);
                let text = std::mem::replace(&mut self.out, outer);
                result?;
                let value = Val::text(text);
                self.weigh(&value)?;
                value
            }
            Expr::Reference(reference) => self.find(reference)?.unwrap_or(Val::Null),
            Expr::List(items) => {
                Val::list(items.iter().map(|item| self.value(item)).collect::<Result<_, _>>()?)
            }
            Expr::Range(first, last) => self.range(first, last)?,
            Expr::Map(entries) => {
                let mut map = IndexMap::new();
                for (key, value) in entries {
                    map.insert(self.value(key)?.to_text(), self.value(value)?);
                }
                Val::map(map)
            }
            Expr::Not(inner) => Val::Bool(!self.value(inner)?.is_true()),
            Expr::Negative(inner) => match self.value(inner)? {
                Val::Integer(value) => Val::Integer(value.wrapping_neg()),
                Val::Float(value) => Val::Float(-value),
                _ => Val::Null,
            },
            Expr::Binary(left, Operator::Or, right) => {
                Val::Bool(self.value(left)?.is_true() || self.value(right)?.is_true())
            }
            Expr::Binary(left, Operator::And, right) => {
                Val::Bool(self.value(left)?.is_true() && self.value(right)?.is_true())
            }
            Expr::Binary(left, operator, right) => {
                let (left, right) = (self.value(left)?, self.value(right)?);
                let value = methods::binary(&left, *operator, &right);
                self.weigh(&value)?;
                value
            }
        })
    }

    fn range(&mut self, first: &Expr, last: &Expr) -> Result<Val, Failure> {
        let (Val::Integer(first), Val::Integer(last)) = (self.value(first)?, self.value(last)?) else {
            return Ok(Val::Null);
        };
        if last.abs_diff(first) > RANGE_MAX.unsigned_abs() {
            return Err(Failure::Steps);
        }
        let items: Vec<Val> = if first <= last {
            (first..=last).map(Val::Integer).collect()
        } else {
            (last..=first).rev().map(Val::Integer).collect()
        };
        self.step(items.len())?;
        Ok(Val::list(items))
    }
}
