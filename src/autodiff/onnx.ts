import protobuf from "protobufjs/light.js";

// The part of ONNX's schema that programs here use, with the public field numbers of onnx.proto (ONNX, Apache-2.0 licence).
// Tensors are always inline: a model that names external files is refused when it is read.

const field = (type: string, id: number, rule?: "repeated") => (rule ? { type, id, rule } : { type, id });

const root = protobuf.Root.fromJSON({
  nested: {
    Model: {
      fields: {
        irVersion: field("int64", 1),
        opsetImport: field("OperatorSet", 8, "repeated"),
        producerName: field("string", 2),
        graph: field("Graph", 7),
        metadataProps: field("Entry", 14, "repeated"),
        functions: field("Function", 25, "repeated"),
      },
    },
    OperatorSet: { fields: { domain: field("string", 1), version: field("int64", 2) } },
    Entry: { fields: { key: field("string", 1), value: field("string", 2) } },
    Graph: {
      fields: {
        node: field("Node", 1, "repeated"),
        name: field("string", 2),
        initializer: field("TensorData", 5, "repeated"),
        input: field("ValueInfo", 11, "repeated"),
        output: field("ValueInfo", 12, "repeated"),
        sparseInitializer: field("SparseTensor", 15, "repeated"),
      },
    },
    Function: { fields: { node: field("Node", 7, "repeated") } },
    Node: {
      fields: {
        input: field("string", 1, "repeated"),
        output: field("string", 2, "repeated"),
        name: field("string", 3),
        opType: field("string", 4),
        attribute: field("Attribute", 5, "repeated"),
        domain: field("string", 7),
      },
    },
    Attribute: {
      fields: {
        name: field("string", 1),
        f: field("float", 2),
        i: field("int64", 3),
        s: field("bytes", 4),
        t: field("TensorData", 5),
        g: field("Graph", 6),
        ints: field("int64", 8, "repeated"),
        tensors: field("TensorData", 10, "repeated"),
        graphs: field("Graph", 11, "repeated"),
        type: field("int32", 20),
        sparseTensor: field("SparseTensor", 22),
        sparseTensors: field("SparseTensor", 23, "repeated"),
      },
    },
    TensorData: {
      fields: {
        dims: field("int64", 1, "repeated"),
        dataType: field("int32", 2),
        name: field("string", 8),
        rawData: field("bytes", 9),
        externalData: field("Entry", 13, "repeated"),
        dataLocation: field("int32", 14),
      },
    },
    SparseTensor: { fields: { values: field("TensorData", 1), indices: field("TensorData", 2) } },
    ValueInfo: { fields: { name: field("string", 1), type: field("Type", 2) } },
    Type: { fields: { tensorType: field("TensorType", 1) } },
    TensorType: { fields: { elemType: field("int32", 1), shape: field("TensorShape", 2) } },
    TensorShape: { fields: { dim: field("Dimension", 1, "repeated") } },
    Dimension: { fields: { dimValue: field("int64", 1), dimParam: field("string", 2) } },
  },
});

const Model = root.lookupType("Model");

/** ONNX's numbers of the element types. */
export const elementType = { float32: 1, uint8: 2, int32: 6, int64: 7, bool: 9 } as const;
export type ElementType = keyof typeof elementType;

export interface OnnxTensor {
  dims: number[];
  dataType: number;
  name: string;
  rawData: Uint8Array;
}

export interface OnnxAttribute {
  name: string;
  type: number;
  f?: number;
  i?: number;
  s?: Uint8Array;
  g?: OnnxGraph;
  ints?: number[];
}

export interface OnnxNode {
  opType: string;
  input: string[];
  output: string[];
  attribute: OnnxAttribute[];
}

export interface OnnxValue {
  name: string;
  elementType: number;
  dims: (number | string)[];
}

export interface OnnxGraph {
  name: string;
  node: OnnxNode[];
  initializer: OnnxTensor[];
  input: OnnxValue[];
  output: OnnxValue[];
}

export interface OnnxModel {
  graph: OnnxGraph;
  /** Plain texts that travel with the model. */
  metadata: Record<string, string>;
}

const OPSET = 17;
const IR_VERSION = 8;
const GRAPH_ATTRIBUTE = 5;

/** The bytes of a model that any ONNX runtime with operator set 17 executes. */
export function encodeModel(model: OnnxModel): Uint8Array {
  return Model.encode({
    irVersion: IR_VERSION,
    producerName: "apprentice",
    opsetImport: [{ domain: "", version: OPSET }],
    graph: graphOut(model.graph),
    metadataProps: Object.entries(model.metadata).map(([key, value]) => ({ key, value })),
  }).finish();
}

