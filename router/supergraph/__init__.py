"""Reads composed supergraph SDL into the model that the planner and the executor work on."""

from router.supergraph.errors import SupergraphError
from router.supergraph.model import SubgraphInfo, Supergraph
from router.supergraph.reader import read_supergraph

__all__ = ["SubgraphInfo", "Supergraph", "SupergraphError", "read_supergraph"]
