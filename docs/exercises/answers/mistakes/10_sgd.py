"""The mistake 10: a step of descent. The rate stood outside of the velocity.

The rate belongs to each gradient as it comes; here momentum adds up bare gradients, and today's
rate multiplies them all. From rest the weight goes the same way, and only the velocity is in
another unit:

    -> 10 times as large: divided by lr?

With a velocity from before, the weight goes wrong too:

    on the way             WRONG    WRONG

With one rate throughout, a training is the same, as long as the velocity is never read or written
by somebody else. When the rate drops to a tenth, Caffe's form rolls on with what it has, and this
one brakes to a tenth at once. PyTorch's form is this one.
"""


def sgd_step(weight, dweight, velocity, *, lr, momentum, weight_decay):
    """Return the new weight and the new velocity, of the shape of all three arrays."""
    g = dweight + weight_decay * weight
    velocity = momentum * velocity + lr * g
    return weight - velocity, velocity
