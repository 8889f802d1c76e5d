//! The one place that reads the system's clock.

use shipway_core::Timestamp;
use std::time::{SystemTime, UNIX_EPOCH};

/// The time now. A clock before 1970 gives negative values.
#[expect(
    clippy::disallowed_methods,
    reason = "the time enters the program here"
)]
pub fn now() -> Timestamp {
    let now = SystemTime::now();
    let millis = match now.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_millis()).unwrap_or(i64::MAX),
        Err(before) => {
            i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |millis| -millis)
        }
    };
    Timestamp(millis)
}
