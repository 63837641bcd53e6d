//! The examples run, and print what they promise. They are the binaries that `cargo test` builds beside the tests.

use std::path::PathBuf;
use std::process::Command;

/// Runs an example and returns what it prints.
fn output_of(example: &str) -> String {
    // target/<profile>/deps/<this test> stands beside target/<profile>/examples/<example>.
    let folder = std::env::current_exe().unwrap().ancestors().nth(2).unwrap().join("examples");
    let program: PathBuf = folder.join(format!("{example}{}", std::env::consts::EXE_SUFFIX));
    assert!(program.is_file(), "{} is not built; `cargo build --release --examples` builds it", program.display());
    let output = Command::new(program).output().unwrap();
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
    let table = output_of("eight_schools");
    // The reference posterior: mu 4.4 with deviation 3.3; 0.4 is five Monte Carlo errors.
    let [mean, sd, ..] = row(&table, "mu")[..] else { panic!("{table}") };
    assert!((mean - 4.4).abs() < 0.4 && (sd - 3.3).abs() < 0.4, "{table}");
    assert_eq!(table.lines().filter(|line| line.starts_with("theta[")).count(), 8, "{table}");
}

#[test]
fn swap_priors_prints_both_posteriors_and_refuses_the_typo() {
    let table = output_of("swap_priors");
    // Vague priors leave the least-squares slope, 445 km/s per Mpc, shrunk by a few; the informed prior is N(70, 5).
    let slope = row(&table, "slope");
    assert!((slope[0] - 445.0).abs() < 40.0 && (slope[2] - 72.0).abs() < 5.0, "{table}");
    assert!(table.contains("did you mean `slope`?"), "{table}");
}

#[test]
fn the_lens_by_hand_finds_the_values_that_made_its_image() {
    let table = output_of("lens_by_hand");
    for (name, truth) in [("theta_E", 1.2), ("gamma", 2.05), ("source[0]", 2.0), ("source[1]", 0.2), ("source[2]", 1.2)]
    {
        let [mean, sd, ..] = row(&table, name)[..] else { panic!("{table}") };
        assert!((mean - truth).abs() < 4.0 * sd, "{name} is {truth}\n{table}");
    }
    assert!(row(&table, "theta_E")[1] < 0.01, "the image says more than the prior\n{table}");
}
