"""Many chains at once: `sample` and `resume`, worker processes, how data reach them."""
