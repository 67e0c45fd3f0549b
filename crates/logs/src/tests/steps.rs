//! Steps of plans: what is tried again with the same token is made once.

use weft_model::logs as model;
use weft_service::testing::{deployer, made_once};

use super::world::World;

#[tokio::test]
async fn what_a_step_made_is_given_again_and_another_step_is_refused() {
    let world = World::new();
    let cx = deployer(&world.client).await;
    let exists = Some("ResourceAlreadyExistsException");
    let group = model::CreateLogGroupRequest { log_group_name: "/app".to_owned(), ..Default::default() };
    made_once(&cx, &model::SERVICE, "CreateLogGroup", group, exists).await;
    let stream =
        model::CreateLogStreamRequest { log_group_name: "/app".to_owned(), log_stream_name: "a".to_owned() };
    made_once(&cx, &model::SERVICE, "CreateLogStream", stream, exists).await;
}
