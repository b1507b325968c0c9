"""Deep dreams: photographs changed until they excite a whole layer.

Method: A. Mordvintsev, C. Olah, M. Tyka, "Inceptionism: Going Deeper into Neural Networks"
(Google Research Blog, 2015).
"""
