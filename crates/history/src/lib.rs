//! What happened in the repository and what it makes of the next version: reading only.
