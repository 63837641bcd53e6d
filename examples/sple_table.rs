//! The table of the paper's appendix A held against the exact deflection: how far off it is, and what that does to a fit.
//!
//! `cargo run --release --example sple_table [FILE.png]` prints the tables of docs/sple-table.md, and draws them where it is given a
//! file name.

#[path = "sple_table/bias.rs"]
mod bias;
#[path = "sple_table/deflection.rs"]
mod deflection;
#[path = "sple_table/lens.rs"]
mod lens;
#[path = "sple_table/picture.rs"]
mod picture;

use std::sync::OnceLock;

use arclet::lens::mass::SpleTable;

use bias::{Bias, FREE, Study};

/// Nodes in eta, q and gamma.
const SIZES: [[usize; 3]; 5] = [[17; 3], [33; 3], [65, 33, 33], [65; 3], [129; 3]];

/// How many lenses the bias is measured on.
const LENSES: usize = 24;

/// A mass profile in a model lives as long as the program.
static TABLES: OnceLock<Vec<SpleTable>> = OnceLock::new();

fn name([eta, q, gamma]: [usize; 3]) -> String {
    if eta == q && q == gamma { format!("{eta}^3") } else { format!("{eta} x {q} x {gamma}") }
}

/// Two digits.
fn two(x: f64) -> String {
    let power = x.abs().log10().floor();
    if (-2.0..2.0).contains(&power) { format!("{x:.*}", (1.0 - power) as usize) } else { format!("{x:.1e}") }
}

fn main() -> anyhow::Result<()> {
    let made = SIZES.into_iter().map(|[eta, q, gamma]| SpleTable::new(eta, q, gamma));
    let made = made.collect::<Result<_, _>>()?;
    let tables = TABLES.get_or_init(|| made);

    println!(
        "Tables of q in [0.1, 1] and gamma in [1.1, 2.9]. The paper does not state the size or the ends of its own.\n"
    );
    println!("Relative error of the deflection over eta, q in [0.2, 1] and gamma in [1.3, 2.7]:\n");
    println!("| nodes (eta, q, gamma) | rms | largest |\n|---|---|---|");
    let errors: Vec<_> = tables.iter().map(deflection::error).collect();
    for (size, error) in SIZES.into_iter().zip(&errors) {
        println!("| {} | {} | {} |", name(size), two(error.rms), two(error.largest));
    }
    println!(
        "\nThe error of one direction alone, at nodes of the other two:\n\n| nodes | rms | largest |\n|---|---|---|"
    );
    for (direction, name) in ["33 in eta", "33 in q", "33 in gamma"].into_iter().enumerate() {
        let error = deflection::error_along(direction, 33)?;
        println!("| {name} | {} | {} |", two(error.rms), two(error.largest));
    }

    let study = Study::new(LENSES)?;
    println!("\n{LENSES} lenses, noise {}, median S/N {:.0}.", lens::SIGMA, study.signal_to_noise());
    println!("What a fit with the table adds to the truth, rms over the lenses and the worst of them:\n");
    println!("| nodes | parameter | rms | rms, % | rms, sigma | worst, sigma |\n|---|---|---|---|---|---|");
    let biases = tables.iter().map(|table| study.bias(table)).collect::<Result<Vec<_>, _>>()?;
    for (size, bias) in SIZES.into_iter().zip(&biases) {
        for (parameter, Bias { rms, percent, sigmas, worst }) in FREE.iter().zip(&bias.of) {
            let [rms, percent, sigmas, worst] = [rms, percent, sigmas, worst].map(|x| two(*x));
            println!("| {} | {parameter} | {rms} | {percent} | {sigmas} | {worst} |", name(size));
        }
    }
    println!("\nThe image of the table at the true parameters, and what a fit leaves of the difference:\n");
    println!("| nodes | largest difference, sigma | chi2 at the truth | chi2 after the fit | beyond linear, sigma |");
    println!("|---|---|---|---|---|");
    for (size, bias) in SIZES.into_iter().zip(&biases) {
        let [largest, before, after, beyond] = [bias.largest, bias.chi2[0], bias.chi2[1], bias.beyond_linear].map(two);
        println!("| {} | {largest} | {before} | {after} | {beyond} |", name(size));
    }
    if let Some(path) = std::env::args().nth(1) {
        std::fs::write(path, picture::draw(&SIZES, &errors, &biases)?)?;
    }
    Ok(())
}
