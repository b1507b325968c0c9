"""Other processes that the tests start have the packages of a user, without those of a developer.

Python imports a module of this name at its start. Keras imports scikit-learn where it is installed,
which takes as long as a quarter of TensorFlow.
"""

import sys

sys.modules["sklearn"] = None  # type: ignore[assignment]
