//! The examples run, and print what they promise. They are the binaries that `cargo test` builds beside the tests.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs an example and returns what it prints.
fn output_of(example: &str, arguments: &[&Path]) -> String {
    // target/<profile>/deps/<this test> stands beside target/<profile>/examples/<example>.
    let folder = std::env::current_exe().unwrap().ancestors().nth(2).unwrap().join("examples");
    let program: PathBuf = folder.join(format!("{example}{}", std::env::consts::EXE_SUFFIX));
    assert!(program.is_file(), "{} is not built; `cargo build --release --examples` builds it", program.display());
    let output = Command::new(program).args(arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{example} failed: {}", text(&output.stderr));
    text(&output.stdout)
}

/// The numbers of the row of a printed table that begins with `name`.
fn row(table: &str, name: &str) -> Vec<f64> {
    let words =
        |line: &str| line.split(['|', ' ', '±']).filter(|w| !w.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    let row = table.lines().map(words).find(|words| words.first().is_some_and(|w| w == name));
    let row = row.unwrap_or_else(|| panic!("no row `{name}` in\n{table}"));
    row[1..].iter().filter_map(|word| word.parse().ok()).collect()
}

#[test]
fn eight_schools_prints_its_summary() {
    let table = output_of("eight_schools", &[]);
    // The reference posterior: mu 4.4 with deviation 3.3; 0.4 is five Monte Carlo errors.
    let [mean, sd, ..] = row(&table, "mu")[..] else { panic!("{table}") };
    assert!((mean - 4.4).abs() < 0.4 && (sd - 3.3).abs() < 0.4, "{table}");
    assert_eq!(table.lines().filter(|line| line.starts_with("theta[")).count(), 8, "{table}");
}

#[test]
fn both_guides_of_the_svi_example_agree_with_nuts() {
    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("loss.png");
    let table = output_of("svi", &[&picture]);
    for (site, worst) in [("mu", 0.3), ("logit[0]", 0.4), ("logit[7]", 0.3)] {
        let [auto, _, hand, _, nuts, sd] = row(&table, site)[..] else { panic!("{table}") };
        // Guides are not the posterior: some tenths of a deviation.
        assert!((auto - nuts).abs() < worst * sd && (hand - nuts).abs() < worst * sd, "{site}\n{table}");
    }
    assert!(std::fs::read(picture).unwrap().starts_with(b"\x89PNG"));
}

#[test]
fn swap_priors_prints_both_posteriors_and_refuses_the_typo() {
    let table = output_of("swap_priors", &[]);
    // Vague priors leave the least-squares slope, 445 km/s per Mpc, shrunk by a few; the informed prior is N(70, 5).
    let slope = row(&table, "slope");
    assert!((slope[0] - 445.0).abs() < 40.0 && (slope[2] - 72.0).abs() < 5.0, "{table}");
    assert!(table.contains("did you mean `slope`?"), "{table}");
}

#[test]
fn the_lens_by_hand_finds_the_values_that_made_its_image() {
    let table = output_of("lens_by_hand", &[]);
    for (name, truth) in [("theta_E", 1.2), ("gamma", 2.05), ("source[0]", 2.0), ("source[1]", 0.2), ("source[2]", 1.2)]
    {
        let [mean, sd, ..] = row(&table, name)[..] else { panic!("{table}") };
        assert!((mean - truth).abs() < 4.0 * sd, "{name} is {truth}\n{table}");
    }
    assert!(row(&table, "theta_E")[1] < 0.01, "the image says more than the prior\n{table}");
}

#[test]
fn the_table_of_appendix_a_is_as_far_off_as_its_page_says() {
    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("sple-table.png");
    let text = output_of("sple_table", &[&picture]);
    let page = include_str!("../docs/sple-table.md");
    let (printed, shown) = (table_numbers(&text), table_numbers(page));
    assert_eq!(printed.len(), shown.len(), "{text}");
    for (k, (printed, shown)) in printed.iter().zip(&shown).enumerate() {
        // Two digits, the last of which may go either way on another machine; what comes of images in f32, after the sixteen
        // errors of the deflection, also has their rounding.
        let rounding = if k < 16 { 0.0 } else { 2e-4 };
        let tolerance = 0.11 * shown.abs() + rounding;
        assert!((printed - shown).abs() <= tolerance, "docs/sple-table.md has {shown} for {printed}:\n{text}");
    }
    let signal = |text: &str| number(text, "24 lenses, noise 0.0333, median S/N");
    assert!((signal(&text) - signal(page)).abs() < 5.0, "{text}");
    assert!(std::fs::read(picture).unwrap().starts_with(b"\x89PNG"));
}

/// The last word of the first line that begins with `start`, before any `+-`, as a number.
fn number(text: &str, start: &str) -> f64 {
    let line =
        text.lines().find(|line| line.starts_with(start)).unwrap_or_else(|| panic!("no line `{start}`:\n{text}"));
    line.split("+-").next().and_then(|line| line.split_whitespace().next_back()?.parse().ok()).expect("a number")
}

/// The numbers of the tables of statistics in a text, row by row.
fn table_numbers(text: &str) -> Vec<f64> {
    let mut inside = false;
    let rows = text.lines().filter(|line| {
        inside = line.starts_with('|') && (inside || line.starts_with("|---"));
        inside
    });
    rows.flat_map(|row| row.split('|').filter_map(|cell| cell.trim().parse::<f64>().ok())).collect()
}

#[test]
fn simulated_galaxies_are_like_real_ones() {
    if test_data::find("data/galaxies").is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let text = output_of("galaxy_realism", &[folder.path()]);
    assert!(text.contains("real: 112 galaxies, 112 of them measured"), "{text}");
    // What docs/galaxies.md shows is what is printed now: the table of all magnitudes, then that of the bright ones.
    let page = include_str!("../docs/galaxies.md");
    let page = page.split_once("## How real they are").map(|(_, after)| after).expect("the page has that section");
    let (printed, shown) = (table_numbers(&text), table_numbers(page));
    assert_eq!((printed.len(), shown.len()), (14 * 5, 14 * 5), "{text}");
    for (printed, shown) in printed.iter().zip(&shown) {
        // The last digit may go either way on another machine.
        assert!((printed - shown).abs() < 0.011, "docs/galaxies.md has {shown} where {printed} is printed:\n{text}");
    }
    // The README's row: medians within 0.3 standard deviations, an area of 0.62.
    assert!(printed.chunks_exact(5).take(7).all(|row| row[4].abs() < 0.3), "{text}");
    let auc = number(&text, "AUC of a logistic classifier on the seven, 10-fold");
    assert!((auc - 0.62).abs() < 0.006, "{text}");
    for picture in ["galaxy-statistics.png", "galaxy-sheet.png"] {
        assert!(std::fs::read(folder.path().join(picture)).unwrap().starts_with(b"\x89PNG"));
    }
}

#[test]
fn denoising_takes_more_than_half_of_the_noise_of_simulated_galaxies() {
    let folder = tempfile::tempdir().unwrap();
    let text = output_of("galaxy_denoise", &[folder.path()]);
    // The two lines of docs/galaxies.md, number by number.
    let lines = |text: &str| -> Vec<Vec<f64>> {
        let lines = text.lines().map(str::trim).filter(|line| line.starts_with("rms(denoised - truth)"));
        lines.map(|line| line.split([',', ' ']).filter_map(|word| word.parse().ok()).collect()).collect()
    };
    let (printed, shown) = (lines(&text), lines(include_str!("../docs/galaxies.md")));
    assert_eq!((printed.len(), shown.len()), (2, 2), "{text}");
    for (printed, shown) in printed.concat().iter().zip(shown.concat()) {
        // The last digit may go either way on another machine.
        assert!((printed - shown).abs() < 0.0011, "docs/galaxies.md has {shown} where {printed} is printed:\n{text}");
    }
    let [galaxies, median, ..] = printed[0][..] else { panic!("{text}") };
    assert!(galaxies == 200.0 && median < 0.5, "{text}");
}

#[test]
fn two_bands_of_a_lens_say_more_together_than_either_alone() {
    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("bands.png");
    let table = output_of("bands", &[&picture]);
    for name in ["lens.theta_E", "lens.e1", "lens.e2", "shear.gamma1", "source.n_sersic", "source.e1"] {
        let [truth, mean, sd, _, first, _, second] = row(&table, name)[..] else { panic!("{table}") };
        assert!((mean - truth).abs() < 4.0 * sd, "{name}\n{table}");
        assert!(sd < first && sd < second, "{name}\n{table}");
    }
    for name in ["f160w.offset_x", "f160w.offset_y", "source.f160w.R_sersic", "source.f814w.amp"] {
        let [truth, mean, sd, ..] = row(&table, name)[..] else { panic!("{table}") };
        assert!((mean - truth).abs() < 4.0 * sd && sd < 0.03, "{name}\n{table}");
    }
    assert!(std::fs::read(picture).unwrap().starts_with(b"\x89PNG"));
}

#[test]
fn the_delays_of_a_quad_give_h0_and_cover_the_truth() {
    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("quad.png");
    let table = output_of("quad_delays", &[&picture]);
    for name in ["cosmology.H0", "lens.theta_E", "lens.gamma", "shear.gamma1", "quasar.center_x"] {
        let [truth, mean, sd, ..] = row(&table, name)[..] else { panic!("{table}") };
        assert!((mean - truth).abs() < 3.5 * sd, "{name}\n{table}");
    }
    let [_, _, sd, ..] = row(&table, "cosmology.H0")[..] else { panic!("{table}") };
    // The prior is 29 wide.
    assert!(sd < 12.0, "{table}");
    assert!(std::fs::read(picture).unwrap().starts_with(b"\x89PNG"));
}
