//! Pages as a catalogue keeps them, so that a start renders nothing.
//!
//! A line that names the renderer, a CRC-32 of all that follows, the length of a JSON header, the header, and the texts
//! that it gives the lengths of.

use std::borrow::Cow;
use std::ops::Range;

use bytes::{Buf as _, Bytes};
use serde::{Deserialize, Serialize};

use super::page::ChartRanges;
use super::piece::Piece;
use super::{Format, Page, RENDERER};

const MAGIC: &str = "chandlery page ";

#[derive(Serialize, Deserialize)]
struct Header<'a> {
    whole: bool,
    #[serde(borrow)]
    charts: Vec<Chart<'a>>,
    /// Of the text and of the deflated text.
    json: (usize, usize),
    yaml: Option<(usize, usize)>,
}

/// Its name, and where its entries begin and end in the JSON text.
#[derive(Serialize, Deserialize)]
struct Chart<'a>(Cow<'a, str>, Vec<(usize, usize)>);

impl Page {
    /// The page as stored in a catalogue, to be read by [`Page::from_stored`] of the same [`RENDERER`].
    pub fn to_stored(&self) -> Vec<u8> {
        let page = &self.0;
        let pieces = || std::iter::once(&page.json).chain(&page.yaml).map(Piece::parts);
        let lengths = |piece: &Piece| (piece.parts().0.len(), piece.parts().1.len());
        let places = |range: &Range<usize>| (range.start, range.end);
        let charts = page.charts.iter();
        let header = super::to_json(&Header {
            whole: page.whole,
            charts: charts
                .map(|chart| Chart(Cow::from(&chart.name), chart.entries.iter().map(places).collect()))
                .collect(),
            json: lengths(&page.json),
            yaml: page.yaml.as_ref().map(lengths),
        });

        let size: usize = pieces().map(|(text, deflated)| text.len() + deflated.len()).sum();
        let mut out = Vec::with_capacity(MAGIC.len() + RENDERER.len() + 16 + header.len() + size);
        out.extend_from_slice(MAGIC.as_bytes());
        out.extend_from_slice(RENDERER.as_bytes());
        out.push(b'\n');
        let sum_at = out.len();
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(&(header.len() as u64).to_le_bytes());
        out.extend_from_slice(header.as_bytes());
        for (text, deflated) in pieces() {
            out.extend_from_slice(text);
            out.extend_from_slice(deflated);
        }
        let sum = crc32fast::hash(&out[sum_at + 4..]);
        out[sum_at..sum_at + 4].copy_from_slice(&sum.to_le_bytes());
        out
    }

    /// Reads a stored page. Never trusted blindly: lengths and checksums are verified.
    pub fn from_stored(bytes: Bytes) -> Option<Self> {
        let mut rest = bytes;
        let first_line = MAGIC.len() + RENDERER.len() + 1;
        let line = take(&mut rest, first_line)?;
        if line.strip_prefix(MAGIC.as_bytes())?.strip_suffix(b"\n")? != RENDERER.as_bytes() {
            return None;
        }
        let sum = rest.try_get_u32_le().ok()?;
        if crc32fast::hash(&rest) != sum {
            return None;
        }
        let header_length = rest.try_get_u64_le().ok()?;
        let header = take(&mut rest, usize::try_from(header_length).ok()?)?;
        let header: Header<'_> = serde_json::from_slice(&header).ok()?;

        let mut piece = |(text, deflated), format: Format| {
            Piece::from_parts(take(&mut rest, text)?, take(&mut rest, deflated)?, format.separator())
        };
        let json = piece(header.json, Format::Json)?;
        let yaml = match header.yaml {
            Some(lengths) => Some(piece(lengths, Format::Yaml)?),
            None => None,
        };
        if !rest.is_empty() {
            return None;
        }

        let (mut end_before, length) = (0, json.text().len());
        let mut charts = Vec::with_capacity(header.charts.len());
        for Chart(name, places) in header.charts {
            for (start, end) in &places {
                if !(end_before <= *start && start < end && *end <= length) {
                    return None;
                }
                end_before = *end;
            }
            let entries = places.into_iter().map(|(start, end)| start..end).collect();
            charts.push(ChartRanges { name: name.into_owned(), entries });
        }
        Some(Self::new(header.whole, charts, json, yaml))
    }
}

fn take(rest: &mut Bytes, length: usize) -> Option<Bytes> {
    (length <= rest.len()).then(|| rest.split_to(length))
}
