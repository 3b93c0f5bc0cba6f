"""The form of records: what goes in comes out, and nothing else is a record."""

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boostreg.record import decode_record, encode_record

HEADERS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@settings(max_examples=40)
@given(header=HEADERS, body=st.binary())
def test_a_record_gives_back_its_header_and_its_body(header, body):
    assert decode_record(encode_record(header, body)) == (header, body)


@settings(max_examples=30)
@given(header=HEADERS, share=st.floats(0, 1, exclude_max=True))
def test_a_record_cut_within_its_header_is_refused(header, share):
    record = encode_record({"header": header})

    with pytest.raises((ValueError, struct.error)):
        decode_record(record[: int(share * len(record))])


def test_scalars_of_numpy_are_written_as_numbers():
    assert decode_record(encode_record([np.int64(3), np.float64(0.5)]))[0] == [3, 0.5]


def test_what_json_does_not_know_is_refused():
    with pytest.raises(TypeError, match="cannot write set as JSON"):
        encode_record({"a": {1, 2}})
