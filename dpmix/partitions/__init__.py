"""What partitions say: who belongs together, which partition to report, how sure it is.

An image's cluster number means nothing by itself, as clusters are numbered anew in every draw. What
can be averaged over draws is which images are together (`co_clustering`); what can be reported is the
partition that is nearest to all draws (`point_estimate`), with how far the posterior reaches around it
(`credible_ball`), how sure it is of each image (`confidence`), the members that stand for a cluster or
stand out in it (`cluster_members`), which columns set a cluster apart (`profile`), and how it compares with
known labels (`compare_labels`).
"""

from dpmix.partitions.coclustering import CoClustering, co_clustering
from dpmix.partitions.credible_ball import Bound, CredibleBall, credible_ball
from dpmix.partitions.known_labels import Contingency, LabelComparison, compare_labels, contingency_table
from dpmix.partitions.members import ClusterMembers, cluster_members, confidence, mean_images
from dpmix.partitions.point import PointEstimate, point_estimate
from dpmix.partitions.profiles import Profile, profile

__all__ = [
    "Bound",
    "ClusterMembers",
    "CoClustering",
    "Contingency",
    "CredibleBall",
    "LabelComparison",
    "PointEstimate",
    "Profile",
    "cluster_members",
    "co_clustering",
    "compare_labels",
    "confidence",
    "contingency_table",
    "credible_ball",
    "mean_images",
    "point_estimate",
    "profile",
]
