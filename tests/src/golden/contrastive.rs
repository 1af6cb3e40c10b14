//! `loss/…` and `step/…` of the methods that tell images apart.

use anyhow::Result;
use autodiff::Var;
use methods::queue::enqueue;
use methods::{losses, moco_v2, moco_v3, simclr};
use tensor::Tensor;

use super::Compute;
use super::case::{Results, Session};
use super::steps::each;
use super::training::Training;
use crate::array::Array;

pub(super) fn find_loss(name: &str) -> Option<Compute> {
    Some(match name {
        "moco_v2" => |s| {
            let mut queue = Queue::read(s)?;
            let loss = queue.loss(&s.var("in/q")?, &s.var("in/k")?);
            Ok(queue.after(Results::loss(loss)))
        },
        "moco_v3" => |s| {
            let [q1, q2] = [s.var("in/q1")?, s.var("in/q2")?];
            let [k1, k2] = [s.var("in/k1")?, s.var("in/k2")?];
            Ok(Results::loss(moco_v3::loss([&q1, &q2], [&k1, &k2], &moco_v3_config(s)?)))
        },
        "simclr" => |s| {
            let [z1, z2] = [s.var("in/z1")?, s.var("in/z2")?];
            Ok(Results::loss(simclr::loss(&z1, &z2, &simclr_config(s)?)))
        },
        _ => return None,
    })
}

pub(super) fn find_step(name: &str) -> Option<Compute> {
    Some(match name {
        "moco_v2" => |s| {
            let (training, mut queue) = (Training::read(s)?, Queue::read(s)?);
            let (student, teacher) = (&training.student, training.teacher()?);
            let results =
                training.run(|_, x| Ok(queue.loss(&student.f(&x[0]), &teacher.f(&x[1]))))?;
            Ok(queue.after(results))
        },
        "moco_v3" => |s| {
            let (training, config) = (Training::read(s)?, moco_v3_config(s)?);
            let (student, teacher) = (&training.student, training.teacher()?);
            training.run(|_, views| {
                let [q1, q2] = each(views, |x| student.h(&student.f(x)));
                let [k1, k2] = each(views, |x| teacher.f(x));
                Ok(moco_v3::loss([&q1, &q2], [&k1, &k2], &config))
            })
        },
        "simclr" => |s| {
            let (training, config) = (Training::read(s)?, simclr_config(s)?);
            training.run(|_, views| {
                let n = views[0].shape()[0];
                let z = training.student.f(&Var::concat(&[&views[0], &views[1]], 0));
                Ok(simclr::loss(&z.slice(0, 0, n), &z.slice(0, n, 2 * n), &config))
            })
        },
        _ => return None,
    })
}

fn moco_v3_config(s: &Session) -> Result<moco_v3::Config> {
    Ok(moco_v3::Config { temperature: s.case.config("temperature")?, ..Default::default() })
}

/// With the mean over both directions.
fn simclr_config(s: &Session) -> Result<simclr::Config> {
    let temperature = s.case.config("temperature")?;
    Ok(simclr::Config { temperature, sum_directions: false, ..Default::default() })
}

/// MoCo v2's queue: a column of the file's is a row of ours.
struct Queue {
    keys: Tensor,
    ptr: usize,
    config: moco_v2::Config,
}

impl Queue {
    fn read(s: &Session) -> Result<Self> {
        let temperature = s.case.config("temperature")?;
        Ok(Queue {
            keys: s.tensor("buffer/queue")?.permute(&[1, 0]),
            ptr: s.case.array("buffer/queue_ptr")?.values[0] as usize,
            config: moco_v2::Config { temperature, ..Default::default() },
        })
    }

    /// The loss, whose keys then join the queue.
    fn loss(&mut self, q: &Var, k: &Var) -> Var {
        let loss = moco_v2::loss(q, k, &self.keys, &self.config);
        (self.keys, self.ptr) = enqueue(&self.keys, self.ptr, losses::normalize(k).value());
        loss
    }

    fn after(&self, results: Results) -> Results {
        results
            .after("queue", Array::of(&self.keys).permute(&[1, 0]))
            .after("queue_ptr", Array { shape: vec![1], values: vec![self.ptr as f64] })
    }
}
