use std::sync::Arc;

use storage::ObjectStore;
use storage_s3::probe::{Finding, probe};

use super::{gateway, options};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_store_that_does_what_s3_does_is_found_to_do_so_and_is_left_clean() {
    let Some(gateway) = gateway() else { return };
    let options = options(gateway);
    let folder = gateway.files().join(&options.prefix);
    let store: Arc<dyn ObjectStore> = Arc::new(gateway.open(options).await.unwrap());
    assert_eq!(probe(&store).await.unwrap(), Finding::Exclusive);
    let left = std::fs::read_dir(folder.join(".chandlery/probe")).into_iter().flatten().count();
    assert_eq!(left, 0);
}
