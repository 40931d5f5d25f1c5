/// What the settings ask of callers. Built once.
#[derive(Debug, Default)]
pub struct Authentication {}
