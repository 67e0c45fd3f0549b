//! XML documents: a writer that cannot go wrong, and a small tree for reading answers.

use bytes::Bytes;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};
use weft_model::{Location, Member, Schema, TimestampFormat, Type, Value};

use crate::{VALUES_MAX, WireFault, scalar};

/// The deepest document that is read.
const DEPTH_MAX: usize = 64;

/// Writes elements.
pub(crate) struct Writer {
    text: String,
    /// Whether times are written with their milliseconds always.
    pub(crate) millis: bool,
}

impl Writer {
    pub(crate) fn new() -> Self {
        Self { text: String::with_capacity(512), millis: false }
    }

    pub(crate) fn open(&mut self, name: &str) {
        self.text.extend(["<", name, ">"]);
    }

    /// Opens an element with one attribute, if that has a value.
    pub(crate) fn open_with(&mut self, name: &str, attribute: &str, value: &str) {
        if value.is_empty() {
            return self.open(name);
        }
        self.text.extend(["<", name, " ", attribute, "=\""]);
        self.escaped(value);
        self.text.push_str("\">");
    }

    /// The declaration that begins a document.
    pub(crate) fn declare(&mut self) {
        self.text.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    }

    /// Opens the element of a structure, with those of its members that are attributes.
    fn open_struct(&mut self, name: &str, schema: &Schema, value: &Value) {
        self.text.extend(["<", name]);
        for (member, value) in attributes(schema, value) {
            self.text.extend([
                " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" ",
                member.wire_name,
                "=\"",
            ]);
            self.escaped(&scalar::write(&member.shape, value));
            self.text.push('"');
        }
        self.text.push('>');
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.escaped(text);
    }

    pub(crate) fn close(&mut self, name: &str) {
        self.text.extend(["</", name, ">"]);
    }

    pub(crate) fn leaf(&mut self, name: &str, text: &str) {
        self.open(name);
        self.escaped(text);
        self.close(name);
    }

    pub(crate) fn finish(self) -> Bytes {
        Bytes::from(self.text)
    }

    fn escaped(&mut self, text: &str) {
        for letter in text.chars() {
            match letter {
                '&' => self.text.push_str("&amp;"),
                '<' => self.text.push_str("&lt;"),
                '>' => self.text.push_str("&gt;"),
                '"' => self.text.push_str("&quot;"),
                // A reader would make a line feed of it.
                '\r' => self.text.push_str("&#xD;"),
                '\t' | '\n' => self.text.push(letter),
                // XML 1.0 has no way to write these.
                '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => self.text.push('\u{fffd}'),
                _ => self.text.push(letter),
            }
        }
    }
}

/// Writes the members of a structure.
pub(crate) fn write_struct(writer: &mut Writer, schema: &Schema, value: &Value) {
    let Value::Struct(places) = value else { return };
    for (member, place) in schema.members.iter().zip(places) {
        if let Some(value) = place
            && member.location == Location::Body
            && !is_attribute(member)
        {
            write_member(writer, member.wire_name, &member.shape, value);
        }
    }
}

/// Whether a member is an attribute of its structure's element: its name on the wire has a prefix, as `xsi:type`.
fn is_attribute(member: &Member) -> bool {
    member.wire_name.contains(':')
}

fn attributes<'a>(schema: &'a Schema, value: &'a Value) -> impl Iterator<Item = (&'a Member, &'a Value)> {
    let places = if let Value::Struct(places) = value { places.as_slice() } else { &[] };
    let present = schema.members.iter().zip(places).filter(|(member, _)| is_attribute(member));
    present.filter_map(|(member, place)| Some((member, place.as_ref()?)))
}

/// Writes one value as an element, or as several where it is flattened.
pub(crate) fn write_member(writer: &mut Writer, name: &str, kind: &Type, value: &Value) {
    match (value, kind) {
        (Value::Struct(_), Type::Struct(schema)) => {
            writer.open_struct(name, schema(), value);
            write_struct(writer, schema(), value);
            writer.close(name);
        }
        (Value::List(items), Type::List { element, flattened: true, .. }) => {
            for item in items {
                write_member(writer, name, element, item);
            }
        }
        (Value::List(items), Type::List { element, wire_name, .. }) => {
            writer.open(name);
            for item in items {
                write_member(writer, wire_name, element, item);
            }
            writer.close(name);
        }
        (
            Value::Map(entries),
            Type::Map { value: kind, wire_names: (entry, key_name, value_name), flattened, .. },
        ) => {
            let entry = if *flattened { name } else { entry };
            if !flattened {
                writer.open(name);
            }
            for (key, value) in entries {
                writer.open(entry);
                writer.leaf(key_name, key);
                write_member(writer, value_name, kind, value);
                writer.close(entry);
            }
            if !flattened {
                writer.close(name);
            }
        }
        // S3 writes milliseconds even where there are none; every reader of ISO 8601 takes them.
        (Value::Time(time), Type::Time(TimestampFormat::Iso8601)) if writer.millis => {
            writer.leaf(name, &time.iso8601());
        }
        _ => writer.leaf(name, &scalar::write(kind, value)),
    }
}

