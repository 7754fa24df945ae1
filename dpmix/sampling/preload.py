"""Imported by the process that workers are forked from, so that each worker has its kernels at once."""

from dpmix.chain.segment import warm_up

warm_up()
