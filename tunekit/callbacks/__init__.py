"""Reports and checkpoints from within training frameworks, a module for each; none is imported until it is asked for.

A metric has the name that the framework gives it, beside the resource: ``epoch``, ``step`` or ``round``. Where
checkpoints are kept, one is published before each report, and ``resume_from`` of the callback is what the framework
takes to go on from it.
"""
