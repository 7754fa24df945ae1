"""Fixtures that every test may use."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def mnist_home():
    """Folder of the MNIST files named by DPMIX_DATA; the test is skipped where it is not set."""
    home = os.environ.get("DPMIX_DATA")
    if not home or not Path(home).is_dir():
        pytest.skip("needs MNIST: set DPMIX_DATA to the folder of its four files")
    return Path(home)
