//! Reading the XML parts: elements with attributes and text, within bounds. A document type is
//! refused, and with it every entity that it could define.

use std::io::{BufRead, BufReader, Read};

use quick_xml::{
    Error, Reader, XmlVersion,
    events::{BytesStart, Event},
};

use super::{BadThreeMf, archive::damaged};

/// Elements inside of one another; a model has five.
const DEEPEST: usize = 32;
/// Attributes of one element.
const MOST_ATTRIBUTES: usize = 64;

/// What a reader of a part is told.
pub(super) enum Node<'a> {
    /// An element begins.
    Open(&'a str, Attributes),
    /// An element ends; `text` is what stood in it since the last node.
    Close(&'a str, String),
}

/// Attributes of an element.
#[derive(Debug, Default)]
pub(super) struct Attributes(Vec<(String, String)>);

impl Attributes {
    /// The value of one; `None` where it is not there.
    pub(super) fn of(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A value that is a number.
    pub(super) fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.of(name)?.trim().parse().ok()
    }
}

/// Hands out the nodes of a part until its end, or until the taker has enough (`false`).
pub(super) fn read(
    part: &str,
    bytes: impl Read,
    mut take: impl FnMut(Node<'_>) -> Result<bool, BadThreeMf>,
) -> Result<(), BadThreeMf> {
    let wrong = |why: &str| BadThreeMf::Syntax { part: part.to_owned(), why: why.to_owned() };
    let mut reader = Reader::from_reader(BufReader::with_capacity(16 << 10, bytes));
    let (mut buffer, mut text) = (Vec::new(), String::new());
    let (mut depth, mut seen) = (0usize, false);
    loop {
        buffer.clear();
        let event = next(&mut reader, &mut buffer).map_err(|error| failure(part, &error))?;
        match event {
            Event::Start(start) => {
                depth += 1;
                if depth > DEEPEST {
                    return Err(wrong("its elements lie too deep in one another"));
                }
                (seen, text) = (true, String::new());
                let attributes = attributes(part, &start)?;
                if !take(Node::Open(start.local_name().as_ref(), attributes))? {
                    return Ok(());
                }
            }
            Event::Empty(start) => {
                (seen, text) = (true, String::new());
                let attributes = attributes(part, &start)?;
                let name = start.local_name();
                if !take(Node::Open(name.as_ref(), attributes))?
                    || !take(Node::Close(name.as_ref(), String::new()))?
                {
                    return Ok(());
                }
            }
            Event::End(end) => {
                depth = depth.saturating_sub(1);
                if !take(Node::Close(end.local_name().as_ref(), std::mem::take(&mut text)))? {
                    return Ok(());
                }
            }
            Event::Text(more) => text.push_str(&more.xml10_content()),
            Event::CData(more) => text.push_str(&more.xml10_content()),
            Event::GeneralRef(entity) => {
                let name = entity.xml10_content();
                let known = match &*name {
                    "lt" => Some('<'),
                    "gt" => Some('>'),
                    "amp" => Some('&'),
                    "apos" => Some('\''),
                    "quot" => Some('"'),
                    _ => entity.resolve_char_ref().map_err(|error| failure(part, &error))?,
                };
                text.push(known.ok_or_else(|| wrong("it has an entity that XML does not know"))?);
            }
            Event::DocType(_) => {
                return Err(wrong("it has a document type, which may define entities"));
            }
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof if depth > 0 => return Err(wrong("it ends before its last element does")),
            Event::Eof if !seen => return Err(wrong("it has no element")),
            Event::Eof => return Ok(()),
        }
    }
}

fn next<'a>(
    reader: &mut Reader<impl BufRead>,
    buffer: &'a mut Vec<u8>,
) -> Result<Event<'a>, Error> {
    reader.read_event_into(buffer)
}

fn attributes(part: &str, start: &BytesStart<'_>) -> Result<Attributes, BadThreeMf> {
    let wrong = |why: &str| BadThreeMf::Syntax { part: part.to_owned(), why: why.to_owned() };
    let mut found: Vec<(String, String)> = Vec::new();
    // Our own look for a repeated one: theirs compares each with all, however many there are.
    let mut list = start.attributes();
    for attribute in list.with_checks(false) {
        let attribute = attribute.map_err(|error| failure(part, &error.into()))?;
        let key = attribute.key.as_ref();
        let value = attribute
            .normalized_value(XmlVersion::Implicit1_0)
            .map_err(|error| failure(part, &error))?;
        if found.len() == MOST_ATTRIBUTES {
            return Err(wrong("an element has too many attributes"));
        }
        if found.iter().any(|(other, _)| other == key) {
            return Err(wrong("an element has an attribute twice"));
        }
        found.push((key.to_owned(), value.into_owned()));
    }
    Ok(Attributes(found))
}

fn failure(part: &str, error: &Error) -> BadThreeMf {
    match error {
        Error::Io(error) => {
            damaged(part, std::io::Error::new(error.kind(), std::sync::Arc::clone(error)))
        }
        Error::Encoding(_) => {
            BadThreeMf::Syntax { part: part.to_owned(), why: "its text is no UTF-8".into() }
        }
        other => BadThreeMf::Syntax {
            part: part.to_owned(),
            why: other.to_string().chars().take(120).collect(),
        },
    }
}
