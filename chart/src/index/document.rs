use bytes::Bytes;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::body::Frames;
use super::entry::rfc3339;
use super::stitch::Stitch;
use super::{Body, Format, Page, RENDERER, to_json, yaml};

/// What stands around the entries.
#[derive(Debug, Clone)]
pub struct Head<'a> {
    /// The time of the repository's last change, not of the request.
    pub generated: Timestamp,
    /// ChartMuseum's `serverInfo.contextPath`; empty if there is none.
    pub context_path: &'a str,
}

/// A whole answer in each encoding, with its entity tags. Cheap to clone.
///
/// Pages are copied into frames that are large enough for the kernel to take them cheaply; longer runs are shared.
#[derive(Debug, Clone)]
pub struct Document {
    /// As it is.
    pub identity: Body,
    /// One gzip member, stitched from the pages' deflate blocks.
    pub gzip: Option<Body>,
    /// Strong, quoted, for `identity`. That of `gzip` ends in `-gzip"`.
    pub etag: String,
    /// Strong, quoted, for `gzip`.
    pub etag_gzip: String,
}

impl Document {
    /// `index.yaml`.
    pub fn index(format: Format, head: &Head<'_>, pages: &[Page]) -> Self {
        let empty = pages.iter().all(Page::is_empty);
        let (before, after) = frame(format, head, empty);
        Self::stitch(format, &before, pages, &after)
    }

    /// ChartMuseum's `GET /api/charts`: a JSON object from names to arrays of entries.
    pub fn listing(pages: &[Page]) -> Self {
        Self::stitch(Format::Json, "{", pages, "}")
    }

    fn stitch(format: Format, before: &str, pages: &[Page], after: &str) -> Self {
        let mut stitch = Stitch::new();
        let mut tag = tag(format, before, after);
        stitch.glue(before);

        let pages: Vec<_> = pages.iter().filter(|page| !page.is_empty()).collect();
        for (position, page) in pages.iter().enumerate() {
            tag.update(page.hash().as_bytes());
            let before = position.checked_sub(1).map(|before| pages[before]);
            let after = pages.get(position + 1);
            let piece = page.piece(format);
            let Some(name) = page.part_of() else {
                match after {
                    Some(_) => stitch.separated_piece(&piece),
                    None => stitch.piece(&piece),
                }
                continue;
            };
            if before.and_then(Page::part_of) != Some(name) {
                stitch.glue(&open_chart(format, name));
            }
            if after.and_then(|page| page.part_of()) == Some(name) {
                stitch.separated_piece(&piece);
            } else {
                stitch.piece(&piece);
                stitch.glue(close_chart(format));
                stitch.glue(if after.is_some() { format.separator() } else { "" });
            }
        }

        stitch.glue(after);
        let (identity, gzip) = stitch.finish();
        Self::tagged(identity, Some(gzip), tag)
    }

    /// `index.yaml` of chosen entries only: for each chart the JSON texts of its entries. No gzip form.
    pub fn view(format: Format, head: &Head<'_>, charts: &[(String, Vec<Bytes>)]) -> Self {
        let charts = || charts.iter().filter(|(_, entries)| !entries.is_empty());
        let (before, after) = frame(format, head, charts().next().is_none());
        let mut frames = Frames::default();
        frames.write(before.as_bytes());
        for (position, (name, entries)) in charts().enumerate() {
            if position > 0 {
                frames.write(format.separator().as_bytes());
            }
            frames.write(open_chart(format, name).as_bytes());
            for (position, entry) in entries.iter().enumerate() {
                if position > 0 {
                    frames.write(format.separator().as_bytes());
                }
                match format {
                    Format::Json => frames.push(entry.clone()),
                    Format::Yaml => {
                        let mut text = String::new();
                        yaml::write_entry(&mut text, &String::from_utf8_lossy(entry));
                        frames.push(text.into());
                    }
                }
            }
            frames.write(close_chart(format).as_bytes());
        }
        frames.write(after.as_bytes());

        let identity = frames.finish();
        let mut tag = tag(format, "", "");
        identity.frames.iter().for_each(|frame| tag.update(frame));
        Self::tagged(identity, None, tag)
    }

    fn tagged(identity: Body, gzip: Option<Body>, tag: Sha256) -> Self {
        // Half of the hash is enough to tell apart the documents of one address.
        let tag = hex::encode(&tag.finalize()[..16]);
        Self { identity, gzip, etag: format!("\"{tag}\""), etag_gzip: format!("\"{tag}-gzip\"") }
    }
}

/// The beginning of an entity tag. The pages' hashes follow, or the whole text.
fn tag(format: Format, before: &str, after: &str) -> Sha256 {
    let mut tag = Sha256::new();
    // quoted texts have no line breaks, so that the parts cannot run into each other
    tag.update(format!("{RENDERER}\n{format:?}\n{}\n{}\n", to_json(before), to_json(after)));
    tag
}

/// What stands before and after the charts of an index.
fn frame(format: Format, head: &Head<'_>, empty: bool) -> (String, String) {
    let generated = rfc3339(head.generated);
    let context_path = (!head.context_path.is_empty()).then(|| to_json(head.context_path));
    match format {
        Format::Json => {
            let server_info = context_path.map(|path| format!(r#""contextPath":{path}"#)).unwrap_or_default();
            (
                format!(r#"{{"apiVersion":"v1","generated":"{generated}","entries":{{"#),
                format!(r#"}},"serverInfo":{{{server_info}}}}}"#),
            )
        }
        Format::Yaml => {
            let entries = if empty { " {}" } else { "" };
            let server_info = context_path.map_or(" {}".to_owned(), |path| format!("\n  contextPath: {path}"));
            (
                format!("apiVersion: \"v1\"\nentries:{entries}\n"),
                format!("generated: \"{generated}\"\nserverInfo:{server_info}\n"),
            )
        }
    }
}

fn open_chart(format: Format, name: &str) -> String {
    match format {
        Format::Json => format!("{}:[", to_json(name)),
        Format::Yaml => {
            let mut text = String::new();
            yaml::write_chart(&mut text, name);
            text
        }
    }
}

fn close_chart(format: Format) -> &'static str {
    match format {
        Format::Json => "]",
        Format::Yaml => "",
    }
}
