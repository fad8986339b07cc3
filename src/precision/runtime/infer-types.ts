import type { ModelProto } from '../../onnx/model-proto.js';
import { tensorDataType } from '../../onnx/tensor.js';
import { openTemporary } from './open-temporary.js';

/**
 * The values of a model's main graph that are tensors of FP32, as ONNX Runtime infers them: a copy of the model that gives
 * every value is loaded, and never run.
 *
 * @param temporary see `VariantOptions`
 * @throws PerfError `model` when ONNX Runtime does not load it
 */
export async function floatValuesOf(
  model: ModelProto,
  packagePath: string,
  temporary?: string,
): Promise<ReadonlySet<string>> {
  const { graph } = model;
  const given = new Set(graph.output.map(({ name }) => name));
  const inner = graph.node.flatMap(({ output }) => output).filter((name) => name !== '' && !given.has(name));
  const probe = { ...model, graph: { ...graph, output: [...graph.output, ...inner.map((name) => ({ name }))] } };
  await using session = await openTemporary(probe, { packagePath, threads: 1, level: 'disabled', temporary });
  const values = [...session.inputs, ...session.outputs].filter(({ type }) => type === 'float32');
  const sparse = (graph.sparseInitializer ?? []).flatMap((tensor) => tensor.values ?? []);
  const weights = [...graph.initializer, ...sparse].filter(({ dataType }) => dataType === tensorDataType.FLOAT);
  return new Set([...values, ...weights].map(({ name = '' }) => name));
}
