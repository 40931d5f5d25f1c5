//! Extended headers: what a PAX archive says about the next file.

use super::ArchiveError;

/// The records that matter here.
#[derive(Debug, Default)]
pub(super) struct Records {
    pub path: Option<Vec<u8>>,
    pub size: Option<u64>,
    /// The content has holes, and another form than that of a file.
    pub sparse: bool,
}

/// Reads the records, and refuses what Go refuses: the numbers it does not need here as well.
pub(super) fn read(content: &[u8]) -> Result<Records, ArchiveError> {
    let mut records = Records::default();
    let mut rest = content;
    while !rest.is_empty() {
        let (key, value, next) = record(rest).ok_or(ArchiveError::NotTar)?;
        rest = next;
        let sound = match key {
            // an empty value leaves what the plain header says
            _ if value.is_empty() => true,
            b"path" => {
                records.path = Some(value.to_vec());
                true
            }
            b"size" => {
                records.size = integer(value).and_then(|size| size.try_into().ok());
                records.size.is_some()
            }
            b"linkpath" | b"uname" | b"gname" => !value.contains(&0),
            b"uid" | b"gid" => integer(value).is_some(),
            b"atime" | b"mtime" | b"ctime" => is_time(value),
            _ => !key.contains(&0),
        };
        if !sound {
            return Err(ArchiveError::NotTar);
        }
        records.sparse |= key.starts_with(b"GNU.sparse.");
    }
    Ok(records)
}

/// `<length> <key>=<value>` and a line feed, where the length counts all of it.
fn record(content: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let space = content.iter().position(|byte| *byte == b' ')?;
    let length = usize::try_from(integer(&content[..space])?).ok()?;
    let (record, rest) = content.split_at_checked(length)?;
    let record = record.get(space + 1..)?.strip_suffix(b"\n")?;
    let equals = record.iter().position(|byte| *byte == b'=')?;
    (equals > 0).then_some((&record[..equals], &record[equals + 1..], rest))
}

fn integer(digits: &[u8]) -> Option<i64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Seconds, with a fraction or without.
fn is_time(value: &[u8]) -> bool {
    let point = value.iter().position(|byte| *byte == b'.').unwrap_or(value.len());
    let fraction = value.get(point + 1..).unwrap_or_default();
    integer(&value[..point]).is_some() && fraction.iter().all(u8::is_ascii_digit)
}
