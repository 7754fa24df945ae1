"""One chain over many workers: rounds of shards that sweep at the same time, and a pass over all images.

Give each cluster a shard, independently and uniformly, one of S. With z from a Chinese restaurant process of
concentration alpha, the joint law of partition and shards is

    Gamma(alpha) / Gamma(alpha + n)  prod_k  (alpha / S) Gamma(n_k)

(Williamson, Dubey and Xing 2013; Lovell, Malmaud, Adams and Mansinghka 2013, in their own notation: a Dirichlet
process is a Dirichlet mixture of S Dirichlet processes). So given the shards, the clusters of each are a mixture
of its images alone with concentration alpha / S, which every move of a chain leaves invariant; and given the
partition, new shards are drawn by throwing dice. A *round* consists of

    deal       every cluster is given a shard                                         `deal`
    segments   each shard sweeps its own images, none knowing of the others           `segment`
    pass       all images move among all clusters, each independently                 `anchored_pass`
    settle     counts are summed, and hyperparameters drawn given them                `settle`

each of which leaves the posterior invariant. `rounds` puts them together: a round asks for *jobs*, pure functions
of some rows of the table and small arguments, and does not know where they are run.

Shards are part of the plan, for they change the chain. Workers are not: each random number is drawn from the seed,
the chain, the round and what it is for (`streams`), whoever draws it.
"""
