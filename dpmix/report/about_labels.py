"""How the clusters compare with labels that are known."""

import numpy as np

from dpmix.partitions import compare_labels, contingency_table

__all__ = ["labels_section"]

_CLUSTERS, _CLASSES = 20, 12
_DRAWS = 20  # that are compared
_MEASURES = {
    "ari": "adjusted Rand index",
    "nmi": "normalised mutual information",
    "purity": "purity",
    "homogeneity": "homogeneity",
    "completeness": "completeness",
}


def labels_section(subject, found):
    """Measures of agreement and the contingency table, or why there are none; None where no labels are known."""
    if subject.y is None:
        return None
    known = ~np.ma.getmaskarray(subject.y)
    y = np.ma.getdata(subject.y)
    told = f"{int(known.sum()):,} of {subject.things()}"
    if found is None:
        return {"known": told, "lacking": _lacking(subject.posterior)}
    return {
        "known": told,
        "lacking": None,
        "measures": _measures(subject, found, y, known),
        **_table(found, subject.y),
    }


def _lacking(posterior):
    """Why there is no partition to compare labels with."""
    if not posterior.has_labels:
        return "draws are kept as counts, which do not say the cluster of each of them"
    return "there are no draws of the posterior yet"


def _measures(subject, found, y, known):
    """Each measure for the partition, and its mean and spread over draws."""
    labels = subject.posterior.labels.reshape(-1, subject.n)
    picked = labels[np.linspace(0, len(labels) - 1, min(len(labels), _DRAWS)).round().astype(int)]
    estimate = vars(compare_labels(found.labels[known], y[known]))
    draws = [vars(compare_labels(one[known], y[known])) for one in picked]
    rows = []
    for name, title in _MEASURES.items():
        values = np.array([draw[name] for draw in draws])
        rows.append([title, f"{estimate[name]:.3f}", f"{values.mean():.3f} ± {values.std():.3f}"])
    return rows


def _table(found, y):
    """Counts by cluster and label, the largest clusters and the most common labels, what is left over last."""
    counts, classes = contingency_table(found.labels, y)
    order = np.argsort(-counts.sum(axis=1), kind="stable")[:_CLASSES]
    order = np.sort(order)
    others = np.delete(counts, order, axis=0).sum(axis=0)
    counts = counts[order]
    head = [str(classes[ix]) or "(empty)" for ix in order]
    if len(classes) > _CLASSES:
        counts, head = np.vstack([counts, others]), [*head, "others"]
    rows = [_row(str(k), counts[:, k]) for k in range(min(_CLUSTERS, counts.shape[1]))]
    left = counts[:, _CLUSTERS:]
    if left.shape[1]:
        rows.append(_row(f"{left.shape[1]:,} smaller", left.sum(axis=1)))
    return {"head": head, "rows": rows}


def _row(name, counts):
    total = max(int(counts.sum()), 1)
    cells = [(f"{count:,}" if count else "", round(count / total, 3)) for count in counts.tolist()]
    return {"name": name, "cells": cells}
