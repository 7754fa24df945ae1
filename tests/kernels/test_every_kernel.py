"""Every kernel is named here with the test that holds it to a slow oracle or to an identity.

Kernels that begin with "_" are reached through those that call them. That the tests do reach every line is
told by the run without the JIT, which prints the coverage of the kernels (`.ci/run`).
"""

import ast
from pathlib import Path

import dpmix.kernels

KERNELS = Path(dpmix.kernels.__file__).parent
TESTS = Path(__file__).resolve().parents[1]

REFERENCE = "chain/test_reference.py::test_random_problems_follow_reference"
SCORES = "kernels/test_mixture.py::test_scores_are_within_the_tolerance"
LIKELIHOOD = "kernels/test_mixture.py::test_log_likelihood_is_that_of_beta_integrals"
REBUILT = "kernels/test_mixture.py::test_tables_after_many_moves_equal_rebuilt_ones"
UNDOES = "kernels/test_mixture.py::test_remove_undoes_add"
ROUGH = "kernels/test_scores.py::test_rough_scores_are_within_half_a_unit_for_each_number_summed"
CONTENDERS = "kernels/test_scores.py::test_contenders_are_all_those_above_the_floor"
SETTLED = "kernels/test_scores.py::test_settled_images_stay_in_their_cluster"
SCREEN = "kernels/test_mixture.py::test_screen_agrees_with_draw_or_leaves_it_open"
FLOWS = "kernels/test_hastings.py::test_flows_between_partitions_balance"
PROPOSALS = "kernels/test_proposals.py::test_proposals_leave_true_counts_and_tables"
MERGING = "kernels/test_proposals.py::test_merging_joins_the_members_of_two_clusters"
SPLITTING = "kernels/test_proposals.py::test_splitting_makes_a_cluster_of_one_side"
SEARCH = "kernels/test_partition_search.py::test_each_image_goes_where_it_adds_least"
TAKEN_OUT = "kernels/test_partition_search.py::test_taking_out_undoes_placing"
SLICES = "kernels/test_hyperparameters.py::test_moves_follow_the_slow_sampler"
ROWS = "kernels/test_units.py::test_products_with_listed_rows"
SOFTPLUS = "kernels/test_units.py::test_softplus_sums"
ODDS = "kernels/test_units.py::test_pixel_log_odds"
EXP = "kernels/test_units.py::test_exp_and_sigmoid"

COMPONENTS = "kernels/test_anchored_pass.py::test_scores_are_within_the_tolerance"
DYING = "kernels/test_death_choice.py::test_clusters_die_as_often_as_their_probability_says"
REASSIGNED = "kernels/test_anchored_pass.py::test_images_go_where_their_uniform_says"

