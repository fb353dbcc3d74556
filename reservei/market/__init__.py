"""What fills the market: importers of real files, and the generator of a demo market where there are none."""
