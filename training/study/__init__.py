"""The reality-gap study: a grid of data, methods and seeds, its rows on disk, and the report made from them."""
