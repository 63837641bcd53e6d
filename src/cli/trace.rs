//! trace: rays through the lens of a system, from a CSV of points to a CSV of what happens to them.

use std::fmt::Write as _;
use std::path::Path;

use arclet::lens::mass::Lensing;
use arclet::lens::plane::{Lens, LensMapping, Perturbed, PlanesTo, Ray};
use arclet::lens::system::{Component, Role, System};

use super::args::TraceArguments;
use super::failure::{Failure, Result};
use super::report;

const HEADER: &str = "x,y,beta_x,beta_y,alpha_x,alpha_y,psi,kappa,gamma1,gamma2,magnification";

/// Runs the command.
pub fn run(arguments: &TraceArguments) -> Result<()> {
    let system = System::from_file_with(&arguments.system, &arclet::profiles())?;
    if system.of_role(Role::Lens).next().is_none() {
        return Err(Failure::user(format!(
            "{} has no `lens` to trace rays through; add one",
            arguments.system.display()
        )));
    }
    let path = &arguments.points;
    let text = std::fs::read_to_string(path).map_err(|e| Failure::io("read", path, &e))?;
    let points = points(&text, path)?;
    let rows = match (system.planes(Component::given)?, system.last_source()) {
        (Some(planes), Some(z)) => through_several(&planes.to(z), &points),
        _ => {
            let (mass, values) = system.mass()?;
            let potentials = system.potentials(Component::given)?;
            through_one(&Perturbed::new(Lens::new(&mass, &values), &potentials), &points)
        }
    };
    let mut out = format!("{HEADER}\n");
    for row in rows {
        // 17 significant digits give the same number back.
        let row: Vec<String> = row.iter().map(|v| format!("{v:.16e}")).collect();
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{}", row.join(","));
    }
    report::stdout(&out)
}

fn through_one(lens: &Perturbed<'_>, points: &[[f64; 2]]) -> Vec<[f64; 11]> {
    let row = |([x, y], at): (&[f64; 2], Lensing)| {
        let ([ax, ay], [g1, g2]) = (at.alpha, at.shear());
        [*x, *y, x - ax, y - ay, ax, ay, at.potential, at.kappa(), g1, g2, at.magnification()]
    };
    points.iter().zip(lens.at_all(points)).map(row).collect()
}

/// Through several planes the convergence and the shear are the effective ones, and there is no potential.
fn through_several(planes: &PlanesTo<'_>, points: &[[f64; 2]]) -> Vec<[f64; 11]> {
    let row = |([x, y], ray): (&[f64; 2], Ray)| {
        let ([bx, by], [g1, g2]) = (ray.position, ray.shear());
        [*x, *y, bx, by, x - bx, y - by, f64::NAN, ray.kappa(), g1, g2, ray.magnification()]
    };
    points.iter().zip(planes.rays(points)).map(row).collect()
}

/// The points of a CSV with the columns x and y, in any order, and no other.
fn points(text: &str, path: &Path) -> Result<Vec<[f64; 2]>> {
    let shown = path.display();
    let mistake = |line: usize, what: String| Failure::user(format!("{shown}, line {line}: {what}"));
    let text = text.trim_start_matches('\u{feff}');
    let mut lines = text.lines().enumerate().map(|(i, line)| (i + 1, line)).filter(|(_, line)| !line.trim().is_empty());
    let Some((first, header)) = lines.next() else {
        return Err(Failure::user(format!("{shown} is empty; give it the header x,y and one point a line")));
    };
    let columns: Vec<&str> = header.split(',').map(str::trim).collect();
    if let Some(column) = columns.iter().find(|c| !["x", "y"].contains(c)) {
        return Err(mistake(first, format!("the column `{column}` is not known; the header must be x,y (arcsec)")));
    }
    let place = |name| columns.iter().position(|c| *c == name);
    let (Some(x), Some(y), 2) = (place("x"), place("y"), columns.len()) else {
        return Err(mistake(first, format!("the header is `{}`; it must name x and y once each", header.trim())));
    };
    lines
        .map(|(line, row)| {
            let fields: Vec<&str> = row.split(',').map(str::trim).collect();
            if fields.len() != 2 {
                return Err(mistake(line, format!("{} numbers where the header has 2; give x and y", fields.len())));
            }
            let number = |column: usize| match fields[column].parse::<f64>() {
                Ok(value) if value.is_finite() => Ok(value),
                _ => {
                    let what = format!("`{}` is no finite number; write one such as -0.25", fields[column]);
                    Err(mistake(line, format!("column {} (`{}`): {what}", column + 1, columns[column])))
                }
            };
            Ok([number(x)?, number(y)?])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> std::result::Result<Vec<[f64; 2]>, String> {
        points(text, Path::new("p.csv")).map_err(|e| format!("{e:?}"))
    }

    #[test]
    fn columns_come_in_any_order_and_empty_lines_do_not_count() {
        assert_eq!(read("\u{feff}y, x\r\n1,2\r\n\r\n-3e-1 , 4\r\n"), Ok(vec![[2.0, 1.0], [4.0, -0.3]]));
        assert_eq!(read("x,y\n"), Ok(vec![]));
    }

    #[test]
    fn a_mistake_is_told_with_its_line_and_column() {
        for (text, said) in [
            ("", "is empty"),
            ("x,y,z\n1,2,3\n", "line 1: the column `z`"),
            ("x\n1\n", "line 1: the header is `x`"),
            ("x,x\n1,2\n", "once each"),
            ("1,2\n", "the column `1`"),
            ("x,y\n1,2\n\n1;2\n", "line 4: 1 numbers"),
            ("y,x\n1,2\n3,abc\n", "line 3: column 2 (`x`): `abc`"),
            ("x,y\nnan,2\n", "line 2: column 1 (`x`): `nan`"),
            ("x,y\n1,\n", "line 2: column 2 (`y`): ``"),
        ] {
            let line = read(text).err().unwrap_or_default();
            assert!(line.contains(said), "{text:?}: {line}");
        }
    }
}
