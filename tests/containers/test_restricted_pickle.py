"""The pickle machine: it reads what Python pickles, calls only what it is given, and ends soon."""

import math
import os
import pickle
import struct
import time
from collections import OrderedDict

import numpy as np
import pytest
from helpers.arrays import taking_less_than
from helpers.pickles import Built, Call, Global, Persistent, Python2, instructions, pickled
from hypothesis import given
from hypothesis import strategies as st

from minifcn.containers import restricted_pickle
from minifcn.containers.restricted_pickle import StandIn, checked_key, restricted_load


def load(content, allowed=None, persistent_load=None, *, encoding="latin1"):
    value, stop = restricted_load(
        memoryview(content), allowed or {}, persistent_load, encoding=encoding
    )
    assert stop == len(content)
    return value


texts = st.text(st.characters(exclude_categories=["Cs"]))
leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(1 << 100), 1 << 100)
    | st.floats(allow_nan=False)
    | texts
    | st.binary()
)
keys = texts | st.binary() | st.integers(-(2**31) + 1, 2**31 - 1) | st.none()
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=5).map(tuple)
        | st.dictionaries(keys, inner, max_size=4)
    ),
    max_leaves=10,
)


@given(values, st.integers(3, 5))  # 2 writes bytes as calls
def test_what_python_pickles_comes_back(value, protocol):
    assert load(pickle.dumps(value, protocol)) == value


def test_shared_and_recursive_objects_stay_so():
    weight = [1.0]
    value = {"a": weight, "b": weight}
    value["self"] = value
    found = load(pickle.dumps(value, 2))
    assert found["a"] is found["b"]
    assert found["self"] is found


def test_pickles_may_follow_each_other():
    data = memoryview(pickled(1) + pickled("two") + b"the rest")
    first, position = restricted_load(data, {}, encoding="ASCII")
    second, position = restricted_load(data, {}, encoding="ASCII", start=position)
    assert (first, second, bytes(data[position:])) == (1, "two", b"the rest")


@pytest.mark.parametrize(
    ("encoding", "expected"), [("latin1", "\xe9"), ("bytes", b"\xe9"), ("cp1251", "й")]
)
def test_strings_of_python_2(encoding, expected):
    assert load(pickled(Python2("\xe9")), encoding=encoding) == expected
    assert load(b"\x80\x02T\x01\0\0\0\xe9.", encoding=encoding) == expected


@pytest.mark.parametrize("protocol", [3, 4])
def test_many_bytes_are_a_view(protocol):
    content = pickle.dumps(bytes(1000), protocol)
    found = load(content)
    assert isinstance(found, memoryview)
    assert found.obj is content
    assert bytes(found) == bytes(1000)


@pytest.mark.parametrize("protocol", [2, 3, 4])
def test_allowed_functions_are_called(protocol):
    value = OrderedDict(a=1, b=[2])
    allowed = {("collections", "OrderedDict"): dict}
    assert load(pickle.dumps(value, protocol), allowed) == {"a": 1, "b": [2]}


class Kept(StandIn):
    """As the functions of a caller may return."""


def test_a_state_is_kept_by_a_stand_in():
    found = load(pickled(Built(Call(Global("m", "C"), ()), (1, [2]))), {("m", "C"): Kept})
    assert found.state == (1, [2])


def test_the_state_of_a_dict_is_dropped():
    assert load(pickled(Built({"a": 1}, {"_metadata": {}}))) == {"a": 1}


def test_persistent_ids_are_resolved():
    value = pickled([Persistent(("storage", "7"))])
    assert load(value, {}, lambda identity: identity[1]) == ["7"]


# Code


class Exploit:
    """Runs a command when Python unpickles it."""

    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


@pytest.mark.parametrize("protocol", range(6))
def test_a_call_of_the_system_is_refused_and_not_made(tmp_path, protocol):
    marker = tmp_path / "was_here"
    data = pickle.dumps({"weight": Exploit(f"touch {marker}")}, protocol)
    with pytest.raises(ValueError, match=r"asks for \w+\.system, which may run any|not allowed"):
        load(data)
    assert not marker.exists()
    pickle.loads(data)  # the exploit is one
    assert marker.exists()


@pytest.mark.parametrize(
    "name",
    [
        ("builtins", "eval"),
        ("builtins", "getattr"),
        ("__builtin__", "exec"),
        ("importlib", "import_module"),
        ("torch._utils", "_rebuild_tensor.__globals__"),
        ("collections", "OrderedDict.fromkeys"),
    ],
)
@pytest.mark.parametrize("protocol", [2, 4])
def test_no_other_name_is_resolved(name, protocol):
    data = pickled(Global(*name))
    if protocol == 4:
        data = b"\x80\x04" + instructions(name[0]) + instructions(name[1]) + b"\x93."
    with pytest.raises(ValueError, match=f"it asks for {name[0]}.{name[1]}, which may run"):
        load(data, {("collections", "OrderedDict"): dict})


