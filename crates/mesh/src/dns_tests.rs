//! Packets read and answered.

use proptest::prelude::*;

use super::*;

fn packet(name: &str, kind: RecordType) -> Vec<u8> {
    let mut message = Message::new(7, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(Name::from_ascii(name).unwrap(), kind));
    message.to_vec().unwrap()
}

fn question(packet: &[u8]) -> Question {
    match read(packet) {
        Asked::Addresses(question) => question,
        other => panic!("{other:?}"),
    }
}

#[test]
fn questions_for_addresses_are_read() {
    let asked = question(&packet("Orders.Shop.weft.localhost.", RecordType::A));
    assert_eq!((asked.name.as_str(), asked.v6), ("orders.shop.weft.localhost", false));
    assert!(question(&packet("orders.", RecordType::AAAA)).v6);
    for kind in [RecordType::MX, RecordType::PTR, RecordType::ANY, RecordType::SRV, RecordType::TXT] {
        assert!(matches!(read(&packet("a.", kind)), Asked::Refused(_, ResponseCode::NotImp)), "{kind}");
    }
}

#[test]
fn what_is_no_question_gets_no_answer_or_an_error() {
    assert_eq!(read(&[]), Asked::Nothing);
    assert_eq!(read(&[0; 11]), Asked::Nothing);
    let mut response = packet("a.", RecordType::A);
    response[2] |= 0x80;
    assert_eq!(read(&response), Asked::Nothing, "answers are never answered");
    let mut cut = packet("orders.", RecordType::A);
    cut.truncate(14);
    assert!(matches!(read(&cut), Asked::Refused(_, ResponseCode::FormErr)));
    assert!(matches!(read(&[0; 12]), Asked::Refused(_, ResponseCode::FormErr)), "no question at all");
}

#[test]
fn answers_carry_the_family_that_was_asked_for() {
    let both = vec!["100.65.1.2".parse().unwrap(), "2606:4700::1111".parse().unwrap()];
    for (kind, want) in [(RecordType::A, "100.65.1.2"), (RecordType::AAAA, "2606:4700::1111")] {
        let bytes = question(&packet("a.b.", kind)).answer(&Reply::Addresses(both.clone(), 5), false);
        let answer = Message::from_vec(&bytes).unwrap();
        assert_eq!(answer.metadata.id, 7);
        assert_eq!(answer.metadata.message_type, MessageType::Response);
        assert!(answer.metadata.recursion_desired && answer.metadata.recursion_available);
        assert_eq!(answer.queries.len(), 1);
        let [record] = answer.answers.as_slice() else { panic!("{answer:?}") };
        assert_eq!((record.data.to_string().as_str(), record.ttl), (want, 5));
    }
    let none = question(&packet("a.", RecordType::A)).answer(&Reply::Code(ResponseCode::NXDomain), false);
    assert_eq!(Message::from_vec(&none).unwrap().metadata.response_code, ResponseCode::NXDomain);
}

#[test]
fn long_answers_are_cut_over_udp_only() {
    let many: Vec<IpAddr> = (0..40u8).map(|last| IpAddr::from([8, 8, 8, last])).collect();
    let asked = question(&packet("a.", RecordType::A));
    let udp = Message::from_vec(&asked.answer(&Reply::Addresses(many.clone(), 5), false)).unwrap();
    assert!(udp.metadata.truncation && udp.answers.is_empty());
    let tcp = Message::from_vec(&asked.answer(&Reply::Addresses(many, 5), true)).unwrap();
    assert!(!tcp.metadata.truncation && tcp.answers.len() == 40);
}

proptest! {
    #[test]
    fn no_packet_breaks_the_resolver(packet in proptest::collection::vec(any::<u8>(), 0..600)) {
        if let Asked::Addresses(question) | Asked::Refused(question, _) = read(&packet) {
            let answer = question.answer(&Reply::Code(ResponseCode::NXDomain), false);
            prop_assert!(answer.len() >= HEADER_BYTES && answer[2] & 0x80 != 0);
        }
    }

    #[test]
    fn no_change_to_a_question_breaks_the_resolver(
        at in 0usize..30,
        byte in any::<u8>(),
        length in 0usize..30,
    ) {
        let mut bytes = packet("orders.shop.", RecordType::A);
        let place = at % bytes.len();
        bytes[place] = byte;
        bytes.truncate(length.max(12));
        if let Asked::Addresses(question) | Asked::Refused(question, _) = read(&bytes) {
            let some = vec![IpAddr::from([1, 1, 1, 1])];
            prop_assert!(!question.answer(&Reply::Addresses(some, 1), false).is_empty());
        }
    }
}
