"""The steps of a run, in order; they speak to the outside through ports only."""
