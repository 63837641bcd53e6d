//! `arclet train-source` as a user calls it: what it leaves, how it goes on, and every way to be refused.

mod program;

use std::fs;
use std::path::Path;

use arclet::source::latent::LatentPrior;
use arclet::source::vae::Vae;

use program::{MANIFEST, arclet, empty, entries, good, refused};

fn galaxies(root: &Path, n: &str, side: &str) {
    good(root, &["galaxies", "--simulate", n, "--side", side, "--seed", "3", "--out", "set"]);
}

#[test]
fn a_training_leaves_weights_history_and_pictures_and_goes_on() {
    let folder = empty();
    let root = folder.path();
    galaxies(root, "100", "64");
    // Seconds: an epoch of two batches, or two.
    let train = ["train-source", "--data", "set", "--out", "source", "--hours", "0.0008"];
    let output = arclet(root, &train);
    let (report, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!((output.status.code(), said.as_ref()), (Some(0), ""), "silent where stderr is no terminal");
    let rows = || fs::read_to_string(root.join("source/history.csv")).map_or(0, |table| table.lines().count() - 1);
    let first = rows();
    if first == 0 {
        assert!(report.contains("stopped in the first epoch"), "{report}");
        assert_eq!(entries(&root.join("source")), [MANIFEST, "checkpoint.bin"]);
    }
    refused(root, &train, &["source exists already", "--resume"]);
    let mut on = train.to_vec();
    on.push("--resume");
    while rows() < first + 1 {
        good(root, &on);
    }
    let all =
        ["checkpoint.bin", "decoder.safetensors", "encoder.safetensors", "history.csv", "loss.png", "model-card.md"];
    assert_eq!(
        entries(&root.join("source")),
        [&[MANIFEST], &all[..], &["prior.safetensors", "reconstructions.png"]].concat()
    );
    let table = fs::read_to_string(root.join("source/history.csv")).expect("listed above");
    assert!(table.starts_with("epoch,step,training_elbo,validation_elbo,seconds\n1,2,-"), "{table}");
    assert!(fs::read_to_string(root.join("source/model-card.md")).expect("listed").contains("Trained on 88 galaxies"));

    let mut vae = Vae::read(&root.join("source")).expect("just written");
    let prior = LatentPrior::read(&root.join("source/prior.safetensors")).expect("just written");
    let image = vae.decode(&prior.loc).expect("64 numbers");
    assert!(image[0].len() == 64 * 64 && image[0].iter().all(|pixel| pixel.abs() <= 1.0));

    fs::write(root.join("source/checkpoint.bin"), b"arclet checkpoint 2 NUTS\n").expect("a temporary folder");
    refused(root, &on, &["checkpoint.bin", "training"]);
}

#[test]
fn a_training_that_was_stopped_goes_on_bit_for_bit_with_its_own_seed() {
    let folder = empty();
    let root = folder.path();
    galaxies(root, "60", "64");
    let train = |out: &str, rest: &[&str]| {
        good(root, &[&["train-source", "--data", "set", "--out", out], rest].concat());
    };
    // The ELBOs of each epoch; the seconds behind them are not those of the other run.
    let elbos = |out: &str| {
        let table = fs::read_to_string(root.join(out).join("history.csv")).unwrap_or_default();
        table
            .lines()
            .map(|row| row.rsplit_once(',').map_or(String::new(), |(row, _)| row.to_owned()))
            .collect::<Vec<_>>()
    };
    train("straight", &["--seed", "3", "--epochs", "3"]);
    train("stopped", &["--seed", "3", "--epochs", "1"]);
    train("stopped", &["--resume", "--epochs", "3"]);
    assert_eq!(elbos("straight").len(), 4);
    assert_eq!(elbos("stopped"), elbos("straight"));
    let resume = ["train-source", "--data", "set", "--out", "stopped", "--resume"];
    refused(root, &[&resume[..], &["--seed", "4"]].concat(), &["--seed 3, not 4"]);
    refused(root, &[&resume[..], &["--preset", "paper"]].concat(), &["--preset", "--resume"]);
    refused(root, &[&resume[..], &["--epochs", "0"]].concat(), &["--epochs", "1..="]);
}

#[test]
fn every_mistake_is_one_line_with_code_2_that_leaves_nothing() {
    let folder = empty();
    let root = folder.path();
    let train = |data: &'static str, rest: &[&'static str]| -> Vec<&'static str> {
        [&["train-source", "--data", data, "--out", "source"], rest].concat()
    };
    refused(root, &train("nothing", &[]), &["nothing/galaxies.safetensors", "check the path"]);
    refused(root, &train("set", &["--hours", "0"]), &["--hours", "positive"]);
    galaxies(root, "60", "32");
    refused(root, &train("set", &[]), &["32 pixels a side", "--side 64"]);
    refused(root, &train("set", &["--resume"]), &["32 pixels a side"]);
    fs::remove_dir_all(root.join("set")).expect("just written");
    galaxies(root, "30", "64");
    refused(root, &train("set", &[]), &["training set has 26 galaxies", "32"]);
    fs::remove_dir_all(root.join("set")).expect("just written");
    galaxies(root, "60", "64");
    refused(root, &train("set", &["--resume"]), &["source", "no checkpoint.bin to resume"]);
    let file = root.join("set/galaxies.safetensors");
    let bytes = fs::read(&file).expect("just written");
    // The largest pixel of each galaxy is 1; here it is NaN.
    let mut broken = bytes.clone();
    let at = (0..bytes.len() - 4).rev().find(|k| k % 4 == 0 && bytes[*k..k + 4] == 1.0_f32.to_le_bytes());
    let at = at.expect("a pixel of 1");
    broken[at..at + 4].copy_from_slice(&f32::NAN.to_le_bytes());
    fs::write(&file, &broken).expect("a temporary folder");
    refused(root, &train("set", &[]), &["galaxies.safetensors", "NaN", "finite"]);
    fs::write(&file, &bytes[..bytes.len() - 9]).expect("a temporary folder");
    refused(root, &train("set", &[]), &["galaxies.safetensors", "cut short"]);
}
