"""Small ONNX models that keep a tensor in another file, in every place where one can hide.

    python make_external.py > external.json
"""

import base64
import json
import sys

from onnx import TensorProto, helper


def tensor(external, name="weights"):
    t = helper.make_tensor(name, TensorProto.FLOAT, [2], [1.0, 2.0])
    if external:
        t.ClearField("float_data")
        t.data_location = TensorProto.EXTERNAL
        t.external_data.add(key="location", value="../secret.bin")
    return t


def value(name):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, [2])


def model(nodes, initializers=(), sparse=(), functions=()):
    graph = helper.make_graph(nodes, "g", [value("x")], [value("y")], list(initializers), sparse_initializer=list(sparse))
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)]
    out = helper.make_model(graph, opset_imports=opsets, ir_version=8, functions=list(functions))
    return base64.b64encode(out.SerializeToString()).decode()


def loop(body_nodes, body_initializers=()):
    body = helper.make_graph(body_nodes, "body", [value("c")], [value("d")], list(body_initializers))
    return helper.make_node("Scan", ["x"], ["y"], body=body, num_scan_inputs=1)


add = helper.make_node("Add", ["x", "weights"], ["y"])
add_inside = helper.make_node("Add", ["c", "weights"], ["d"])
constant = helper.make_node("Constant", [], ["weights"], value=tensor(True))
sparse = helper.make_sparse_tensor(tensor(True), helper.make_tensor("at", TensorProto.INT64, [2], [0, 1]), [2])
deep = loop([helper.make_node("Scan", ["c"], ["d"], num_scan_inputs=1, body=helper.make_graph([helper.make_node("Add", ["e", "weights"], ["f"])], "inner", [value("e")], [value("f")], [tensor(True)]))])
function = helper.make_function("own", "f", ["p"], ["q"], [constant, helper.make_node("Add", ["p", "weights"], ["q"])], [helper.make_opsetid("", 17)])

json.dump(
    {
        "none": model([add], [tensor(False)]),
        "initializer": model([add], [tensor(True)]),
        "initializer of a loop": model([loop([add_inside], [tensor(True)])]),
        "initializer of a loop in a loop": model([deep]),
        "constant node": model([constant, add]),
        "constant node in a loop": model([loop([constant, add_inside])]),
        "sparse initializer": model([add], sparse=[sparse]),
        "function": model([helper.make_node("f", ["x"], ["y"], domain="own")], functions=[function]),
    },
    sys.stdout,
    indent=1,
)
