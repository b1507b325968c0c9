"""Twins: filters of a layer that look for one pattern, turned or mirrored.

The question is the article's: F. Chollet, "How convolutional neural networks see the world" (2016),
found many filters of VGG16 to be the same but for a rotation, and wondered how many.
"""
