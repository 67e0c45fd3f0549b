//! Objects for other services: a function's code, a stack's template.

use bytes::{Bytes, BytesMut};
use futures::stream::TryStreamExt as _;
use weft_service::{BoxFuture, Context, Error, ObjectName, Objects};

use crate::reading::Preconditions;
use crate::selected::Wanted;
use crate::versions::Place;
use crate::{S3, errors};

impl Objects for S3 {
    fn read<'a>(
        &'a self,
        cx: &'a Context,
        object: &'a ObjectName,
        bytes_max: u64,
    ) -> BoxFuture<'a, Result<Bytes, Error>> {
        Box::pin(async move {
            let wanted = Wanted {
                at: Place { bucket: object.bucket.clone(), key: object.key.clone() },
                owner: None,
                version_id: object.version.clone(),
                range: None,
                part: None,
                with_checksum: false,
                conditions: Preconditions::default(),
            };
            wanted.check()?;
            let selected = self.select(cx, &wanted).await?;
            if selected.version.size > bytes_max {
                return Err(errors::too_large(Some(selected.version.size), bytes_max));
            }
            let mut stream = self.bytes_of(&selected.version, selected.range).await?;
            let mut all = BytesMut::new();
            while let Some(piece) = stream.try_next().await.map_err(Error::internal)? {
                all.extend_from_slice(&piece);
            }
            Ok(all.freeze())
        })
    }
}
