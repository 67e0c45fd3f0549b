//! How long a signed request takes through dispatch once its key and policies are known, as one line of JSON:
//! `cargo run --release -p weft-iam --example request`.

use std::sync::Arc;
use std::time::Instant;

use weft_iam::Iam;
use weft_model::{Value, sts};
use weft_service::testing::Client;
use weft_service::{
    Clock, Dispatch, DispatchOptions, Error, Identities as _, Principal, Registry, SystemClock,
};
use weft_store::{Memory, Store};
use weft_types::AccountId;

const ROUNDS: u32 = 20_000;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let store = Store::memory(&Memory::new()).map_err(Error::internal)?;
    let iam = Iam::open(store, Arc::clone(&clock)).await?;
    let key = iam.bootstrap(None).await?;
    let mut registry = Registry::default();
    iam.register(&mut registry);
    let dispatch =
        Dispatch::new(registry, Arc::<Iam>::clone(&iam), Arc::clone(&clock), DispatchOptions::default());
    let client = Client::new(&dispatch, &key.access_key_id, &key.secret);

    let request = client.request(&sts::SERVICE, "GetCallerIdentity", &Value::Struct(Vec::new()));
    client.send(request.clone()).await;
    let begin = Instant::now();
    let mut answered = 0;
    for _ in 0..ROUNDS {
        answered += u32::from(client.send(request.clone()).await.status() == 200);
    }
    let whole = begin.elapsed().as_nanos() / u128::from(ROUNDS);

    let credential = iam.credential(&key.access_key_id, None, clock.now()).await.map_err(Error::internal)?;
    let unknown = Principal::Root(AccountId::DEFAULT);
    let begin = Instant::now();
    for _ in 0..ROUNDS {
        iam.credential(&key.access_key_id, None, clock.now()).await.map_err(Error::internal)?;
        iam.holdings(&credential.principal).await?;
        iam.holdings(&unknown).await?;
    }
    let lookups = begin.elapsed().as_nanos() / u128::from(ROUNDS);
    println!(
        r#"{{"bench":"dispatch_request","rounds":{ROUNDS},"answered":{answered},"request_ns":{whole},"lookups_ns":{lookups}}}"#
    );
    Ok(())
}
