//! Cache: sources compiled by NVRTC, kept on disk by source, architecture and version of the compiler.
#![allow(unsafe_code)]

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use cudarc::nvrtc::{CompileError, CompileOptions, Ptx, compile_ptx_with_opts, sys};

use super::libraries::preload;
use crate::error::{Error, Result};

/// NVRTC, and what it compiles for.
pub(super) struct Compiler {
    version: (i32, i32),
    arch: (i32, i32),
}

impl fmt::Display for Compiler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sm_{}{}, NVRTC {}.{}", self.arch.0, self.arch.1, self.version.0, self.version.1)
    }
}

impl Compiler {
    /// The compiler for devices of an architecture.
    pub(super) fn find(arch: (i32, i32)) -> Result<Self> {
        // SAFETY: only looks for the library. What comes after would panic without it.
        if !unsafe { sys::is_culib_present() } {
            // NVRTC looks for its builtins by name alone.
            preload(&["libnvrtc-builtins.so.", "libnvrtc.so."]);
        }
        // SAFETY: as above.
        if !unsafe { sys::is_culib_present() } {
            let advice = "install the CUDA toolkit (or `pip install nvidia-cuda-nvrtc`) and put its libraries on LD_LIBRARY_PATH";
            return Err(Error::NoCuda { what: "no NVRTC (libnvrtc, the compiler of kernels)", advice });
        }
        let mut version = (0, 0);
        // SAFETY: the library is there, and both numbers are written to.
        unsafe { sys::nvrtcVersion(&mut version.0, &mut version.1) };
        Ok(Compiler { version, arch })
    }

    fn option(&self) -> String {
        format!("--gpu-architecture=compute_{}{}", self.arch.0, self.arch.1)
    }
}

/// A source compiled for the device.
pub(super) fn ptx(compiler: &Compiler, name: &str, source: &str) -> Result<Ptx> {
    let mut hasher = DefaultHasher::new();
    (source, compiler.arch, compiler.version, env!("CARGO_PKG_VERSION")).hash(&mut hasher);
    let file = folder().map(|folder| folder.join(format!("{name}-{:016x}.ptx", hasher.finish())));
    if let Some(text) = file.as_ref().and_then(|file| std::fs::read_to_string(file).ok()) {
        return Ok(Ptx::from_src(text));
    }
    let options =
        CompileOptions { options: vec![compiler.option()], name: Some(format!("{name}.cu")), ..Default::default() };
    let ptx = compile_ptx_with_opts(source, options).map_err(|error| {
        let log = match error {
            CompileError::CompileError { log, .. } => log.to_string_lossy().into_owned(),
            other => format!("{other:?}"),
        };
        Error::CudaCompile { name: name.to_owned(), log }
    })?;
    if let (Some(file), text) = (&file, ptx.to_src()) {
        // A cache that cannot be written is no mistake: the next process compiles again.
        let _ = keep(file, &text);
    }
    Ok(ptx)
}

/// Writes a file whole or not at all.
fn keep(file: &Path, text: &str) -> std::io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let own = file.with_extension(format!("{}.tmp", std::process::id()));
    std::fs::write(&own, text)?;
    std::fs::rename(own, file)
}

/// `$XDG_CACHE_HOME/arclet`, or `~/.cache/arclet`.
fn folder() -> Option<PathBuf> {
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let base = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|p| p.is_absolute()).or_else(home);
    base.map(|base| base.join("arclet"))
}
