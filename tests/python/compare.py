"""Times stopgrad and PyTorch on the same work, turn by turn, and prints the ratios.

    python tests/python/compare.py [WORK…] [--device cpu|gpu] [--rounds N] [--threads N]
                                   [--out FILE.json]

Work: simsiam-resnet18, simsiam-resnet18-b512, moco-v3-vit-tiny, ops; the first and the third where
none is named. On a gpu PyTorch runs on cuda, and each of our works is profiled once more, kernel by
kernel. Needs `cargo build --release` before it, and a Python with torch, torchvision and timm.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
BINARY = HERE.parents[1] / "target" / "release" / "stopgrad"


def lines(command, threads):
    environment = dict(os.environ, RAYON_NUM_THREADS=str(threads), OMP_NUM_THREADS=str(threads))
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}:\n{done.stderr.strip()}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def processor():
    try:
        text = pathlib.Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor()
    named = [line.split(":", 1)[1].strip() for line in text.splitlines() if "model name" in line]
    return named[0] if named else platform.processor()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("work", nargs="*", default=["simsiam-resnet18", "moco-v3-vit-tiny"])
    parser.add_argument("--device", choices=["cpu", "gpu"], default="cpu")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=pathlib.Path)
    arguments = parser.parse_args()
    if not BINARY.exists():
        sys.exit(f"{BINARY}: not found; run `cargo build --release` first")
    found = {}
    our_device = ["--device", arguments.device]
    their_device = ["--device", {"cpu": "cpu", "gpu": "cuda"}[arguments.device]]
    for _ in range(arguments.rounds):
        for work in arguments.work:
            bench = [BINARY, "bench", work, *our_device, "--json"]
            ours = lines(bench, arguments.threads)
            script = [sys.executable, HERE / "bench.py", work, *their_device]
            theirs = lines([*script, "--threads", str(arguments.threads)], arguments.threads)
            for side, measured in (("stopgrad", ours), ("pytorch", theirs)):
                for line in measured:
                    found.setdefault(line["work"], {}).setdefault(side, []).append(line)
    table = {}
    print(f"{'work':<32}{'stopgrad':>12}{'PyTorch':>12}{'ratio':>8}{'peak memory, MB':>20}")
    for work, sides in found.items():
        seconds = {s: statistics.median(line["seconds"] for line in sides[s]) for s in sides}
        memory = {s: max(line["peak_bytes"] or 0 for line in sides[s]) / 1e6 for s in sides}
        ratio = seconds["pytorch"] / seconds["stopgrad"]
        table[work.replace(" ", "-")] = {
            "stopgrad_ms": 1e3 * seconds["stopgrad"],
            "pytorch_ms": 1e3 * seconds["pytorch"],
            "ratio": ratio,
            "stopgrad_megabytes": memory["stopgrad"],
            "pytorch_megabytes": memory["pytorch"],
            "single": sides,
        }
        print(
            f"{work:<32}{1e3 * seconds['stopgrad']:>9.1f} ms{1e3 * seconds['pytorch']:>9.1f} ms"
            f"{ratio:>8.2f}{memory['stopgrad']:>11.0f} {memory['pytorch']:>8.0f}"
        )
    profiles = {}
    if arguments.device == "gpu":
        for work in arguments.work:
            command = [BINARY, "bench", work, *our_device, "--profile", "--json", "--repeats", "1"]
            profiles[work] = lines(command, arguments.threads)
    if arguments.out:
        both = [measured for sides in found.values() for measured in sides.values()]
        report = {
            "command": " ".join(["python", "tests/python/compare.py", *sys.argv[1:]]),
            "date": datetime.date.today().isoformat(),
            "processor": processor(),
            "devices": sorted({line["device"] for all in both for line in all}),
            "threads": arguments.threads,
            "rounds": arguments.rounds,
            "works": table,
            "profiles": profiles,
        }
        arguments.out.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
