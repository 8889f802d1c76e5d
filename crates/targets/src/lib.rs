//! Where releases go: one file per kind of place, and one table that lists them.