HOSTILE = {
    "a name that is none": (b"\x80\x04K\x01K\x02\x93.", "names something without a name"),
    "old instance": (b"(ios\nsystem\n.", "instruction b'i', not allowed"),
    "registered extension": (b"\x80\x02\x82\x01.", r"instruction b'\\x82'"),
    "call of a text": (b"X\x01\x00\x00\x00a)R.", "calls something else than a function"),
    "call with a list": (b"cany\nthing\n]R.", "calls something else than a function"),
    "call of a result": (b"cany\nthing\n)R)R.", "calls something else than a function"),
    "call with too much": (b"cany\nthing\n(NNNtR.", r"damaged \(TypeError"),
    "state of a function": (b"cany\nthing\n}b.", "gives a state to a type"),
    "state of a text": (b"X\x01\x00\x00\x00a}b.", "gives a state to a str"),
    "state of a list": (b"]}b.", "gives a state to a list"),
    "append to a dict": (b"}Na.", "appends to something else than a list"),
    "items of a list": (b"]NNs.", "sets items of something else than a dict"),
    "half an item": (b"}(Nu.", "sets items of something else than a dict"),
    "something persistent": (b"\x80\x02NQ.", "instruction b'Q', not allowed"),
    "no pickle": (b"\x89HDF\r\n\x1a\n", "its pickle"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_only_what_arrays_need_is_done(case):
    content, message = HOSTILE[case]
    with pytest.raises(ValueError, match=message):
        load(content, {("any", "thing"): Kept})


def test_a_text_in_another_encoding_is_refused():
    with pytest.raises(ValueError, match=r"damaged \(UnicodeDecodeError"):
        load(pickled(Python2("\xe9")), encoding="ASCII")


@pytest.mark.parametrize("content", [b".", b"t.", b"(t", b"h\x01.", b"R.", b"K\x01b.", b"q\x01."])
def test_a_damaged_pickle_is_refused(content):
    with pytest.raises(ValueError, match="its pickle"):
        load(content)


@pytest.mark.parametrize("tenths", range(10))
def test_a_truncated_pickle_is_refused(tenths):
    data = pickle.dumps({"weight": [math.pi, "text", (1, 2, 3)], "epoch": np.pi}, 4)
    with pytest.raises(ValueError, match="not there; it is truncated"):
        load(data[: len(data) * tenths // 10])


# Bombs


def nested_tuples() -> bytes:
    """Return the instructions for a tuple that takes 2^60 steps to hash or to compare."""
    return b")" + b"q\0h\0\x86" * 60


BOMBS = {
    "a text of 4 GB": (b"X\xff\xff\xff\xffabc.", "claims 4294967295 bytes"),
    "a byte string of 2^63": (b"\x8e" + struct.pack("<Q", 2**63), f"claims {2**63} bytes"),
    "a string of negative length": (b"T\xff\xff\xff\xffabc.", "claims 4294967295 bytes"),
    "a frame cut off": (b"\x95\xff\xff", "claims 8 bytes"),
    "an integer of 2 GB": (b"\x8b\xff\xff\xff\x7f1.", r"instruction b'\\x8b'"),
    "a decimal integer of 10^6 digits": (b"L" + b"9" * 10**6 + b"L\n.", "instruction b'L'"),
    "a key of nested tuples": (b"}" + nested_tuples() + b"Ns.", "a tuple as the key"),
    "keys of nested tuples": (b"}(" + nested_tuples() + b"Nu.", "a tuple as the key"),
    "a key for a function": (b"cm\nf\n" + nested_tuples() + b"\x85R.", "a tuple as the key"),
    "keys that collide": (b"}\x8a\x08" + b"\xff" * 7 + b"\x1fNs.", "a int as the key"),
    "a name without end": (b"c" + b"a" * 10**6, "a name that does not end"),
}


@pytest.mark.parametrize("case", BOMBS)
def test_a_bomb_does_not_go_off(case):
    content, message = BOMBS[case]  # the time that it takes is not noticeable
    with taking_less_than(1 << 20), pytest.raises(ValueError, match=message):
        load(content, {("m", "f"): checked_key})


def test_a_memo_of_4_billion_entries_takes_one():
    with taking_less_than(1 << 20):
        load(b"\x80\x02Nr\xff\xff\xff\xff.")


@pytest.mark.parametrize("instruction", [b"(", b"]", b")q\0"])
def test_instructions_without_end_are_refused(instruction, monkeypatch):
    monkeypatch.setattr(restricted_pickle, "_MAX_STEPS", 1000)
    with pytest.raises(ValueError, match="more than 1000 instructions"):
        load(b"\x80\x02" + instruction * 1000)


def test_a_long_list_is_not_copied_many_times(monkeypatch):
    monkeypatch.setattr(restricted_pickle, "_MAX_STEPS", 100_000)
    content = b"](" + b"N" * 10_000 + b"eq\1" + b"cm\nf\nh\1\x85Rq\2" * 1000 + b"."
    with pytest.raises(ValueError, match="more than 100000 instructions"):
        load(content, {("m", "f"): tuple})


def test_doubling_takes_no_time():
    content = b"]" + b"q\x01h\x01\x86" * 200 + b"."  # 2 ** 200 elements, if one counted them
    start = time.process_time()
    load(content)
    assert time.process_time() - start < 1


def test_deep_nesting_does_not_exhaust_the_stack():
    depth = 100_000
    load(b"N" + b"\x85" * depth + b".")
    found = load(b"\x80\x02" + b"]" * depth + b"a" * (depth - 1) + b".")
    for _ in range(depth - 1):
        (found,) = found
    assert found == []
