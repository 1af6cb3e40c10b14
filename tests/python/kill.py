"""Kills a short run at random moments: `kill.py STOPGRAD [--kills N] [--seed S] [--out FILE]`.

STOPGRAD is the command. A run of MoCo v2, which has a teacher and a queue, is started, killed
(SIGKILL) at a random moment and resumed, until it has ended; then another begins, until there have
been N kills. After each kill a whole checkpoint has to be there, not older than the one before, and
every line of the metrics but a torn last one has to be JSON. Each run has to end with the same bits
as one that nobody disturbed: checkpoints, metrics and result, but for what a clock says.
"""

import argparse
import json
import random
import struct
import subprocess
import tempfile
import time
from pathlib import Path

FLAGS = """--encoder resnet-small-w4 --device cpu --epochs 40 --batch 256 --tensorboard
--set image_size=8 --set queue=1024 --set knn_every=4 --set checkpoint_every=0""".split()
NEWEST = ["checkpoint.safetensors", "checkpoint-previous.safetensors"]
BEST = "checkpoint-best.safetensors"
CLOCK = ("seconds", "images_per_second")


def start(stopgrad, out):
    """A run that begins, or goes on where it has begun."""
    resume = ["--resume"] if (out / "config.toml").exists() else []
    return subprocess.Popen(
        [stopgrad, "train", "moco-v2", "--out", out, *FLAGS, *resume],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def finish(run):
    """Waits for a run; whether it came to its end, or was killed."""
    error = run.communicate()[1].decode()
    assert run.returncode in (0, -9), f"the run failed:\n{error}"
    return run.returncode == 0


def checkpoint(path):
    """A whole checkpoint's metadata and bytes; None where the file is not there or is broken."""
    if not path.exists():
        return None
    data = path.read_bytes()
    if len(data) < 8:
        return None
    (length,) = struct.unpack("<Q", data[:8])
    try:
        header = json.loads(data[8 : 8 + length])
    except ValueError:
        return None
    metadata = header.pop("__metadata__")
    metadata.pop("seconds")
    end = max(array["data_offsets"][1] for array in header.values())
    return None if len(data) != 8 + length + end else (metadata, header, data[8 + length :])


def timeless(value):
    return {key: item for key, item in value.items() if key not in CLOCK}


def metrics(out, torn):
    """The measurements; with `torn` the last line may be cut."""
    path = out / "metrics.jsonl"
    lines = path.read_bytes().split(b"\n") if path.exists() else [b""]
    assert torn or not lines[-1], "the metrics end amid a line"
    return [timeless(json.loads(line)) for line in lines[:-1]]


def end(out):
    """All that a finished run leaves behind, but for what a clock says."""
    left = [path.name for path in out.iterdir() if path.suffix == ".tmp"]
    assert not left, f"left behind: {left}"
    assert (out / "report.html").read_text().endswith("</html>\n")
    states = [checkpoint(out / name) for name in [*NEWEST, BEST]]
    assert None not in states, "a checkpoint is missing"
    result = timeless(json.loads((out / "result.json").read_text()))
    return states, metrics(out, torn=False), result, (out / "config.toml").read_text()


def look(out, before):
    """What a kill has left: the step of the newest whole checkpoint."""
    metrics(out, torn=True)
    if not (out / "config.toml").exists():
        return before
    steps = [int(state[0]["step"]) for name in NEWEST if (state := checkpoint(out / name))]
    assert steps, "no whole checkpoint is left"
    assert max(steps) >= before, f"step {before} was saved, and {max(steps)} is left"
    return max(steps)


def main(stopgrad, kills, seed, result):
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        begun = time.time()
        assert finish(start(stopgrad, folder / "whole"))
        expected, longest = end(folder / "whole"), time.time() - begun

        runs, killed, empty, moved = 0, 0, 0, 0
        while killed < kills:
            runs += 1
            out, reached = folder / str(runs), 0
            while True:
                run = start(stopgrad, out)
                if killed < kills:
                    # Most kills come soon: to begin and to resume is where a run is most exposed.
                    time.sleep(chance.uniform(0, 1) ** 2 * longest / 2)
                    run.kill()
                if finish(run):
                    break
                killed += 1
                before, reached = reached, look(out, reached)
                moved += reached > before
                empty += not (out / "config.toml").exists()
            assert end(out) == expected, f"run {runs} has ended otherwise"
        steps = expected[1][-1]["step"]
    lines = [
        f"{killed} kills at random moments of {runs} runs of {steps} steps, each resumed to its end",
        f"{moved} of them after the run had saved a newer checkpoint",
        f"{empty} of them before the run had a folder with settings in it",
        "0 checkpoints lost, 0 measurements lost: every run ended with the bits of the undisturbed one",
    ]
    text = "\n".join(lines) + "\n"
    print(text, end="")
    if result:
        result.write_text(text)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("stopgrad", type=Path)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    main(arguments.stopgrad.resolve(), arguments.kills, arguments.seed, arguments.out)
