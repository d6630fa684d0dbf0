"""Find the mistake 10: one step of gradient descent with momentum, in Caffe's form.

The velocity is how far the weight goes down in this step. It is the sum of two: a share,
`momentum`, of how far it went in the step before, and the rate `lr` times the gradient of what is
descended, L + weight_decay/2 * sum_p weight[p]**2.
"""


def sgd_step(weight, dweight, velocity, *, lr, momentum, weight_decay):
    """Return the new weight and the new velocity, of the shape of all three arrays."""
    g = dweight + weight_decay * weight
    velocity = momentum * velocity + g
    return weight - lr * velocity, velocity
