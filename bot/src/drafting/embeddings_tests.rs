use simulator::openai::{Behaviour, BrokenKind, FakeModel};

use super::*;

#[tokio::test]
async fn every_text_gets_its_numbers_and_a_broken_server_is_an_error() {
    let server = FakeModel::start(Behaviour::Honest).await.unwrap();
    let model = Embeddings::new(&server.base_url(), &"key".into(), "bge-m3").unwrap();
    let texts = ["包邮吗".to_owned(), "羊毛衫会起球吗".to_owned(), "包邮吗".to_owned()];
    let numbers = model.numbers(&texts).await.unwrap();
    assert!(numbers.len() == 3 && numbers[0] == numbers[2] && numbers[0] != numbers[1]);
    for broken in [BrokenKind::Http500, BrokenKind::Garbage, BrokenKind::TruncatedJson] {
        server.behave(Behaviour::Broken(broken));
        model.numbers(&texts).await.unwrap_err();
    }
}
