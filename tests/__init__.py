"""Tests of every package; this file keeps other distributions from providing `tests`."""
