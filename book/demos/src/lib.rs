//! The book's demonstrations: the methods, as they stand in this repository, in the reader's
//! browser.
//!
//! A demonstration is plain Rust that also runs and is tested outside a browser; `web` opens it
//! to JavaScript, and the scripts in `page/` draw what it shows.

pub mod collapse;
pub mod graph;
pub mod kernels;
mod plane;
pub mod room;
#[cfg(target_arch = "wasm32")]
pub mod web;

use std::fmt::Display;

use tensor::{Device, KernelError};
use thiserror::Error;

use crate::collapse::Lab;
use crate::graph::Graph;
use crate::kernels::Bench;
use crate::room::Room;

/// One of the demonstrations, as a page runs it: requests and answers are JSON.
pub enum Demonstration {
    /// [`collapse`].
    Collapse(Box<Lab>),
    /// [`graph`].
    Graph(Graph),
    /// [`kernels`].
    Kernels(Bench),
    /// [`room`].
    Room(Box<Room>),
}

impl Demonstration {
    /// Opens one by its name, with its switches.
    ///
    /// # Errors
    /// Where there is none of this name, or a switch has a wrong value.
    pub fn open(name: &str, device: &Device, switches: &str) -> Result<Self, DemoError> {
        match name {
            "collapse" => {
                let switches = serde_json::from_str(switches)?;
                Ok(Demonstration::Collapse(Box::new(Lab::new(device, switches)?)))
            }
            "graph" => {
                let switches = serde_json::from_str(switches)?;
                Ok(Demonstration::Graph(Graph::new(device, switches)?))
            }
            "kernels" => {
                let switches = serde_json::from_str(switches)?;
                Ok(Demonstration::Kernels(Bench::new(device, switches)?))
            }
            "room" => {
                let switches = serde_json::from_str(switches)?;
                Ok(Demonstration::Room(Box::new(Room::new(device, switches)?)))
            }
            _ => Err(DemoError::Unknown(name.to_string())),
        }
    }

    /// Turns the switches.
    ///
    /// # Errors
    /// Where a switch has a wrong value; then nothing is changed.
    pub fn set(&mut self, switches: &str) -> Result<(), DemoError> {
        match self {
            Demonstration::Collapse(lab) => lab.set(serde_json::from_str(switches)?),
            Demonstration::Graph(graph) => graph.set(serde_json::from_str(switches)?),
            Demonstration::Kernels(bench) => bench.set(serde_json::from_str(switches)?),
            Demonstration::Room(room) => room.set(serde_json::from_str(switches)?),
        }
    }

    /// Goes on for some steps, where it has any, and tells what is to be seen then.
    ///
    /// # Errors
    /// Where the demonstration cannot go on.
    pub async fn advance(&mut self, steps: usize) -> Result<String, DemoError> {
        match self {
            Demonstration::Collapse(lab) => {
                (0..steps).for_each(|_| lab.step());
                Ok(serde_json::to_string(&lab.look().await)?)
            }
            Demonstration::Graph(graph) => Ok(serde_json::to_string(&graph.look().await)?),
            Demonstration::Kernels(bench) => Ok(serde_json::to_string(&bench.run(steps).await?)?),
            Demonstration::Room(room) => {
                (0..steps).for_each(|_| room.step());
                Ok(serde_json::to_string(&room.look().await)?)
            }
        }
    }
}

/// Why a demonstration cannot do what it is asked for.
#[derive(Debug, Error)]
pub enum DemoError {
    /// A switch has a value that it cannot have.
    #[error("{name} = {found}; expected {expected}")]
    Switch {
        /// The switch.
        name: &'static str,
        /// Its value.
        found: String,
        /// What it may be.
        expected: &'static str,
    },
    /// A kernel that the GPU refuses.
    #[error(transparent)]
    Kernel(#[from] KernelError),
    /// What the page asks for cannot be read.
    #[error("the page's request cannot be read: {0}")]
    Request(#[from] serde_json::Error),
    /// There is no such demonstration.
    #[error("there is no demonstration `{0}`")]
    Unknown(String),
}

/// An error where a switch's value does not hold.
fn expect(
    holds: bool,
    name: &'static str,
    found: impl Display,
    expected: &'static str,
) -> Result<(), DemoError> {
    if holds {
        return Ok(());
    }
    Err(DemoError::Switch { name, found: found.to_string(), expected })
}
