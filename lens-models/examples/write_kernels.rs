//! Writes the CUDA C of every profile of this crate into a folder: `cargo run --example write_kernels -- FOLDER`.

use std::path::PathBuf;

use lens_models::{light, mass};

fn main() -> std::io::Result<()> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "kernels".to_owned()));
    std::fs::create_dir_all(&folder)?;
    let mass = mass::ALL.iter().map(|p| p.kernel());
    let light = light::ALL.iter().map(|p| p.kernel());
    for kernel in mass.chain(light).flatten() {
        std::fs::write(folder.join(format!("{}.cu", kernel.name)), kernel.source)?;
        println!("{}.cu: {} parameters, {} outputs", kernel.name, kernel.params, kernel.outputs);
    }
    Ok(())
}
