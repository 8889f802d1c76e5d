//! Local steps over real processes, a real repository and a real store.

mod artifacts;
mod commands;
mod environment;
mod gates;
mod inspect;
mod output;
mod scene;
mod sealing;