TESTED = {
    "anchored_pass": {
        COMPONENTS: "fill_columns exact_log_weight",
        REASSIGNED: "_choose _choose_exactly reassign_images",
    },
    "batch": {
        "kernels/test_batch.py::test_each_image_goes_where_it_is_most_probable": "find_best",
        "kernels/test_batch.py::test_gains_of_mergers_are_those_of_the_log_joint": "merge_gains",
    },
    "beta_bernoulli": {
        SCORES: "cluster_at no_cluster _add_up _copy _refresh_pixels refresh exact_score",
        ROUGH: "refresh_rough _wrapped",
        PROPOSALS: "_refresh_classes",
        LIKELIHOOD: "log_total log_gamma_terms log_likelihood",
    },
    "birth_death": {
        FLOWS: "_scan _go_home _log_end _log_will _allocate birth death _log_reverse_scan",
        PROPOSALS: "_put_back",
    },
    "birth_launch": {
        FLOWS: "_candidates _measure _reach launch _reassign _carry_out",
        PROPOSALS: "_sketch _count_sketch place refresh_touched withdraw",
    },
    "categorical": {
        "kernels/test_mixture.py::test_draw_shares": "draw",
        SCREEN: "contender_floor screen",
        CONTENDERS: "score_floor",
    },
    "co_clustering": {
        "kernels/test_similarity.py::test_images_together_are_counted": "count_together",
        "kernels/test_similarity.py::test_overlaps_add_up_cells_of_contingency_tables": "_overlap overlaps",
    },
    "death_choice": {DYING: "_weight _total_weight draw_dying log_choice_of_dying"},
    "gibbs": {
        "kernels/test_gibbs.py::test_draws_that_are_left_open_follow_the_reference": "_choose_exactly",
        REFERENCE: "sweep_images",
    },
    "hyperparameters": {SLICES: "_log_density _slice_sample _tally move_pseudo_counts"},
    "partition": {
        UNDOES: "add_pixels remove_pixels add_image remove_image",
        REBUILT: "fill_tables fill_slot move_image empty_slot _copy_slot",
        MERGING: "list_members merge_clusters add_into",
        SPLITTING: "split_cluster copy_into",
        PROPOSALS: "clear add_gaps remove_gaps add_counts remove_counts",
        "kernels/test_similarity.py::test_counts_of_a_partition_are_those_of_its_images": "count_images",
    },
    "partition_search": {
        SEARCH: "_count _fill_slot _cost_at_home _cheapest _move reallocate",
        TAKEN_OUT: "take_out place",
    },
    "pseudo_likelihood": {ODDS: "add_pixel_log_odds _multiply_ratio"},
    "runs": {
        "model/test_runs.py::test_kernels_find_the_runs_whatever_follows_the_last_bit": "count_runs list_runs"
    },
    "scores": {
        SCORES: "cluster_score own_score",
        ROUGH: "score_roughly _best_of_groups",
        CONTENDERS: "_rough_floor _first_with find_contenders _above",
        SETTLED: "is_settled",
        "kernels/test_scores.py::test_rough_score_rounds_down": "rough_score",
    },
    "similarity": {
        "kernels/test_similarity.py::test_ward_increase_is_that_of_the_sum_of_squares": (
            "ward_increase ward_increases"
        )
    },
    "sparse_rows": {ROWS: "list_rows list_columns combine_rows"},
    "special": {
        "kernels/test_mixture.py::test_log_array": "log_array",
        "kernels/test_mixture.py::test_log_gamma_array": "log_gamma_array",
        "kernels/test_mixture.py::test_log_product": "log_product",
        "kernels/test_mixture.py::test_log_ratio_units": "log_ratio_units",
        "kernels/test_mixture.py::test_sum_array": "sum_array",
    },
    "split_merge": {
        FLOWS: "_log_odds _log_odds_table _start_from_anchors _launch _scan _log_choice _choose_partner "
        "_log_split_gain _add_counts_of _side split merge",
        PROPOSALS: "_class_odds _move",
    },
    "steps": {
        "kernels/test_units.py::test_momentum_step": "momentum_step",
        "kernels/test_units.py::test_adam_step_as_published": "adam_step",
    },
    "uniform": {
        "kernels/test_units.py::test_uniform_is_the_published_generator_in_every_lane": "fill_uniform"
    },
    "units": {
        EXP: "exp_array sigmoid_array",
        "kernels/test_units.py::test_sampled_units_compare_the_same_uniforms": "sample_units",
        "kernels/test_units.py::test_probabilities_are_compared_with_the_same_uniforms": (
            "sample_probabilities"
        ),
        SOFTPLUS: "add_softplus_sums _log_product_of_one_plus",
    },
}


def functions(path, decorators=()):
    """Names of the functions at the top of a file, those with one of these decorators or all."""
    found = [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)]
    return [
        f.name for f in found if not decorators or any(ast.unparse(d) in decorators for d in f.decorator_list)
    ]


def test_every_kernel_has_its_test():
    named = {module: sorted(" ".join(kernels.values()).split()) for module, kernels in TESTED.items()}
    there = {
        path.stem: sorted(functions(path, ("kernel", "outlined", "inlined"))) for path in KERNELS.glob("*.py")
    }
    assert named == {module: kernels for module, kernels in there.items() if kernels}


def test_every_test_that_is_named_is_there():
    for name in {test for tests in TESTED.values() for test in tests}:
        path, test = name.split("::")
        assert test in functions(TESTS / path), name
