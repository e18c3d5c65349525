"""Random numbers that belong to a child, so that one child's life never depends on another's or on
threads.

Each child carries 64 bits of state in its own record (`child.rng`), advanced by Weyl's sequence and
mixed by the finaliser of SplitMix64 (Steele, Lea, Flood 2014: public domain). All functions are
compiled.
"""

from __future__ import annotations

import math
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from registry.simulate.compiled import compiled
from registry.simulate.records import Child

Bits = TypeVar("Bits", np.uint64, npt.NDArray[np.uint64])
_STEP = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)


def mixed(bits: Bits) -> Bits:
    """64 bits in, 64 unrelated bits out; of one number, or of each in an array."""
    bits = (bits ^ (bits >> _S30)) * _MIX_1
    bits = (bits ^ (bits >> _S27)) * _MIX_2
    return bits ^ (bits >> _S31)


mix = compiled(mixed)


@compiled
def uniform(child: Child) -> float:
    """A number in [0, 1)."""
    child.rng = child.rng + _STEP
    return float((mix(child.rng) >> _S11) * (1.0 / 9007199254740992.0))


@compiled
def normal(child: Child) -> float:
    """A standard normal number (Box and Muller's cosine half)."""
    radius = math.sqrt(-2.0 * math.log(1.0 - uniform(child)))
    return radius * math.cos(6.283185307179586 * uniform(child))


@compiled
def exponential(child: Child, mean: float) -> float:
    """A waiting time with this mean."""
    return -mean * math.log(1.0 - uniform(child))


@compiled
def happens(child: Child, probability: float) -> bool:
    """True with this probability."""
    return uniform(child) < probability


@compiled
def logistic(x: float) -> float:
    """Log-odds to a probability."""
    return 1.0 / (1.0 + math.exp(-x))
