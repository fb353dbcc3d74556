"""The assistant's tools: operations of the supergraph, on a fixed list."""
