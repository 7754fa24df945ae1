"""Feed-forward networks: autoencoders and classifiers."""
