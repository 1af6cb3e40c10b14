//! The graph: a method's computation as its code records it, with detaches that can be opened.
//!
//! The method is the one that is trained, with a small network; one forward and one backward pass
//! tell which parameters receive a gradient.

use std::collections::HashSet;

use autodiff::graph::{self, Arrow, Drawing, Kind, Place};
use autodiff::{Gradients, Var};
use methods::method::Method;
use methods::train::{Schedule, Settings, build};
use models::Init;
use serde::{Deserialize, Serialize};
use tensor::{Device, Tensor};

use crate::DemoError;

/// Pictures in the batch.
const BATCH: usize = 4;

/// What makes each method small.
const SMALL: &[(&str, &[&str])] = &[
    ("barlow-twins", &[RESNET, "projector_dim=16"]),
    ("byol", &[RESNET, "hidden=16", "projector_dim=8"]),
    ("dino", DINO),
    ("ibot", DINO),
    ("lejepa", &[RESNET, "projector_hidden=16", "projector_dim=8"]),
    ("moco-v2", &[RESNET, "projector_dim=8", "queue=16", "bn_groups=2"]),
    ("moco-v3", &["encoder=vit-tiny-p8-w16-d1-h2-moco", "hidden_dim=16", "projector_dim=8"]),
    ("simclr", &[RESNET, "projector_dim=8"]),
    ("simsiam", &[RESNET, "projector_dim=16", "predictor_hidden=4"]),
    ("swav", &[RESNET, "projector_hidden=16", "projector_dim=8", "prototypes=8", CROPS, CROP]),
    ("vicreg", &[RESNET, "projector_dim=16"]),
];

const RESNET: &str = "encoder=resnet-small-w8";
const CROPS: &str = "local_crops_number=1";
const CROP: &str = "local_crops_size=8";
const DINO: &[&str] =
    &["encoder=vit-tiny-p4-w16-d1-h2", "head_hidden=16", "bottleneck=8", "out_dim=16", CROPS, CROP];

/// What the reader clicks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Switches {
    /// The method, as the command names it.
    pub method: String,
    /// The numbers of the detaches that are open, in the order of the program.
    pub open: Vec<usize>,
}

/// What is to be seen of a graph.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Look {
    /// In the order of the program.
    pub boxes: Vec<Seen>,
    /// From a box to one that uses it, and whether a gradient comes back.
    pub arrows: Vec<(usize, usize, bool)>,
    /// The parameters, by the part of the method that they belong to.
    pub groups: Vec<Group>,
    /// The loss, which no detach changes.
    pub loss: f64,
}

/// A box of the graph.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Seen {
    /// `scope`, `operation`, `input` or `detach`.
    pub kind: &'static str,
    /// The part's name, or the operation's.
    pub name: String,
    /// Of the value.
    pub shape: String,
    /// Whether the backward pass comes here.
    pub reached: bool,
}

/// The parameters of one part.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Group {
    /// The first word of their names.
    pub name: String,
    /// How many tensors they are.
    pub parameters: usize,
    /// How many of them receive a gradient.
    pub receive: usize,
    /// The length of all their gradients together.
    pub length: f64,
}

/// A method whose graph is looked at.
pub struct Graph {
    switches: Switches,
    method: Box<dyn Method>,
    views: Vec<Var>,
    at: Schedule,
}

impl Graph {
    /// The method in a first step of a run. Its teacher's parameters, constants in a run, are
    /// leaves here: else there would be no graph behind a detach, and nothing to open.
    ///
    /// # Errors
    /// Where there is no such method.
    pub fn new(device: &Device, switches: Switches) -> Result<Self, DemoError> {
        let settings = small(&switches.method)?;
        let unknown = |_| DemoError::Unknown(switches.method.clone());
        let method = build(&settings, device).map_err(unknown)?;
        thaw_teacher(&*method);
        let init = &mut Init::new(device, 0);
        let side = |view: methods::method::View| view.side(settings.run.image_size);
        let pixels = |side| Var::constant(init.normal([BATCH, side, side, 3], 1.0));
        let views = method.views().into_iter().map(side).map(pixels).collect();
        let at = Schedule::start(&settings.run, settings.run.batch);
        Ok(Graph { switches, method, views, at })
    }

    /// Opens and closes detaches.
    ///
    /// # Errors
    /// Where there is no such method; then nothing is changed.
    pub fn set(&mut self, switches: Switches) -> Result<(), DemoError> {
        if switches.method != self.switches.method {
            *self = Graph::new(self.views[0].device(), switches)?;
        } else {
            self.switches = switches;
        }
        Ok(())
    }

    /// One forward and one backward pass, and what is to be seen of them.
    pub async fn look(&self) -> Look {
        let (drawing, loss, gradients) = graph::with_open(&self.switches.open, || {
            self.method.at_step(0);
            let loss = self.method.forward(&self.views, &self.at).loss;
            (graph::drawing(&loss), loss.value().clone(), loss.backward())
        });
        let (boxes, arrows) = self.seen(drawing);
        Look {
            boxes,
            arrows,
            groups: self.groups(&gradients).await,
            loss: loss.read::<f64>().await[0],
        }
    }

