//! Local steps over real processes, a real repository and a real store.

#[cfg(test)]
mod artifacts;
#[cfg(test)]
mod commands;
#[cfg(test)]
mod environment;
#[cfg(test)]
mod gates;
#[cfg(test)]
mod inspect;
#[cfg(test)]
mod output;
#[cfg(test)]
mod scene;
#[cfg(test)]
mod sealing;
