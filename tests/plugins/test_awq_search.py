"""The search against the paper's formulas, written once more in float64 and without our own code."""

import numpy as np
import pytest

from octavo.api import TensorInfo, block_type
from octavo_awq.folds import Fold, folds
from octavo_awq.groups import round_groups
from octavo_awq.scales import choose_scale, clip, linear_loss, search_clip, search_scale


def plain_groups(weights, group, symmetric):
    """Codes, scales and zeros of [rows, columns], float64, group after group."""
    rows, columns = weights.shape
    q = np.zeros((rows, columns))
    scales = np.zeros((rows, columns // group))
    zeros = np.zeros((rows, columns // group))
    for row in range(rows):
        for n in range(columns // group):
            some = weights[row, n * group : (n + 1) * group].astype(np.float64)
            if symmetric:
                scale, zero = np.abs(some).max() / 7.5, 8
            else:
                scale, zero = (some.max() - some.min()) / 15, None
            scale = float(np.float16(max(scale, 1e-7)))
            if zero is None:
                zero = min(15, max(0, round(-some.min() / scale)))
            q[row, n * group : (n + 1) * group] = [
                min(15, max(0, round(each / scale) + zero)) for each in some
            ]
            scales[row, n], zeros[row, n] = scale, zero
    return q, scales, zeros


def plain_rounded(weights, group, symmetric):
    q, scales, zeros = plain_groups(weights, group, symmetric)
    return np.repeat(scales, group, 1) * (q - np.repeat(zeros, group, 1))


def plain_scale(weights, inputs, group, symmetric):
    """The best of the 20 scales of one linear layer, by what its own output loses."""
    x = np.abs(inputs).mean(0)
    largest = np.abs(weights).reshape(len(weights), -1, group).max(2)
    w = (np.abs(weights) / (np.repeat(largest, group, 1) + 1e-6)).mean(0)
    best = None
    for n in range(20):
        ratio = n / 20
        s = np.maximum(x**ratio / (w ** (1 - ratio) + 1e-4), 1e-4)
        s = s / np.sqrt(s.max() * s.min())
        rounded = plain_rounded(weights * s, group, symmetric) / s
        loss = np.mean((inputs @ rounded.T - inputs @ weights.T) ** 2)
        if best is None or loss < best[0]:
            best = (loss, s, ratio)
    return best


def plain_limits(weights, inputs, group, symmetric):
    """The limit of each group that changes its part of the output least."""
    rows, columns = weights.shape
    limits = np.zeros((rows, columns // group))
    for row in range(rows):
        for n in range(columns // group):
            here = slice(n * group, (n + 1) * group)
            some, x = weights[row : row + 1, here], inputs[:, here]
            errors = []
            for step in range(10):
                limit = np.abs(some).max() * (1 - step / 20)
                rounded = plain_rounded(np.clip(some, -limit, limit), group, symmetric)
                errors.append((np.mean((x @ (rounded - some)[0]) ** 2), limit))
            limits[row, n] = min(errors)[1]
    return limits


@pytest.fixture
def layer():
    """Weights [24, 128] and inputs [64, 128], some of whose columns are much larger than others."""
    random = np.random.default_rng(5)
    weights = random.standard_normal((24, 128)).astype(np.float32) / 10
    inputs = random.standard_normal((64, 128)) * np.exp(1.5 * random.standard_normal(128))
    return weights, inputs.astype(np.float32)


@pytest.mark.parametrize("symmetric", [False, True])
@pytest.mark.parametrize("group", [32, 64, 128])
def test_codes_scales_and_zeros_are_those_of_the_formulas(layer, group, symmetric):
    weights, _ = layer
    found = round_groups(weights.astype(np.float64), group, symmetric=symmetric)
    q, scales, zeros = plain_groups(weights, group, symmetric)

    assert np.array_equal(found.q, q)
    assert np.array_equal(found.scales, scales.astype(np.float16))
    assert np.array_equal(found.zeros, zeros)
    assert np.allclose(found.weights(), plain_rounded(weights, group, symmetric), atol=1e-6)


@pytest.mark.parametrize("symmetric", [False, True])
def test_the_scale_found_is_the_best_of_the_papers_twenty(layer, symmetric):
    weights, inputs = layer
    moments = (inputs.T @ inputs / len(inputs)).astype(np.float32)

    found = search_scale(
        [weights[:16], weights[16:]],
        np.abs(inputs).mean(0),
        64,
        linear_loss([weights[:16], weights[16:]], moments),
        symmetric=symmetric,
    )

    _, expected, ratio = plain_scale(weights.astype(np.float64), inputs.astype(np.float64), 64, symmetric)
    assert 0 < ratio < 1
    assert np.allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize("symmetric", [False, True])
def test_limits_are_those_that_change_each_groups_part_of_the_output_least(layer, symmetric):
    weights, inputs = layer
    moments = (inputs.T.astype(np.float64) @ inputs / len(inputs)).astype(np.float32)

    found = search_clip(weights, moments, 32, symmetric=symmetric)

    expected = plain_limits(weights.astype(np.float64), inputs.astype(np.float64), 32, symmetric)
    assert np.isclose(found, expected, rtol=1e-5).mean() > 0.98  # the two nearest may tie
    assert (found < np.abs(weights).reshape(24, 4, 32).max(2)).any()
    assert np.abs(clip(weights, found)).max() <= found.max()


def test_scaling_and_clipping_make_the_output_better(layer):
    weights, inputs = layer
    moments = (inputs.T @ inputs / len(inputs)).astype(np.float32)
    loss = linear_loss([weights], moments)
    plain = loss([round_groups(weights, 64, symmetric=False).weights()])

    scale = search_scale([weights], np.abs(inputs).mean(0), 64, loss, symmetric=False)
    scaled = weights * scale
    after = loss([round_groups(scaled, 64, symmetric=False).weights() / scale])
    limits = search_clip(scaled, moments / np.outer(scale, scale), 64, symmetric=False)
    clipped = round_groups(clip(scaled, limits), 64, symmetric=False).weights() / scale

    assert after < 0.7 * plain
    assert loss([clipped]) < after


def test_where_errors_are_fed_back_the_scale_is_the_best_of_a_few_on_some_rows(layer):
    weights, inputs = layer
    moments = (inputs.T @ inputs / len(inputs)).astype(np.float32)

    found = choose_scale([weights[:16], weights[16:]], np.abs(inputs).mean(0), moments, 64, nearest)

    wide, x = weights.astype(np.float64), np.abs(inputs).mean(0).astype(np.float64)
    largest = np.abs(wide).reshape(len(wide), -1, 64).max(2)
    w = (np.abs(wide) / (np.repeat(largest, 64, 1) + 1e-6)).mean(0)
    candidates = [np.maximum(x**r / (w ** (1 - r) + 1e-4), 1e-4) for r in (0, 0.2, 0.4, 0.6)]
    candidates = [np.ones(128), *(each / np.sqrt(each.max() * each.min()) for each in candidates)]
    losses = [
        np.square(inputs @ (plain_rounded(wide[::4] * s, 64, False) / s - wide[::4]).T).sum()
        for s in candidates
    ]
    assert np.argmin(losses) > 0
    assert np.allclose(found, candidates[int(np.argmin(losses))], rtol=1e-5)


def test_weights_that_are_held_exactly_need_no_scale(layer):
    _, inputs = layer
    moments = (inputs.T @ inputs / len(inputs)).astype(np.float32)
    exact = np.random.default_rng(1).integers(0, 16, (8, 128)).astype(np.float32)
    exact[:, ::64], exact[:, 1::64] = 0, 15

    assert choose_scale([exact], np.abs(inputs).mean(0), moments, 64, nearest) is None


def nearest(matrices, _):
    return [round_groups(each, 64, symmetric=False).weights() for each in matrices]


class Tensors:
    """A source that knows shapes alone."""

    def __init__(self, **shapes):
        self.shapes = shapes

    def tensor(self, name):
        stem = name.split(".")[2] if name.count(".") > 2 else ""
        shape = self.shapes.get(stem)
        return TensorInfo(name, shape, block_type("F16")) if shape else None


FOLDS = {
    "norm": (("blk.3.attn_q.weight",), "blk.3.attn_norm.weight", Fold("blk.3.attn_norm.weight", True)),
    "down": (("blk.3.ffn_down.weight",), "", Fold("blk.3.ffn_up.weight", False, 96)),
    "grouped heads": (("blk.3.attn_output.weight",), "", None),
    "nothing before": (("blk.3.other.weight",), "", None),
}


@pytest.mark.parametrize(("tensors", "norm", "expected"), FOLDS.values(), ids=FOLDS.keys())
def test_scales_go_into_the_operation_before(tensors, norm, expected):
    source = Tensors(
        attn_v=(32, 64), attn_output=(64, 64), ffn_up=(96, 64), ffn_down=(64, 48), other=(64, 64)
    )

    assert folds(source, tensors, norm) == expected


def test_values_take_the_outputs_scale_where_every_query_has_its_own():
    source = Tensors(attn_v=(64, 64), attn_output=(64, 64))

    assert folds(source, ("blk.0.attn_output.weight",), "") == Fold("blk.0.attn_v.weight", False, 64)
