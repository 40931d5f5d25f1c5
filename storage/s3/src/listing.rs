//! Listings, page by page.

use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::types::EncodingType;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use storage::{Listed, Prefix, Result, StorageError};

use crate::fault::Fault;
use crate::names::decoded;
use crate::store::{S3Store, meta};

/// Where a listing goes on.
enum Next {
    /// At its beginning.
    Begin,
    /// Where the store says.
    Token(String),
    /// Behind a name: for stores that say that there is more and not where.
    Behind(String),
}

/// A page: names as the bucket has them, in byte order, with what they are.
struct Page {
    lines: Vec<(String, Option<Listed>)>,
    next: Option<Next>,
}

impl S3Store {
    pub(crate) fn pages(&self, prefix: &Prefix, folders: bool) -> BoxStream<'_, Result<Listed>> {
        let prefix = self.names.beginning(prefix);
        stream::unfold(Some((Next::Begin, String::new())), move |state| {
            let prefix = prefix.clone();
            async move {
                let (next, last) = state?;
                match self.page(&prefix, folders, next).await.and_then(|page| in_order(page, last)) {
                    Ok((page, last)) => {
                        let lines = page.lines.into_iter().filter_map(|(_, line)| line.map(Ok)).collect::<Vec<_>>();
                        Some((lines, page.next.map(|next| (next, last))))
                    }
                    Err(error) => Some((vec![Err(error)], None)),
                }
            }
        })
        .flat_map(stream::iter)
        .boxed()
    }

    async fn page(&self, prefix: &str, folders: bool, next: Next) -> Result<Page> {
        let mut call = self.client.list_objects_v2().bucket(&self.options.bucket).prefix(prefix);
        // names may hold what XML does not
        call = call.encoding_type(EncodingType::Url);
        if folders {
            call = call.delimiter("/");
        }
        call = match next {
            Next::Begin => call,
            Next::Token(token) => call.continuation_token(token),
            Next::Behind(name) => call.start_after(name),
        };
        let answer = call.send().await.map_err(|error| StorageError::from(Fault::from(error)))?;
        self.read_page(&answer)
    }

    fn read_page(&self, answer: &ListObjectsV2Output) -> Result<Page> {
        let is_encoded = answer.encoding_type() == Some(&EncodingType::Url);
        let name = |text: Option<&str>| {
            let text = text.unwrap_or_default();
            let name = if is_encoded { decoded(text) } else { Some(text.to_owned()) };
            name.ok_or_else(|| StorageError::Unavailable(format!("a listing has the name {text:?}")))
        };
        let mut lines = Vec::with_capacity(answer.contents().len() + answer.common_prefixes().len());
        for object in answer.contents() {
            let name = name(object.key())?;
            let meta = meta(object.size(), object.last_modified(), object.e_tag());
            let line = self.names.key(&name).map(|key| Listed::Object(key, meta));
            lines.push((name, line));
        }
        for folder in answer.common_prefixes() {
            let name = name(folder.prefix())?;
            let line = self.names.folder(&name).map(Listed::Folder);
            lines.push((name, line));
        }
        lines.sort_by(|(one, _), (other, _)| one.cmp(other));
        let next = match (answer.next_continuation_token(), answer.is_truncated(), lines.last()) {
            (Some(token), Some(true), _) => Some(Next::Token(token.to_owned())),
            (None, Some(true), Some((last, _))) => Some(Next::Behind(last.clone())),
            (None, Some(true), None) => {
                return Err(StorageError::Unavailable("a listing has more and does not say where".to_owned()));
            }
            _ => None,
        };
        Ok(Page { lines, next })
    }
}

/// A listing that goes back would never end, or leave something out.
fn in_order(page: Page, last: String) -> Result<(Page, String)> {
    match (page.lines.first(), page.lines.last()) {
        (Some((first, _)), _) if *first <= last && !last.is_empty() => {
            Err(StorageError::Unavailable(format!("a listing goes back from {last:?} to {first:?}")))
        }
        (_, Some((name, _))) => {
            let last = name.clone();
            Ok((page, last))
        }
        _ => Ok((page, last)),
    }
}
