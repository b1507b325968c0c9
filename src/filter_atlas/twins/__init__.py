"""Twins: filters of a layer that look for the same pattern, rotated or mirrored.

The question comes from the article: F. Chollet, "How convolutional neural networks see the world"
(2016), observed that many filters of VGG16 differ only by a rotation, and asked how many.
"""
