//! The state of a storage without opening it: nothing is written, taken in or followed.

use std::sync::Arc;

use futures_util::{StreamExt, stream};
use storage::ObjectStore;

use crate::format::known_storage_id;
use crate::outcome::OpenError;
use crate::snapshot::newest_state;
use crate::state::Touched;
use crate::{LEVEL, State, journal, layout};

/// Entries that are read at the same time.
const SIDE_BY_SIDE: usize = 32;

/// A state, and what it was read from.
#[derive(Debug)]
pub struct Replayed {
    /// The state.
    pub state: State,
    /// The sequence of the snapshot that it begins with; `None` if it was read from the journal alone.
    pub snapshot: Option<u64>,
}

/// Reads the state after the entry `until`, or after the last one. `None` if no server has ever used the storage.
///
/// # Errors
/// If the storage fails, or holds something that this program does not understand.
pub async fn replay(store: &Arc<dyn ObjectStore>, until: Option<u64>) -> Result<Option<Replayed>, OpenError> {
    let Some(id) = known_storage_id(&**store).await? else { return Ok(None) };
    let last = until.unwrap_or(u64::MAX);
    let begin = newest_state(&**store, id, LEVEL, last).await?;
    let snapshot = begin.as_ref().map(|state| state.sequence);
    let mut state = begin.unwrap_or_else(|| State::empty(id));
    let mut touched = Touched::default();
    {
        let sequences = stream::iter(state.sequence + 1..=last);
        let mut entries = sequences.map(|sequence| journal::read(&**store, sequence)).buffered(SIDE_BY_SIDE);
        while let Some(read) = entries.next().await {
            let Some((entry, _)) = read? else { break };
            state = state.follow(&entry, LEVEL, &mut touched).map_err(|error| OpenError::Format(error.to_string()))?;
        }
    }
    if let Some(until) = until
        && state.sequence != until
    {
        let (key, last) = (layout::journal(state.sequence + 1), state.sequence);
        return Err(OpenError::Format(format!("the journal ends at {last}: {key} is gone")));
    }
    Ok(Some(Replayed { state, snapshot }))
}
