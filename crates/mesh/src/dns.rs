//! DNS packets: read and answered, as pure functions.

use std::net::IpAddr;

use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA};
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType};

/// What to do with a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Asked {
    /// It is no question: no answer, so that two resolvers can never keep each other busy.
    Nothing,
    /// It is a question with one possible answer.
    Refused(Question, ResponseCode),
    /// It asks for the addresses of a name.
    Addresses(Question),
}

/// A question, and what its answer must repeat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Question {
    id: u16,
    op_code: OpCode,
    recursion_desired: bool,
    query: Option<Query>,
    /// Bytes that the answer may have over UDP.
    payload_max: u16,
    edns: bool,
    /// The name in lower case without its final dot.
    pub(crate) name: String,
    /// Whether it asks for IPv6.
    pub(crate) v6: bool,
}

/// What the answer says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reply {
    /// These addresses; those of the family that was not asked for are left out. How long they may be kept, in seconds.
    Addresses(Vec<IpAddr>, u32),
    /// No such name, or another reason for no answer.
    Code(ResponseCode),
}

/// The largest UDP answer that travels everywhere in one piece.
const PAYLOAD_BYTES_MAX: u16 = 1232;
/// The largest UDP answer to a client that says nothing.
const PAYLOAD_BYTES_PLAIN: u16 = 512;
/// The id, the flags and four counts.
const HEADER_BYTES: usize = 12;

/// Reads a packet.
pub(crate) fn read(packet: &[u8]) -> Asked {
    if packet.len() < HEADER_BYTES || packet[2] & 0x80 != 0 {
        return Asked::Nothing;
    }
    let Ok(message) = Message::from_vec(packet) else {
        return Asked::Refused(Question::unread(packet), ResponseCode::FormErr);
    };
    let mut question = Question::unread(packet);
    question.op_code = message.metadata.op_code;
    question.recursion_desired = message.metadata.recursion_desired;
    if let Some(edns) = &message.edns {
        question.edns = true;
        question.payload_max = edns.max_payload().clamp(PAYLOAD_BYTES_PLAIN, PAYLOAD_BYTES_MAX);
    }
    if message.metadata.op_code != OpCode::Query {
        return Asked::Refused(question, ResponseCode::NotImp);
    }
    let [query] = message.queries.as_slice() else {
        return Asked::Refused(question, ResponseCode::FormErr);
    };
    question.name = text_of(query.name());
    question.query = Some(query.clone());
    if query.query_class() != DNSClass::IN {
        return Asked::Refused(question, ResponseCode::NotImp);
    }
    match query.query_type() {
        RecordType::A => Asked::Addresses(question),
        RecordType::AAAA => {
            question.v6 = true;
            Asked::Addresses(question)
        }
        _ => Asked::Refused(question, ResponseCode::NotImp),
    }
}

impl Question {
    /// A question of which only the id is known.
    fn unread(packet: &[u8]) -> Self {
        Self {
            id: u16::from_be_bytes([packet[0], packet[1]]),
            op_code: OpCode::Query,
            recursion_desired: false,
            query: None,
            payload_max: PAYLOAD_BYTES_PLAIN,
            edns: false,
            name: String::new(),
            v6: false,
        }
    }

    /// The answer's bytes; empty where none can be written. Over UDP an answer that is too long is cut, with the sign to ask again over TCP.
    pub(crate) fn answer(&self, reply: &Reply, tcp: bool) -> Vec<u8> {
        let mut message = Message::new(self.id, MessageType::Response, self.op_code);
        message.metadata.recursion_desired = self.recursion_desired;
        message.metadata.recursion_available = true;
        if let Some(query) = &self.query {
            message.add_query(query.clone());
        }
        match reply {
            Reply::Code(code) => message.metadata.response_code = *code,
            Reply::Addresses(addresses, ttl) => self.add_addresses(&mut message, addresses, *ttl),
        }
        if self.edns {
            let mut edns = Edns::new();
            edns.set_max_payload(PAYLOAD_BYTES_MAX);
            message.set_edns(edns);
        }
        let bytes = message.to_vec().unwrap_or_default();
        if tcp || bytes.len() <= usize::from(self.payload_max) {
            return bytes;
        }
        message.answers.clear();
        message.metadata.truncation = true;
        message.to_vec().unwrap_or_default()
    }

    fn add_addresses(&self, message: &mut Message, addresses: &[IpAddr], ttl: u32) {
        let Some(query) = &self.query else { return };
        for address in addresses {
            let data = match address {
                IpAddr::V4(address) if !self.v6 => RData::A(A(*address)),
                IpAddr::V6(address) if self.v6 => RData::AAAA(AAAA(*address)),
                _ => continue,
            };
            message.add_answer(Record::from_rdata(query.name().clone(), ttl, data));
        }
    }
}

/// A name as text, lower case, without its final dot.
fn text_of(name: &Name) -> String {
    let mut text = name.to_lowercase().to_ascii();
    if text.ends_with('.') {
        text.pop();
    }
    text
}

#[cfg(test)]
#[path = "dns_tests.rs"]
mod tests;
