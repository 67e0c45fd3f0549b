//! Tags, and who may do what by them.

use weft_model::ssm as model;

use super::world::{World, plain};

fn tag(key: &str, value: &str) -> model::Tag {
    model::Tag { key: key.to_owned(), value: value.to_owned() }
}

async fn tags(world: &World, id: &str) -> Result<Vec<String>, String> {
    let input = model::ListTagsForResourceRequest {
        resource_type: "Parameter".to_owned(),
        resource_id: id.to_owned(),
    };
    let found: Result<model::ListTagsForResourceResult, _> = world.call("ListTagsForResource", input).await;
    let shown = |tag: model::Tag| format!("{}={}", tag.key, tag.value);
    found.map(|found| found.tag_list.unwrap().into_iter().map(shown).collect()).map_err(|fault| fault.code)
}

#[tokio::test]
async fn tags_come_and_go() {
    let world = World::new().await;
    let input = model::PutParameterRequest {
        tags: Some(vec![tag("team", "red"), tag("env", "x")]),
        ..plain("/a", "v")
    };
    world.put(input).await.unwrap();
    let add = |tags| model::AddTagsToResourceRequest {
        resource_type: "Parameter".to_owned(),
        resource_id: "/a".to_owned(),
        tags,
    };
    let added: Result<model::AddTagsToResourceResult, _> =
        world.call("AddTagsToResource", add(vec![tag("env", "y")])).await;
    added.unwrap();
    assert_eq!(tags(&world, "/a").await.unwrap(), ["env=y", "team=red"]);
    let many = (0..49).map(|n| tag(&format!("k{n}"), "v")).collect();
    let full: Result<model::AddTagsToResourceResult, _> = world.call("AddTagsToResource", add(many)).await;
    assert_eq!(full.unwrap_err().code, "TooManyTagsError");
    let input = model::RemoveTagsFromResourceRequest {
        resource_type: "Parameter".to_owned(),
        resource_id: "/a".to_owned(),
        tag_keys: vec!["env".to_owned()],
    };
    let _: model::RemoveTagsFromResourceResult = world.call("RemoveTagsFromResource", input).await.unwrap();
    assert_eq!(tags(&world, "/a").await.unwrap(), ["team=red"]);
    assert_eq!(tags(&world, "/none").await, Err("InvalidResourceId".to_owned()));
}

#[tokio::test]
async fn the_tags_of_a_parameter_decide_who_may_use_it() {
    let world = World::new().await;
    let red = model::PutParameterRequest { tags: Some(vec![tag("team", "red")]), ..plain("/red", "v") };
    world.put(red).await.unwrap();
    world.put(plain("/plain", "v")).await.unwrap();
    for (user, name, expected) in [
        ("red", "/red", true),
        ("red", "/plain", false),
        ("not_red", "/red", false),
        ("not_red", "/plain", true),
    ] {
        let input = model::GetParameterRequest { name: name.to_owned(), ..Default::default() };
        let client = world.client.as_user(user);
        let answer: Result<model::GetParameterResult, _> =
            client.call(&model::SERVICE, "GetParameter", input).await;
        assert_eq!(
            answer.err().map(|fault| fault.code),
            (!expected).then(|| "AccessDeniedException".to_owned()),
            "{user} {name}"
        );
    }
}