    /// The drawing without its inputs, to which no gradient goes: constants, and the views unless
    /// all are drawn. One that joins its views first draws none of them.
    fn seen(&self, Drawing { boxes, arrows }: Drawing) -> (Vec<Seen>, Vec<(usize, usize, bool)>) {
        let is_view = |place: &&Place| place.kind == Kind::Input && place.shape.len() == 4;
        let drawn = boxes.iter().filter(is_view).count();
        let mut numbers = vec![None; boxes.len()];
        let (mut kept, mut views) = (Vec::new(), 0);
        for (place, number) in boxes.iter().zip(&mut numbers) {
            let (kind, name) = match place.kind {
                Kind::Scope => ("scope", place.name.clone()),
                Kind::Operation => ("operation", place.name.clone()),
                Kind::Detach => ("detach", place.name.clone()),
                Kind::Input if drawn == self.views.len() && is_view(&place) => {
                    views += 1;
                    ("input", format!("view {views}"))
                }
                Kind::Input => continue,
            };
            *number = Some(kept.len());
            kept.push(Seen { kind, name, shape: place.shape.to_string(), reached: place.reached });
        }
        let arrow = |Arrow { from, to, carries }| Some((numbers[from]?, numbers[to]?, carries));
        (kept, arrows.into_iter().filter_map(arrow).collect())
    }

    /// Who receives a gradient.
    async fn groups(&self, gradients: &Gradients) -> Vec<Group> {
        let mut parameters = self.method.parameters();
        parameters.retain(|(_, parameter)| parameter.is_trainable());
        let part = |name: &str| name.split('.').next().unwrap_or_default().to_string();
        let mut groups = Vec::new();
        for chunk in parameters.chunk_by(|(a, _), (b, _)| part(a) == part(b)) {
            let received = chunk.iter().filter_map(|(_, p)| gradients.get(&p.var()).ok());
            let squares: Vec<Tensor> = received.map(|dx| (dx * dx).sum_all()).collect();
            let (parameters, receive) = (chunk.len(), squares.len());
            let length = match squares.into_iter().reduce(|a, b| a + b) {
                Some(sum) => sum.read::<f64>().await[0].sqrt(),
                None => 0.0,
            };
            groups.push(Group { name: part(&chunk[0].0), parameters, receive, length });
        }
        groups
    }
}

/// Makes leaves of a teacher's parameters, as far as the student trains its own of the same names.
fn thaw_teacher(method: &dyn Method) {
    let parameters = method.parameters();
    let trained: HashSet<&str> = (parameters.iter().filter(|(_, p)| p.is_trainable()))
        .map(|(name, _)| name.as_str())
        .collect();
    for (name, parameter) in &parameters {
        let of_student = name.split_once('.').map_or("", |(_, rest)| rest);
        if !trained.contains(name.as_str()) && trained.contains(of_student) {
            parameter.replace(Var::leaf(parameter.var().value().clone()));
        }
    }
}

/// A method's settings, small.
fn small(method: &str) -> Result<Settings, DemoError> {
    let unknown = || DemoError::Unknown(method.to_string());
    let (_, own) = SMALL.iter().find(|(name, _)| *name == method).ok_or_else(unknown)?;
    let settings = Settings::named(method).map_err(|_| unknown())?;
    let all = ["image_size=16", "batch=4"].iter().chain(*own);
    Ok(all.fold(settings, |settings, assignment| {
        settings.set(assignment).expect("a test builds every method")
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use methods::registry::METHODS;

    fn look(method: &str, open: &[usize]) -> Look {
        let switches = Switches { method: method.to_string(), open: open.to_vec() };
        let graph = Graph::new(&Device::cpu(), switches).expect("the method exists");
        pollster::block_on(graph.look())
    }

    fn group<'a>(look: &'a Look, name: &str) -> &'a Group {
        look.groups.iter().find(|group| group.name == name).expect("the method has this part")
    }

    fn detaches(look: &Look) -> Vec<usize> {
        let boxes = look.boxes.iter().enumerate();
        boxes.filter(|(_, seen)| seen.kind == "detach").map(|(number, _)| number).collect()
    }

    /// The drawing counts detaches as `with_open` does, and keeps its shape.
    #[test]
    fn opening_a_detach_lets_the_gradient_through_at_its_box() {
        for method in METHODS {
            let closed = look(method, &[]);
            let boxes = detaches(&closed);
            assert!(boxes.iter().all(|&number| !closed.boxes[number].reached), "{method}");
            for opened in 0..boxes.len() {
                let open = look(method, &[opened]);
                let ends = |look: &Look| {
                    look.arrows.iter().map(|&(from, to, _)| (from, to)).collect::<Vec<_>>()
                };
                assert_eq!(ends(&open), ends(&closed), "{method}: another picture");
                assert_eq!(open.loss, closed.loss, "{method}: a detach changes no value");
                let reached: Vec<usize> =
                    boxes.iter().copied().filter(|&number| open.boxes[number].reached).collect();
                assert_eq!(reached, [boxes[opened]], "{method}");
            }
        }
    }

    /// All of SimSiam's parts learn either way; what is opened is a second path into `f`.
    #[test]
    fn simsiams_predictor_alone_does_not_feel_the_detach() {
        let [held, free] = [&[][..], &[0, 1]].map(|open| look("simsiam", open));
        for part in ["encoder", "projector", "predictor"] {
            for look in [&held, &free] {
                let group = group(look, part);
                assert_eq!(group.receive, group.parameters, "{part}");
            }
            let (held, free) = (group(&held, part).length, group(&free, part).length);
            let changed = (held - free).abs() > 1e-3 * held;
            assert_eq!(changed, part != "predictor", "{part}: {held} and {free}");
        }
    }

    #[test]
    fn a_teacher_receives_a_gradient_through_an_open_detach_only() {
        for (method, teacher) in [
            ("byol", "target"),
            ("moco-v2", "momentum"),
            ("moco-v3", "momentum"),
            ("dino", "teacher"),
        ] {
            let held = look(method, &[]);
            assert_eq!(group(&held, teacher).receive, 0, "{method}");
            assert_eq!(group(&held, "encoder").receive, group(&held, "encoder").parameters);
            let free = look(method, &[0]);
            assert_eq!(group(&free, teacher).receive, group(&free, teacher).parameters, "{method}");
        }
    }
}
