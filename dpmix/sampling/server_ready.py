"""The last that the server of the workers imports: from here on it watches the program by itself."""

from dpmix.sampling.worker_process import forget_parent

forget_parent()
