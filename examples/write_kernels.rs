//! Writes the CUDA C of every operation and profile into a folder: `cargo run --release --example write_kernels -- FOLDER`.

use std::path::PathBuf;

fn main() -> std::io::Result<()> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "kernels".to_owned()));
    std::fs::create_dir_all(&folder)?;
    let core = arclet::core::autodiff::kernel_sources();
    for (name, source) in [core, arclet::lens::op::kernel_sources(), arclet::source::kernel_sources()].concat() {
        std::fs::write(folder.join(format!("{name}.cu")), source)?;
        println!("{name}.cu");
    }
    Ok(())
}