/// An element of a document that was read.
#[derive(Debug, Default)]
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) text: String,
    attributes: Vec<(String, String)>,
    children: Vec<Element>,
}

impl Element {
    /// Reads a document; the error says what is wrong with it.
    pub(crate) fn read(body: &[u8]) -> Result<Self, String> {
        let body = std::str::from_utf8(body).map_err(|_| "The document is not UTF-8".to_owned())?;
        let mut reader = quick_xml::Reader::from_str(body);
        // The document itself is the last on the stack.
        let mut open = vec![Self::default()];
        for _ in 0..VALUES_MAX {
            let event = reader.read_event().map_err(|error| format!("The document is not XML: {error}"))?;
            match event {
                Event::Start(tag) => {
                    if open.len() > DEPTH_MAX {
                        return Err("The document is nested too deeply".to_owned());
                    }
                    open.push(Self::begin(&tag));
                }
                Event::Empty(tag) => {
                    let element = Self::begin(&tag);
                    open.last_mut().ok_or("The document ends twice")?.children.push(element);
                }
                Event::End(_) => {
                    let element = open.pop().ok_or("The document ends twice")?;
                    open.last_mut().ok_or("The document ends twice")?.children.push(element);
                }
                Event::Text(text) => {
                    open.last_mut().ok_or("The document ends twice")?.text.push_str(&text.xml10_content());
                }
                Event::CData(text) => {
                    open.last_mut().ok_or("The document ends twice")?.text.push_str(&text.xml10_content());
                }
                Event::GeneralRef(reference) => {
                    let text = entity(&reference)?;
                    open.last_mut().ok_or("The document ends twice")?.text.push_str(&text);
                }
                Event::DocType(_) => return Err("The document has a document type".to_owned()),
                Event::Eof => {
                    let document = open.pop().filter(|_| open.is_empty()).ok_or("The document ends early")?;
                    return document
                        .children
                        .into_iter()
                        .next()
                        .ok_or_else(|| "The document is empty".to_owned());
                }
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            }
        }
        Err("The document is too large".to_owned())
    }

    fn begin(tag: &BytesStart<'_>) -> Self {
        let attributes = tag.attributes().flatten().filter_map(|attribute| {
            let text = attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0).ok()?;
            Some((attribute.key.as_ref().to_owned(), text.into_owned()))
        });
        let attributes = attributes.collect();
        Self { name: tag.local_name().as_ref().to_owned(), attributes, ..Self::default() }
    }

    fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(given, _)| given == name).map(|(_, text)| text.as_str())
    }

    /// The first child of a name.
    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }
}

/// Reads an element's children into a structure.
pub(crate) fn read_struct(schema: &Schema, element: &Element) -> Result<Value, WireFault> {
    let places = schema.members.iter().map(|member| {
        if member.location != Location::Body {
            return Ok(None);
        }
        if is_attribute(member) {
            return element
                .attribute(member.wire_name)
                .map(|text| scalar::read(&member.shape, text))
                .transpose();
        }
        let is_flat =
            matches!(member.shape, Type::List { flattened: true, .. } | Type::Map { flattened: true, .. });
        let holder = if is_flat {
            element.child(member.wire_name).map(|_| element)
        } else {
            element.child(member.wire_name)
        };
        holder.map(|holder| read_value(member.wire_name, &member.shape, holder)).transpose()
    });
    Ok(Value::Struct(places.collect::<Result<_, WireFault>>()?))
}

fn read_value(name: &str, kind: &Type, element: &Element) -> Result<Value, WireFault> {
    match kind {
        Type::Struct(schema) => read_struct(schema(), element),
        Type::List { element: kind, wire_name, flattened, .. } => {
            let name = if *flattened { name } else { wire_name };
            let items = element.all(name).map(|item| read_value(name, kind, item));
            Ok(Value::List(items.collect::<Result<_, _>>()?))
        }
        Type::Map { value: kind, wire_names: (entry, key_name, value_name), flattened, .. } => {
            let name = if *flattened { name } else { entry };
            let entries = element.all(name).filter_map(|entry| {
                let (key, value) = (entry.child(key_name)?, entry.child(value_name)?);
                Some(read_value(value_name, kind, value).map(|value| (key.text.clone(), value)))
            });
            Ok(Value::Map(entries.collect::<Result<_, _>>()?))
        }
        kind => scalar::read(kind, &element.text),
    }
}

fn entity(reference: &BytesRef<'_>) -> Result<String, String> {
    if let Some(letter) = reference.resolve_char_ref().map_err(|error| error.to_string())? {
        return Ok(letter.to_string());
    }
    let name = reference.xml10_content();
    let text =
        resolve_xml_entity(&name).ok_or_else(|| format!("The document has the unknown entity `{name}`"))?;
    Ok(text.to_owned())
}
