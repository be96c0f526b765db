"""Vector functions and casts built for AVX-512, in Bochs: it emulates a processor that has it.

    python -m tests.csrc.emulated [--count 3000] [--kernel /boot/vmlinuz-...] [--root /]

The arguments of tests/csrc, and what the AVX2 build gives for them here, go into one static
program; it is the only process of a Linux that boots from a CD in an emulated Skylake-X, runs the
AVX-512 builds, with 64-byte vectors and as gcc tunes them for that processor, and compares with the
AVX2 build bit for bit.  Takes some two minutes.  Debian's packages: bochs, bochsbios, vgabios,
grub-pc-bin, grub-common, xorriso, mtools, linux-image-cloud-amd64; --root where they were unpacked
instead of installed.  qemu emulates AVX2 since 7.2, AVX-512 not at all.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from gradc.dtypes import DTYPES
from tests.csrc import test_cast
from tests.csrc.drivers import FLAGS, INCLUDE, Target, build, source
from tests.csrc.functions import FUNCTIONS, Function, arguments

HERE = Path(__file__).resolve().parent
CONTROL = "control"
EXPECTED = ("-march=x86-64-v3",)
BUILDS = {
    "wide": ("-march=x86-64-v4", "-mprefer-vector-width=512"),
    "tuned": ("-march=skylake-avx512",),
}
CORNERS = (np.nan, -np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0)
SECONDS = 1200

BOCHS = """\
config_interface: textconfig
display_library: rfb, options="timeout=0"
cpu: model=corei7_skylake_x, count=1, ips=100000000, ignore_bad_msrs=1
memory: guest=256, host=256
romimage: file={root}/usr/share/bochs/BIOS-bochs-latest
vgaromimage: file={root}/usr/share/bochs/VGABIOS-lgpl-latest
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=cdrom, path={folder}/cd.iso, status=inserted
boot: cdrom
com1: enabled=1, mode=file, dev={folder}/serial.txt
log: {folder}/bochs.log
panic: action=fatal
"""
# Bochs 2.7 states a length of compacted XSAVE areas that Linux finds wrong: it would do without.
GRUB = """\
set timeout=0
menuentry x {
    linux /boot/vmlinuz console=ttyS0 mitigations=off lpj=1000000 clearcpuid=xsaves,xsavec quiet
    initrd /boot/initrd
}
"""


@dataclass(slots=True)
class Table:
    """Arguments and expected results, and the loops that take them."""

    data: bytearray = field(default_factory=bytearray)
    rows: list[str] = field(default_factory=list)

    def keep(self, array: np.ndarray) -> int:
        """Append an array; its offset."""
        self.data += bytes(-len(self.data) % 64)
        start = len(self.data)
        self.data += array.tobytes()
        return start

    def add(self, loop: str, inputs: tuple[np.ndarray, ...], expected: np.ndarray) -> None:
        """A row for each build of `loop`, with arguments and what they give."""
        starts = [self.keep(x) for x in inputs]
        y = starts[1] if len(starts) == 2 else -1
        loops = ", ".join(f"{name}_{loop}" for name in (CONTROL, *BUILDS))
        sizes = f"{inputs[0].itemsize}, {expected.itemsize}, {int(expected.dtype.kind == 'f')}"
        places = f"{len(expected)}, {starts[0]}, {y}, {self.keep(expected)}"
        self.rows.append(f'{{"{loop}", {sizes}, {places}, {{{loops}}}}},')

    def text(self) -> str:
        """table.h."""
        loops = [name.strip() for row in self.rows for name in re.findall(r"\w+_run_\w+", row)]
        declared = [f"extern void {name}(void);" for name in loops]
        builds = ", ".join(f'"{name}"' for name in (CONTROL, *BUILDS))
        head = ['#define FEATURE "avx512dq"', f"static const char *const builds[] = {{{builds}}};"]
        rows = [f"static const ROW({1 + len(BUILDS)}) rows[] = {{", *self.rows, "};"]
        return "\n".join([*head, *declared, *rows]) + "\n"


def points(f: Function, dtype: type, count: int) -> tuple[np.ndarray, ...]:
    """The arguments of the other tests, and corners, in any order."""
    inputs = arguments(f, dtype, count, seed=77)
    rng = np.random.default_rng(3)
    corners = np.array([(a, b) for a in CORNERS for b in CORNERS], dtype).T
    joined = [np.concatenate([x, c]) for x, c in zip(inputs, corners, strict=False)]
    order = rng.permutation(len(joined[0]))
    return tuple(x[order] for x in joined)


def tabulate(count: int, folder: Path) -> Table:
    """Run the AVX2 builds here."""
    table = Table()
    driver = build(Target("gcc", EXPECTED), FUNCTIONS, folder)
    for f in FUNCTIONS:
        for dtype, suffix in ((np.float64, "f64"), (np.float32, "f32")):
            inputs = points(f, dtype, count)
            table.add(f"run_{f.name}_{suffix}", inputs, driver(f.name, *inputs))
    casts = test_cast.built(Target("gcc", EXPECTED), folder)
    for name, info in DTYPES.items():
        inputs = (test_cast.samples(name),)
        if name == "uint32":  # Bochs 2.7 drops the last bit of large ones: vcvtudq2ps
            inputs[0][:] &= 0xFFFFFFFE
        for other, target in DTYPES.items():
            loop = f"run_{info.suffix}_{target.suffix}"
            table.add(loop, inputs, test_cast.cast(casts, inputs[0], other))
    return table


def program(table: Table, folder: Path) -> None:
    """Compile the first process, `init`."""
    (folder / "data.bin").write_bytes(bytes(table.data))
    (folder / "table.h").write_text(table.text())
    flags = [x for x in FLAGS if x not in ("-shared", "-fPIC")]
    objects = []
    for name, march in ((CONTROL, EXPECTED), *BUILDS.items()):
        for what, text in (("math", source(FUNCTIONS)[0]), ("cast", test_cast.source())):
            file = folder / f"{name}_{what}.c"
            file.write_text(text.replace("void run_", f"void {name}_run_"))
            objects.append(str(file.with_suffix(".o")))
            command = ["gcc", *flags, *march, f"-I{INCLUDE}", "-c", str(file), "-o", objects[-1]]
            subprocess.run(command, check=True)
    command = ["gcc", "-O1", "-static", "-Wall", "-Wextra", "-Werror", "-Wno-cast-function-type"]
    command += [f"-I{folder}", str(HERE / "emulated.c"), *objects, "-o", "init", "-lm"]
    subprocess.run(command, check=True, cwd=folder)


def archive(name: str, content: bytes) -> bytes:
    """A cpio archive of one program, as kernels unpack at their start."""

    def entry(name: str, content: bytes, mode: int) -> bytes:
        numbers = (0, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0)
        head = b"070701" + b"".join(b"%08X" % n for n in numbers) + name.encode() + b"\0"
        return b"".join(part + bytes(-len(part) % 4) for part in (head, content))

    return entry(name, content, 0o100755) + entry("TRAILER!!!", b"", 0)


def disk(kernel: Path, root: Path, folder: Path) -> None:
    """Write cd.iso: grub, the kernel, the archive."""
    boot = folder / "cd" / "boot"
    (boot / "grub").mkdir(parents=True)
    (boot / "grub" / "grub.cfg").write_text(GRUB)
    (boot / "vmlinuz").write_bytes(kernel.read_bytes())
    (boot / "initrd").write_bytes(archive("init", (folder / "init").read_bytes()))
    command = ["grub-mkrescue", "-d", str(root / "usr/lib/grub/i386-pc"), "-o", "cd.iso", "cd"]
    subprocess.run(command, check=True, cwd=folder, env=environment(root), capture_output=True)


def environment(root: Path) -> dict[str, str]:
    """Where programs, libraries and plug-ins of packages lie."""
    libraries = root / "usr/lib/x86_64-linux-gnu"
    out = dict(os.environ, BXSHARE=str(root / "usr/share/bochs"))
    if root != Path("/"):
        out |= {"PATH": f"{root}/usr/bin:{out['PATH']}", "LD_LIBRARY_PATH": str(libraries)}
        out["LTDL_LIBRARY_PATH"] = str(libraries / "bochs/plugins")
    return out


def emulate(root: Path, folder: Path) -> str:
    """Boot, wait for the last line, give what was printed."""
    (folder / "bochsrc").write_text(BOCHS.format(root=str(root).rstrip("/"), folder=folder))
    (folder / "start").write_text("c\n")  # for builds with a debugger
    command = ["bochs-bin", "-q", "-f", str(folder / "bochsrc"), "-rc", str(folder / "start")]
    serial, text = folder / "serial.txt", ""
    with open(folder / "out.txt", "w") as out:
        machine = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=environment(root)
        )
    end = time.monotonic() + SECONDS
    while "done\n" not in text.replace("\r", "") and time.monotonic() < end:
        if machine.poll() is not None:
            break
        time.sleep(0.5)
        text = serial.read_text(errors="replace") if serial.exists() else ""
    machine.kill()
    machine.wait()
    return text or (folder / "out.txt").read_text(errors="replace")


def main() -> None:
    """Read the command line, build, boot; fail where a bit differs."""
    parser = argparse.ArgumentParser(prog="python -m tests.csrc.emulated")
    parser.add_argument("--count", type=int, default=3000, help="arguments of a function")
    parser.add_argument("--kernel", type=Path, help="Linux; the first in ROOT/boot by default")
    parser.add_argument("--root", type=Path, default=Path("/"), help="where the packages lie")
    args = parser.parse_args()
    root = args.root.resolve()
    kernel = args.kernel or min((root / "boot").glob("vmlinuz*"))
    with tempfile.TemporaryDirectory() as name, np.errstate(all="ignore"):
        folder = Path(name)
        program(tabulate(args.count, folder), folder)
        disk(kernel, root, folder)
        text = emulate(root, folder)
    print(text)
    if not all(f"{name}: 0 values, 0 lengths differ" in text for name in BUILDS):
        raise SystemExit("not the same bits")


if __name__ == "__main__":
    main()
