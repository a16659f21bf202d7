"""Writes arrays.json: files made by NumPy and by the safetensors library, with the numbers that are in them.

Run: python make_arrays.py   (numpy 2, safetensors 0.8)
"""

import base64
import io
import json
import pathlib
import zipfile

import numpy as np
from numpy.lib import format as npy_format
from safetensors.numpy import save

out = {"npy": [], "npz": {}, "refused": {}, "safetensors": {}}


def npy(array, version=None):
    stream = io.BytesIO()
    npy_format.write_array(stream, array, version=version, allow_pickle=True)
    return stream.getvalue()


def text(data):
    return base64.b64encode(data).decode()


def plain(array):
    return [int(x) if array.dtype.kind in "iub" else float(x) for x in array.ravel(order="C")]


values = [[0, 1, 2], [3, 100, 120]]
for code in ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"]:
    for order in "<>":
        array = np.array(values, dtype=order + code)
        array[0, 1] = 1.5 if code[0] == "f" else 1
        array[1, 0] = -3 if code[0] != "u" else 3
        for arranged in (array, np.asfortranarray(array)):
            out["npy"].append({"name": f"{order}{code} {'F' if arranged is not array else 'C'}", "shape": [2, 3], "values": plain(array), "file": text(npy(arranged))})
out["npy"].append({"name": "bool", "shape": [3], "values": [1, 0, 1], "file": text(npy(np.array([True, False, True])))})
out["npy"].append({"name": "scalar", "shape": [], "values": [2.5], "file": text(npy(np.array(2.5)))})
out["npy"].append({"name": "empty", "shape": [0, 4], "values": [], "file": text(npy(np.zeros((0, 4), np.float32)))})
cube = np.arange(24, dtype=np.int32).reshape(2, 3, 4)
out["npy"].append({"name": "F cube", "shape": [2, 3, 4], "values": plain(cube), "file": text(npy(np.asfortranarray(cube)))})
for version in [(1, 0), (2, 0), (3, 0)]:
    out["npy"].append({"name": f"version {version[0]}", "shape": [2], "values": [1, 2], "file": text(npy(np.array([1.0, 2.0]), version))})
halves = np.array([0x0000, 0x8000, 0x0001, 0x03FF, 0x0400, 0x3C00, 0xBC01, 0x7BFF, 0x3555], dtype=np.uint16).view(np.float16)
out["npy"].append({"name": "halves", "shape": [9], "values": plain(halves), "file": text(npy(halves))})

out["refused"]["object"] = text(npy(np.array([{"a": 1}], dtype=object)))
out["refused"]["fields"] = text(npy(np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")])))
out["refused"]["complex"] = text(npy(np.array([1j])))
out["refused"]["text"] = text(npy(np.array(["word"])))
out["refused"]["time"] = text(npy(np.array(["2020-01-01"], dtype="datetime64[D]")))

arrays = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.array([1, 2, 3])}
for name, write in [("savez", np.savez), ("savez_compressed", np.savez_compressed)]:
    stream = io.BytesIO()
    write(stream, **arrays)
    out["npz"][name] = text(stream.getvalue())
stream = io.BytesIO()
np.savez(stream, obs=np.zeros(3), infos=np.array([{}, {}], dtype=object))
out["refused"]["npz with objects"] = text(stream.getvalue())
stream = io.BytesIO()
with zipfile.ZipFile(stream, "w") as archive:
    archive.writestr("notes.txt", "hello")
out["refused"]["npz with text"] = text(stream.getvalue())

tensors = {
    "w": np.arange(6, dtype=np.float32).reshape(2, 3) / 4,
    "half": np.array([1.5, -2.25], np.float16),
    "count": np.array([2**40, -1]),
    "flags": np.array([True, False]),
    "bytes": np.array([1, 2, 255], np.uint8),
    "none": np.zeros((0, 5), np.float64),
    "one": np.array(7.0),
}
out["safetensors"] = {
    "file": text(save(tensors, metadata={"made by": "safetensors"})),
    "arrays": {name: {"shape": list(a.shape), "values": plain(a)} for name, a in tensors.items()},
}

path = pathlib.Path(__file__).parent / "arrays.json"
path.write_text(json.dumps(out, indent=0) + "\n")
print(path.name, path.stat().st_size, "bytes")
