"""Imported by the process that workers are forked from, so that each worker has its kernels at once."""

from dpmix.sharding.warmth import warm_up

warm_up()
