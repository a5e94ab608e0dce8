"""The steps of the loop, with one module per step.

Each module loads records, calls the stages and stores the results.
"""
