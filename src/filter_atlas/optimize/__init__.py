"""Gradient ascent on pictures, and its parts: objectives, transforms, optimisers and others."""
