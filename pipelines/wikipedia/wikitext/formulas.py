"""Formulas of mathematics as text, where they are simple enough to be read in a line."""

import re

from pipelines.wikipedia.wikitext.quantities import lowered, raised

# Stands for a formula that cannot be read in a line; no page has this private-use character.
FORMULA = "\ue000"

_GREEK = (
    "alpha:α beta:β gamma:γ delta:δ epsilon:ε varepsilon:ε zeta:ζ eta:η theta:θ iota:ι kappa:κ "
    "lambda:λ mu:μ nu:ν xi:ξ pi:π rho:ρ sigma:σ tau:τ upsilon:υ phi:φ varphi:φ chi:χ psi:ψ omega:ω "
    "Gamma:Γ Delta:Δ Theta:Θ Lambda:Λ Xi:Ξ Pi:Π Sigma:Σ Phi:Φ Psi:Ψ Omega:Ω"
)
_SIGNS = (
    "times:× cdot:· pm:± leq:≤ le:≤ geq:≥ ge:≥ neq:≠ ne:≠ approx:≈ sim:~ infty:∞ to:→ "
    "rightarrow:→ in:∈ subset:⊂ subseteq:⊆ cup:∪ cap:∩ ldots:… dots:… cdots:… circ:° degree:° "
    "prime:′ ell:ℓ hbar:ħ partial:∂ nabla:∇ equiv:≡ forall:∀ exists:∃ emptyset:∅ oplus:⊕ otimes:⊗ "
    "log:log ln:ln sin:sin cos:cos tan:tan exp:exp max:max min:min mapsto:↦ colon:: div:÷ ll:≪ gg:≫"
)
_COMMANDS = dict(pair.split(":", 1) for pair in f"{_GREEK} {_SIGNS}".split())
_SPACING = re.compile(r"\\(?:[,;:! ]|quad\b|qquad\b|displaystyle\b|textstyle\b|scriptstyle\b|,)|~")
_FONT = re.compile(
    r"\\(?:mathrm|mathbf|mathit|mathcal|mathbb|text|textrm|textbf|textit|rm|bf|operatorname|mbox"
    r"|boldsymbol|mathsf|hbox)\s*\{([^{}]*)\}"
)
_COMMAND = re.compile(r"\\([A-Za-z]+)\s*")
_RAISED = re.compile(r"\^(?:\{([^{}]*)\}|(\w))")
_LOWERED = re.compile(r"_(?:\{([^{}]*)\}|(\w))")
_LONGEST = 60
_PLAIN = re.compile(r"[^\\{}^_&]+\Z")


def formula_text(source: str) -> str:
    """A formula in TeX as text; `FORMULA` where that would need more than one line."""
    text = _FONT.sub(r"\1", _SPACING.sub(" ", source.strip()))
    text = _COMMAND.sub(lambda m: _COMMANDS.get(m.group(1), m.group()), text)
    text = _RAISED.sub(_raise, text)
    text = _LOWERED.sub(lambda m: lowered(m.group(1) or m.group(2) or ""), text)
    text = " ".join(text.split())
    return text if _PLAIN.match(text) and len(text) <= _LONGEST else FORMULA


def _raise(match: re.Match[str]) -> str:
    """A power that cannot be shown raised keeps its TeX, and so its formula is not plain."""
    inner = match.group(1) or match.group(2) or ""
    shown = raised(inner)
    return shown if shown != inner else match.group()
