//! ChartMuseum's door.
