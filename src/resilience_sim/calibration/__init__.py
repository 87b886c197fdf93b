"""Calibration: parameters that the evidence does not rule out, and what they say of every target."""
