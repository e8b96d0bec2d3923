"""Training on dataset directories, adaptation from synthetic to real, and the reality-gap study."""
