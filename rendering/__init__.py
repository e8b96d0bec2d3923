"""Random three-dimensional scenes, and the headless renderer that turns one into a frame with exact annotations."""
