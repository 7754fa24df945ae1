"""One chain of the sampler as a pure function: state, moves, starts, schedule, segments."""
