"""What sampling gives back: draws, whether the chains agree, a summary, the way to ArviZ."""
