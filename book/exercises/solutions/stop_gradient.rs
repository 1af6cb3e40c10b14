//! One line, and the method is SimSiam.

use autodiff::Var;

pub fn distance(p: &Var, z: &Var) -> Var {
    let z = z.detach();
    let (p, z) = (p.l2_normalize(1e-8), z.l2_normalize(1e-8));
    -(p * z).sum(&[-1], false).mean_all()
}
