"""Draw filters by the algorithm of keras.io's example "Visualizing what convnets learn" (2020).

Written after examples/vision/visualizing_what_convnets_learn.py of keras-team/keras-io. Its picture
is around 0, on the scale -1..1 of its ResNet50V2; here this scale is mapped to grey levels. As in
the example, the index is a Python number, so the compiled step is traced again for each filter. Its
crop of 25 pixels a side is left out, to show the whole picture.
"""

from typing import Any

import job

# isort: split
import keras
import tensorflow as tf

LEARNING_RATE = 10.0
BORDER = 2


def drawer(task: job.Job, layer: str) -> job.Draw:
    """The example's loop for one layer."""
    model = job.keras_model(task, layer, lambda picture: 127.5 * (picture + 1))

    @tf.function
    def step(picture: Any, index: int, learning_rate: float) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(picture)
            activation = model(picture)[:, BORDER:-BORDER, BORDER:-BORDER, index]
            loss = tf.reduce_mean(activation)
        gradient = tf.math.l2_normalize(tape.gradient(loss, picture))
        return picture + learning_rate * gradient

    def draw(index: int, steps: int) -> job.Drawing:
        picture = (tf.random.uniform((1, task.size, task.size, 3)) - 0.5) * 0.25
        for _ in range(steps):
            picture = step(picture, index, LEARNING_RATE)
        final = picture[0].numpy()
        return job.Drawing(127.5 * (final[..., ::-1] + 1), deprocess(final))

    return draw


def deprocess(picture: job.Floats) -> job.Bytes:
    """The example's way to make a picture visible."""
    centred = picture - picture.mean()
    return job.to_bytes(centred / (centred.std() + 1e-5) * 0.15 + 0.5)


if __name__ == "__main__":
    version = (
        f"keras.io example of 2020-05-29, Keras {keras.__version__}, TensorFlow {tf.__version__}"
    )
    job.run(version, keras.utils.set_random_seed, drawer)
