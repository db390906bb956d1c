"""Transcendental functions whose bits do not depend on the machine.

libm and NumPy round ``sin`` or ``exp`` differently between versions and processors. Whatever
reaches a stored byte uses these instead: built from + - * / and sqrt in C++. All take and return
Python floats or float64 arrays of any shape; accuracy is about one unit in the last place.
"""

from __future__ import annotations

from seal2real._C import atan2 as det_atan2
from seal2real._C import cos as det_cos
from seal2real._C import exp as det_exp
from seal2real._C import log as det_log
from seal2real._C import sin as det_sin

__all__ = ["det_atan2", "det_cos", "det_exp", "det_log", "det_sin"]
