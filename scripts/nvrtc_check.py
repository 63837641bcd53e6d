"""Compiles the kernels of every profile with NVRTC and prints their registers and spills, without a GPU.

    cargo run --release --example write_kernels -- /tmp/kernels
    pip install nvidia-cuda-nvrtc==13.0.88 nvidia-cuda-nvcc==13.0.88       (NVRTC, and ptxas for the registers)
    python scripts/nvrtc_check.py /tmp/kernels [--arch 75 80 90]

CUDA 13 compiles for sm_75 and later; for sm_70 install nvidia-cuda-nvrtc-cu12 and nvidia-cuda-nvcc-cu12 (12.9) instead and ask for it by
`--arch 70`. Exits with 1 where a kernel does not compile or spills.
"""

import argparse
import ctypes
import glob
import os
import re
import subprocess
import sys
import tempfile


def nvidia_folder():
    """Where pip put the `nvidia` packages; None where there are none."""
    places = [p for p in sys.path if glob.glob(os.path.join(p, "nvidia", "**", "libnvrtc.so.*"), recursive=True)]
    if not places:
        return None
    return os.path.join(places[0], "nvidia")


def load_nvrtc(folder):
    """The builtins first, by full path: NVRTC looks for them on the library path alone."""
    find = lambda pattern: sorted(f for f in glob.glob(os.path.join(folder, "**", pattern), recursive=True) if ".alt." not in f)
    for builtins in find("libnvrtc-builtins.so.*"):
        ctypes.CDLL(builtins, mode=ctypes.RTLD_GLOBAL)
    return ctypes.CDLL(find("libnvrtc.so.*")[-1])


def compile_to_ptx(nvrtc, name, source, arch):
    program = ctypes.c_void_p()
    nvrtc.nvrtcCreateProgram(ctypes.byref(program), source.encode(), name.encode(), 0, None, None)
    options = [f"--gpu-architecture=compute_{arch}".encode()]
    status = nvrtc.nvrtcCompileProgram(program, len(options), (ctypes.c_char_p * len(options))(*options))
    size = ctypes.c_size_t()
    if status:
        nvrtc.nvrtcGetProgramLogSize(program, ctypes.byref(size))
        log = ctypes.create_string_buffer(size.value)
        nvrtc.nvrtcGetProgramLog(program, log)
        raise RuntimeError(log.value.decode())
    nvrtc.nvrtcGetPTXSize(program, ctypes.byref(size))
    ptx = ctypes.create_string_buffer(size.value)
    nvrtc.nvrtcGetPTX(program, ptx)
    return ptx.value.decode()


def assemble(ptxas, ptx, arch):
    """{kernel: (registers, bytes of spills, bytes of code)} as ptxas reports them."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "kernel.ptx")
        with open(path, "w") as file:
            file.write(ptx)
        cubin = os.path.join(folder, "kernel.cubin")
        run = subprocess.run([ptxas, "-v", f"-arch=sm_{arch}", path, "-o", cubin], capture_output=True, text=True, check=True)
    report = {}
    kernel = None
    for line in run.stderr.splitlines():
        if match := re.search(r"Compiling entry function '(\w+)'", line):
            kernel = match[1]
            report[kernel] = [0, 0]
        if match := re.search(r"(\d+) bytes spill stores, (\d+) bytes spill loads", line):
            report[kernel][1] = int(match[1]) + int(match[2])
        if match := re.search(r"Used (\d+) registers", line):
            report[kernel][0] = int(match[1])
    return report


def instructions(ptx, kernel):
    """Instructions of the PTX of a kernel; those of a loop count once."""
    body = ptx[ptx.index(f".entry {kernel}") :]
    body = body[: body.index("\n}")]
    return sum(line.strip().endswith(";") and not line.strip().startswith(".") for line in body.splitlines())


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("folder")
    arguments.add_argument("--arch", nargs="+", default=["75", "80", "90"])
    arguments.add_argument("--if-found", action="store_true", help="say so and exit with 0 where there is no NVRTC")
    arguments = arguments.parse_args()
    folder = nvidia_folder()
    if folder is None:
        missing = "no NVRTC: pip install nvidia-cuda-nvrtc==13.0.88 nvidia-cuda-nvcc==13.0.88"
        sys.exit(missing if not arguments.if_found else print(f"skipped, {missing}"))
    nvrtc = load_nvrtc(folder)
    major, minor = ctypes.c_int(), ctypes.c_int()
    nvrtc.nvrtcVersion(ctypes.byref(major), ctypes.byref(minor))
    ptxas = next(iter(glob.glob(os.path.join(folder, "**", "bin", "ptxas"), recursive=True)), None)
    if ptxas is None:
        print("no ptxas, so no registers: pip install nvidia-cuda-nvcc")
    print(f"NVRTC {major.value}.{minor.value}; registers/bytes spilled for each architecture, PTX instructions of the first")
    print(f"{'kernel':32}" + "".join(f"{'sm_' + arch:>10}" for arch in arguments.arch) + f"{'PTX':>8}")
    bad = 0
    for path in sorted(glob.glob(os.path.join(arguments.folder, "*.cu"))):
        with open(path) as file:
            source = file.read()
        rows = {}
        for arch in arguments.arch:
            try:
                ptx = compile_to_ptx(nvrtc, os.path.basename(path), source, arch)
            except RuntimeError as error:
                bad += 1
                print(f"{os.path.basename(path)}, sm_{arch}: does not compile\n{error}")
                continue
            report = assemble(ptxas, ptx, arch) if ptxas else {}
            for kernel in re.findall(r"\.entry (\w+)", ptx):
                row = rows.setdefault(kernel, {"ptx": instructions(ptx, kernel)})
                if kernel in report:
                    row[arch] = report[kernel]
                    bad += row[arch][1] > 0
        for kernel, row in rows.items():
            cells = ["%d/%d" % tuple(row[arch]) if arch in row else "-" for arch in arguments.arch]
            print(f"{kernel:32}" + "".join(f"{cell:>10}" for cell in cells) + f"{row['ptx']:8}")
    if bad:
        sys.exit(f"{bad} failures")


if __name__ == "__main__":
    main()