/** What a reader of a model asks first. */
export interface OnnxSignature {
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** A model's inputs, outputs and metadata. Throws if the bytes are not an ONNX model, or name external files. */
export function decodeSignature(bytes: Uint8Array): OnnxSignature {
  let raw: RawModel;
  try {
    raw = Model.toObject(Model.decode(bytes), { longs: Number, arrays: true, defaults: true }) as RawModel;
  } catch (cause) {
    throw new RangeError("the bytes are not an ONNX model (or the file is cut short); export it again", { cause });
  }
  if (!raw.graph || raw.irVersion < 1) throw new RangeError("the bytes are not an ONNX model: no graph in them; export it again");
  refuseExternalData(raw.graph);
  for (const own of raw.functions) refuseExternalData(own);
  return {
    inputs: raw.graph.input.map(valueIn),
    outputs: raw.graph.output.map(valueIn),
    metadata: Object.fromEntries(raw.metadataProps.map(({ key, value }) => [key, value])),
  };
}

/** The float32 tensors among a model's initialisers, by name. Throws if the bytes are not an ONNX model, or name external files. */
export function decodeInitialisers(bytes: Uint8Array): Record<string, Float32Array> {
  decodeSignature(bytes);
  const { graph } = Model.toObject(Model.decode(bytes), { longs: Number, arrays: true, defaults: true }) as {
    graph: { initializer: OnnxTensor[] };
  };
  return Object.fromEntries(
    graph.initializer
      .filter(({ dataType }) => dataType === elementType.float32)
      .map(({ name, rawData }) => [name, new Float32Array(Uint8Array.from(rawData).buffer)]),
  );
}

/** A model may hide a tensor among a graph's initialisers and in the attributes of its nodes, at any depth. */
function refuseExternalData({ node, initializer = [], sparseInitializer = [] }: RawGraph): void {
  const sparse = sparseInitializer.flatMap(({ values, indices }) => [values, indices]);
  for (const tensor of [...initializer, ...sparse]) {
    if (tensor && (tensor.dataLocation === 1 || tensor.externalData.length > 0)) {
      throw new RangeError(
        `the ONNX model keeps the tensor "${tensor.name}" in another file; expected all tensors inline; export it as one file`,
      );
    }
  }
  for (const { attribute } of node) {
    for (const { t, tensors, sparseTensor, sparseTensors, g, graphs } of attribute) {
      refuseExternalData({
        node: [],
        initializer: t ? [t, ...tensors] : tensors,
        sparseInitializer: sparseTensor ? [sparseTensor, ...sparseTensors] : sparseTensors,
      });
      for (const nested of g ? [g, ...graphs] : graphs) refuseExternalData(nested);
    }
  }
}

interface RawValue {
  name: string;
  type?: { tensorType?: { elemType: number; shape?: { dim: { dimValue?: number; dimParam?: string }[] } } };
}
interface RawTensor {
  name: string;
  externalData: unknown[];
  dataLocation: number;
}
interface RawSparse {
  values?: RawTensor;
  indices?: RawTensor;
}
interface RawAttribute {
  t?: RawTensor;
  tensors: RawTensor[];
  sparseTensor?: RawSparse;
  sparseTensors: RawSparse[];
  g?: RawGraph;
  graphs: RawGraph[];
}
interface RawGraph {
  node: { attribute: RawAttribute[] }[];
  initializer?: RawTensor[];
  sparseInitializer?: RawSparse[];
}
interface RawModel {
  irVersion: number;
  graph?: RawGraph & { input: RawValue[]; output: RawValue[] };
  functions: RawGraph[];
  metadataProps: { key: string; value: string }[];
}

function graphOut(graph: OnnxGraph): object {
  return {
    ...graph,
    node: graph.node.map((node) => ({
      ...node,
      attribute: node.attribute.map((attribute) =>
        attribute.g ? { ...attribute, type: GRAPH_ATTRIBUTE, g: graphOut(attribute.g) } : attribute,
      ),
    })),
    input: graph.input.map(valueOut),
    output: graph.output.map(valueOut),
  };
}

function valueOut(value: OnnxValue): object {
  const dim = value.dims.map((side) => (typeof side === "number" ? { dimValue: side } : { dimParam: side }));
  return { name: value.name, type: { tensorType: { elemType: value.elementType, shape: { dim } } } };
}

function valueIn(raw: RawValue): OnnxValue {
  const tensorType = raw.type?.tensorType;
  const dims = (tensorType?.shape?.dim ?? []).map((side) => (side.dimParam ? side.dimParam : Number(side.dimValue ?? 0)));
  return { name: raw.name, elementType: tensorType?.elemType ?? 0, dims };
}
