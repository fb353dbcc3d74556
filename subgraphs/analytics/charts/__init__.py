"""Reports as pictures: a Vega-Lite specification of each, and the process that draws it."""
