"""What the columns and rows of a table are called and stand for; frames and sparse matrices in, frames out."""
