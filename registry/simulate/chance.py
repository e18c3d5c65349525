"""Random numbers that belong to a child, so that one child's life never depends on another's or on
threads.

Each child carries 64 bits of state in its own record (`child.rng`), advanced by Weyl's sequence and
mixed by the finaliser of SplitMix64 (Steele, Lea, Flood 2014: public domain). All functions are
compiled.
"""

from __future__ import annotations

import math

import numpy as np

from registry.simulate.compiled import compiled

_STEP = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S11 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(11)


@compiled
def mix(bits):
    """64 bits in, 64 unrelated bits out."""
    bits = (bits ^ (bits >> _S30)) * _MIX_1
    bits = (bits ^ (bits >> _S27)) * _MIX_2
    return bits ^ (bits >> _S31)


@compiled
def uniform(child):
    """A number in [0, 1)."""
    child.rng = child.rng + _STEP
    return (mix(child.rng) >> _S11) * (1.0 / 9007199254740992.0)


@compiled
def normal(child):
    """A standard normal number (Box and Muller's cosine half)."""
    radius = math.sqrt(-2.0 * math.log(1.0 - uniform(child)))
    return radius * math.cos(6.283185307179586 * uniform(child))


@compiled
def exponential(child, mean):
    """A waiting time with this mean."""
    return -mean * math.log(1.0 - uniform(child))


@compiled
def happens(child, probability):
    """True with this probability."""
    return uniform(child) < probability


@compiled
def logistic(x):
    """Log-odds to a probability."""
    return 1.0 / (1.0 + math.exp(-x))
