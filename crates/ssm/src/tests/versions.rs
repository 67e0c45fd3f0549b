//! Versions and their labels.

use weft_model::ssm as model;
use weft_service::testing::START;
use weft_types::Timestamp;

use super::world::{World, over, plain};

async fn label(world: &World, version: Option<i64>, labels: &[&str]) -> Result<(i64, Vec<String>), String> {
    let input = model::LabelParameterVersionRequest {
        name: "/a".to_owned(),
        parameter_version: version,
        labels: labels.iter().map(|label| (*label).to_owned()).collect(),
    };
    let done: Result<model::LabelParameterVersionResult, _> =
        world.call("LabelParameterVersion", input).await;
    done.map(|done| (done.parameter_version.unwrap(), done.invalid_labels.unwrap()))
        .map_err(|fault| fault.code)
}

async fn history(world: &World, token: Option<String>, max: i32) -> model::GetParameterHistoryResult {
    let input = model::GetParameterHistoryRequest {
        name: "/a".to_owned(),
        max_results: Some(max),
        next_token: token,
        ..Default::default()
    };
    world.call("GetParameterHistory", input).await.unwrap()
}

#[tokio::test]
async fn a_label_is_on_one_version_at_a_time() {
    let world = World::new().await;
    world.put(plain("/a", "one")).await.unwrap();
    world.put(over("/a", "two")).await.unwrap();
    assert_eq!(label(&world, Some(1), &["live", "9x"]).await, Ok((1, vec!["9x".to_owned()])));
    assert_eq!(label(&world, None, &["live"]).await, Ok((2, Vec::new())));
    assert_eq!(world.value("/a:live").await.as_deref(), Ok("two"));
    assert_eq!(label(&world, Some(3), &["live"]).await, Err("ParameterVersionNotFound".to_owned()));
    let many: Vec<String> = (0..10).map(|n| format!("l{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(label(&world, None, &many).await, Err("ParameterVersionLabelLimitExceeded".to_owned()));
    let input = model::UnlabelParameterVersionRequest {
        name: "/a".to_owned(),
        parameter_version: 2,
        labels: vec!["live".to_owned(), "other".to_owned()],
    };
    let done: model::UnlabelParameterVersionResult =
        world.call("UnlabelParameterVersion", input).await.unwrap();
    assert_eq!(
        (done.removed_labels.unwrap(), done.invalid_labels.unwrap()),
        (vec!["live".to_owned()], vec!["other".to_owned()])
    );
    assert_eq!(world.value("/a:live").await, Err("ParameterVersionNotFound".to_owned()));
}

#[tokio::test]
async fn the_newest_hundred_versions_are_kept_unless_the_oldest_has_a_label() {
    let world = World::new().await;
    world.put(plain("/a", "1")).await.unwrap();
    for number in 2..=101 {
        world.put(over("/a", &number.to_string())).await.unwrap();
    }
    assert_eq!(world.value("/a:1").await, Err("ParameterVersionNotFound".to_owned()));
    assert_eq!(world.value("/a:2").await.as_deref(), Ok("2"));
    label(&world, Some(2), &["keep"]).await.unwrap();
    assert_eq!(world.put(over("/a", "102")).await, Err("ParameterMaxVersionLimitExceeded".to_owned()));
    label(&world, Some(50), &["keep"]).await.unwrap();
    assert_eq!(world.put(over("/a", "102")).await.unwrap().0, 102);
}

#[tokio::test]
async fn history_tells_every_version_once() {
    let world = World::new().await;
    world.put(plain("/a", "1")).await.unwrap();
    world.clock.set(Timestamp::from_millis(START + 5000));
    for number in 2..=5 {
        world.put(over("/a", &number.to_string())).await.unwrap();
    }
    label(&world, Some(2), &["live"]).await.unwrap();
    let (mut seen, mut token) = (Vec::new(), None);
    loop {
        let page = history(&world, token, 2).await;
        seen.extend(page.parameters.unwrap());
        token = page.next_token;
        if token.is_none() {
            break;
        }
    }
    let values: Vec<_> = seen.iter().map(|version| version.value.as_deref().unwrap()).collect();
    assert_eq!(values, ["1", "2", "3", "4", "5"]);
    assert_eq!(seen[1].labels.as_deref(), Some(&["live".to_owned()][..]));
    let times = [0, 1].map(|at| seen[at].last_modified_date.unwrap().as_millis() / 1000 - START / 1000);
    assert_eq!(times, [0, 5]);
    assert_eq!(seen[0].last_modified_user.as_deref(), Some("arn:aws:iam::000000000000:user/admin"));
}
