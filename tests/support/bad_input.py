"""Files that no command can work with, or not in the way it is asked to."""

import numpy as np


def write_files(folder):
    """Write them all."""
    (folder / "file.txt").write_text("text")
    (folder / "full.npz").write_bytes(b"something else")
    for name in ("full", "full.png"):
        (folder / name).mkdir()
        (folder / name / "file").touch()
    arrays = {
        "grey": np.full((3, 64), 7),
        "large": np.full((3, 10), 7.5),
        "nan": np.array([[0, 1, np.nan]]),
        "flat": np.zeros(10),
        "wide": np.zeros((3, 10), np.uint8),
        "black": np.ones((3, 64), np.uint8),
        "few": np.array([0, 1, 1]),
        "halves": np.full(360, 0.5),
        "none": np.full(360, -1),
    }
    for name, values in arrays.items():
        np.save(folder / f"{name}.npy", values)
    np.savez(folder / "two.npz", a=np.eye(3), b=np.eye(3))
    (folder / "cut.npy").write_bytes((folder / "wide.npy").read_bytes()[:-5])


def files_of(folder):
    """Each file and folder below `folder`, with the time of its last change."""
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
