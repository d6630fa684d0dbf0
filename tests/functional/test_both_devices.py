"""Every operation on every device: one source, and the same numbers."""

from helpers.ladder import arrays_of, assert_same, examples, ours

from minifcn.backend import to_device, to_host


@examples
def test_values_and_gradients_are_those_of_the_host(xp, operation, case):
    arrays = arrays_of(operation, case)
    on_device = {name: to_device(array, xp) for name, array in arrays.items()}
    there = [to_host(array) for array in ours(operation, case, on_device)]
    assert_same(there, [to_host(array) for array in ours(operation, case, arrays)], 1e-10)
