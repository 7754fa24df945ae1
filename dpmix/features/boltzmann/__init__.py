"""Restricted Boltzmann machines and stacks of them."""
