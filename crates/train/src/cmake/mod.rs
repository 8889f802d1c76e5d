//! Reading extension configuration files: the part of CMake that such files are written in.
//!
//! Invariants: files are taken apart as CMake takes them apart, never by patterns; a condition that depends on the machine
//! stays a condition; whatever is not understood is a problem with its place, and what stands around it is read.
//!
//! Must not: run anything, look at the machine, or read files other than through the caller.

mod commands;
mod condition;
mod evaluate;
mod lex;
mod load;
mod tree;
mod value;

pub(crate) use evaluate::{Settings, evaluate};
pub(crate) use load::{Load, State};
pub(crate) use value::{Text, Value};

#[cfg(test)]
mod tests;
