"""Statistics of paired seeds and of benchmarks: functions of arrays, which know nothing of experiments.

Values are losses, lower is better, and differences are of equal seeds, first method less second: below zero, the first
is better. NaN is refused everywhere, since a seed that has no value yet is left out by whoever knows why.
"""
