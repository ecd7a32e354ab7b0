"""The gate: whatever crosses a contract is checked there, once, and a component that breaks a rule is named."""

from tunekit_core.engine.gate.answers import check_answers
from tunekit_core.engine.gate.culprits import AnyComponent, NamesErrors
from tunekit_core.engine.gate.gate import Gate
from tunekit_core.engine.gate.parts import check_are_components, check_parts, check_signatures
from tunekit_core.engine.gate.suggestions import SuggestionGate

__all__ = [
    "AnyComponent",
    "Gate",
    "NamesErrors",
    "SuggestionGate",
    "check_answers",
    "check_are_components",
    "check_parts",
    "check_signatures",
]
