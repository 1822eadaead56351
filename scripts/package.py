#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A folder of xlt that runs where it is put, and a wheel of it; started by package.sh, which has patchelf and wheel on the path.

usage: package.py --build build/release --work DIR --output DIR
"""
import argparse
import pathlib
import platform
import re
import shutil
import subprocess
import tarfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
# What a package must not bring: glibc, of which a process has one, the machine's; libtorch, and what its wheel brings.
GLIBC = re.compile(r"^(linux-vdso|ld-linux.*|lib(c|m|dl|rt|util|pthread|resolv|mvec|nsl|anl))\.so")
TORCH = re.compile(r"^lib(torch.*|c10.*|gomp)\.so|/site-packages/(torch|nvidia)/")
START = '''\
"""Starts the program that this package holds."""
import importlib.util
import os
import pathlib
import sys


def main():
    torch = importlib.util.find_spec("torch")
    if torch and torch.submodule_search_locations:
        os.environ.setdefault("XLT_TORCH_PREFIX", torch.submodule_search_locations[0])
    program = pathlib.Path(__file__).parent / "bin" / "xlt"
    os.execv(program, ["xlt", *sys.argv[1:]])


if __name__ == "__main__":
    main()
'''


def run(*command):
    return subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True).stdout


def libraries_of(program):
    """{name: path} of all that the loader brings for a program, but for glibc and libtorch."""
    found = {}
    for line in run("ldd", program).splitlines():
        match = re.match(r"\s*(\S+) => (/\S+)", line)
        if match and not GLIBC.match(match[1]) and not TORCH.search(match[1]) and not TORCH.search(match[2]):
            found[match[1]] = pathlib.Path(match[2])
    return found


def newest_symbol(files, family):
    versions = {tuple(map(int, match.split("."))) for file in files
                for match in re.findall(family + r"_([0-9.]+)", run("objdump", "-T", file))}
    return ".".join(map(str, max(versions)))


def licence_of(library):
    """The copyright file of the Debian package that a library is from, or None."""
    for path in (library, pathlib.Path("/usr") / library.relative_to("/"), library.resolve()):
        owner = subprocess.run(["dpkg", "-S", str(path)], capture_output=True, text=True)
        if owner.returncode == 0:
            name = owner.stdout.split(":")[0].split(",")[0]
            return name, pathlib.Path("/usr/share/doc") / name / "copyright"
    return None


def copy_program(build, tree):
    """bin/xlt, libexec/xlt-engine and lib/ in `tree`; returns every ELF file in it."""
    shutil.rmtree(tree, ignore_errors=True)
    places = {build / "xlt": tree / "bin" / "xlt", build / "xlt-engine": tree / "libexec" / "xlt-engine"}
    for folder in ("bin", "libexec", "lib", "share", "licences"):
        (tree / folder).mkdir(parents=True)
    libraries = {}
    for source, target in places.items():
        libraries.update(libraries_of(source))
        shutil.copy2(source, target)
        run("strip", target)
    run("patchelf", "--set-rpath", "$ORIGIN/../lib", places[build / "xlt"])
    run("patchelf", "--set-rpath", "$ORIGIN/../lib:$ORIGIN/../../torch/lib", places[build / "xlt-engine"])
    for name, path in libraries.items():
        target = tree / "lib" / name
        shutil.copy(path.resolve(), target)
        target.chmod(0o755)
        run("patchelf", "--set-rpath", "$ORIGIN", target)
        licence = licence_of(path)
        if licence and licence[1].exists():
            shutil.copy(licence[1], tree / "licences" / f"{licence[0]}.txt")
    return [*places.values(), *(tree / "lib").iterdir()]


def copy_shared(tree):
    """What an evaluation or a sweep reads beside its own files."""
    for folder in ("data", "configs"):
        shutil.copytree(ROOT / folder, tree / "share" / folder)
    (tree / "share" / "scripts").mkdir()
    for script in ("sweep_local.sh", "sweep_slurm.sh"):
        shutil.copy2(ROOT / "scripts" / script, tree / "share" / "scripts")
    shutil.copy(ROOT / "LICENSE", tree)


def write_wheel(tree, version, glibc, output):
    """The tree as the folder `xlt` of a wheel, with a command that starts it."""
    root = tree.parent / "wheel"
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(tree, root / "xlt", symlinks=True)
    (root / "xlt" / "__init__.py").write_text("")
    (root / "xlt" / "__main__.py").write_text(START)
    info = root / f"xlt-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: xlt\nVersion: {version}\nSummary: Finetune a multilingual language model in English, and "
        "measure what happens in every other language\nLicense: Apache-2.0\nRequires-Python: >=3.8\nRequires-Dist: torch ==2.11.*\n")
    tag = f"py3-none-manylinux_{glibc.replace('.', '_')}_{platform.machine()}"
    (info / "WHEEL").write_text(f"Wheel-Version: 1.0\nGenerator: package.py\nRoot-Is-Purelib: false\nTag: {tag}\n")
    (info / "entry_points.txt").write_text("[console_scripts]\nxlt = xlt.__main__:main\n")
    run("wheel", "pack", root, "--dest-dir", output)
    return output / f"xlt-{version}-{tag}.whl"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("--build", "--work", "--output"):
        parser.add_argument(name, type=pathlib.Path, required=True)
    args = parser.parse_args()
    build, output = args.build.resolve(), args.output.resolve()
    version = run(build / "xlt", "--version").split()[1]
    name = f"xlt-{version}-linux-{platform.machine()}"
    tree = args.work.resolve() / name
    elf = copy_program(build, tree)
    copy_shared(tree)
    glibc = newest_symbol(elf, "GLIBC")
    archive = output / f"{name}.tar.gz"
    with tarfile.open(archive, "w:gz", compresslevel=6) as tar:
        tar.add(tree, arcname=name)
    wheel = write_wheel(tree, version, glibc, output)
    for file in (archive, wheel):
        print(f"{file}  {file.stat().st_size / 1e6:.1f} MB")
    print(f"needs: glibc {glibc}, libtorch 2.11; nothing else of the machine ({len(elf) - 2} libraries inside)")


if __name__ == "__main__":
    main()
