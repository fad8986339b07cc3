import { intAttribute } from '../../onnx/attribute.js';
import type { AttributeProto, ModelProto, NodeProto, TensorProto } from '../../onnx/model-proto.js';
import { tensorDataType } from '../../onnx/tensor.js';
import { staysFp32 } from './fp32-operators.js';
import { attributeOf, constantsOf, freshNames, isStandard, readByNode, withInitializers } from './standard-graph.js';
import { float16Tensor, floatsOf } from './weight-values.js';

/** A graph in which each value of FP32 may also be there in FP16, under a second name; nodes are added in their order. */
export interface HalfGraph {
  /** Adds a node as it is. */
  keep(node: NodeProto): void;
  /** Adds a node that reads and gives FP16 where it read and gave FP32. */
  convert(node: NodeProto): void;
  finish(): ModelProto;
}

/** @param floatValues see `Fp16Options` */
export function createHalfGraph(model: ModelProto, floatValues: ReadonlySet<string>): HalfGraph {
  const fresh = freshNames(model);
  const constants = constantsOf(model.graph);
  const nodes: NodeProto[] = [];
  const shortConstants: TensorProto[] = [];
  /** The second names. */
  const halves = new Map<string, string>();
  /** Values that are there in FP16 only, so far. */
  const onlyHalf = new Set<string>();

  const cast = (from: string, into: string, to: number): void => {
    nodes.push({
      opType: 'Cast',
      name: fresh(`${into}.cast`),
      input: [from],
      output: [into],
      attribute: [intAttribute('to', to)],
    });
  };
  const half = (name: string): string => {
    const known = halves.get(name);
    if (known !== undefined) return known;
    const made = fresh(`${name}.fp16`);
    halves.set(name, made);
    const tensor = constants.get(name);
    const values = tensor === undefined ? undefined : floatsOf(tensor);
    if (tensor === undefined || values === undefined) cast(name, made, tensorDataType.FLOAT16);
    else shortConstants.push(float16Tensor(made, tensor.dims, values));
    return made;
  };
  const full = (name: string): void => {
    if (onlyHalf.delete(name)) cast(halves.get(name) ?? name, name, tensorDataType.FLOAT);
  };
  const given = (name: string): string => {
    if (!floatValues.has(name)) return name;
    const made = fresh(`${name}.fp16`);
    halves.set(name, made);
    onlyHalf.add(name);
    return made;
  };
  return {
    keep: (node) => {
      for (const name of readByNode(node)) full(name);
      nodes.push(node);
    },
    convert: (node) => {
      const input = node.input.map((name, position) => {
        if (!floatValues.has(name)) return name;
        if (!staysFp32(node, position)) return half(name);
        full(name);
        return name;
      });
      const output = node.output.map(given);
      const attribute = (node.attribute ?? []).map((each) => halfAttribute(node, each));
      nodes.push({ ...node, input, output, attribute: [...attribute, ...defaultValue(node)] });
    },
    finish: () => {
      for (const { name } of model.graph.output) full(name);
      const graph = withInitializers({ ...model.graph, node: nodes, valueInfo: [] }, shortConstants);
      return { ...model, graph };
    },
  };
}

/** `Cast` and the fill of `ConstantOfShape` say in an attribute that they give FP32. */
function halfAttribute(node: NodeProto, attribute: AttributeProto): AttributeProto {
  if (isStandard(node, 'Cast') && attribute.name === 'to' && attribute.i === tensorDataType.FLOAT)
    return { ...attribute, i: tensorDataType.FLOAT16 };
  const values = attribute.t === undefined ? undefined : floatsOf(attribute.t);
  if (attribute.t === undefined || values === undefined) return attribute;
  return { ...attribute, t: float16Tensor(attribute.t.name ?? '', attribute.t.dims, values) };
}

/** `ConstantOfShape` without a fill gives zeros of FP32. */
function defaultValue(node: NodeProto): AttributeProto[] {
  if (!isStandard(node, 'ConstantOfShape') || attributeOf(node, 'value') !== undefined) return [];
  return [{ name: 'value', t: float16Tensor('', [1], Float32Array.of(0)), type: 4 }];
}
