import { intAttribute, stringAttribute } from '../../src/onnx/attribute.js';
import type { ModelDraft } from '../../src/onnx/encode-model.js';
import { createGraphBuilder, type GraphBuilder, type ValueName } from '../../src/onnx/graph-builder.js';
import { stringTensor, tensorDataType } from '../../src/onnx/tensor.js';

/** What counts as a number: 18 digits keep the sum of two of them within 64 bits. */
const decimalInteger = '-?[0-9]{1,18}';

/**
 * The model of Triton's string example: the sum and the difference of two vectors of 16 integers, all as decimal
 * text. Text that is no such integer counts as 0, so that random load does not fail.
 */
export function buildSimpleString(): ModelDraft {
  const graph = createGraphBuilder();
  const vector = { dataType: tensorDataType.STRING, dims: ['batch', 16] };
  graph.constant(stringTensor('zero', [], ['0']));
  const left = integers(graph, graph.input({ name: 'INPUT0', ...vector }));
  const right = integers(graph, graph.input({ name: 'INPUT1', ...vector }));
  const sum = graph.node('Add', 'sum', [left, right]);
  const difference = graph.node('Sub', 'difference', [left, right]);
  const toText = intAttribute('to', tensorDataType.STRING);
  graph.output({ name: graph.node('Cast', 'OUTPUT0', [sum], [toText]), ...vector });
  graph.output({ name: graph.node('Cast', 'OUTPUT1', [difference], [toText]), ...vector });
  return graph.finish({ name: 'simple_string', opset: 20, irVersion: 9 });
}

function integers(graph: GraphBuilder, text: ValueName): ValueName {
  const pattern = stringAttribute('pattern', decimalInteger);
  const isInteger = graph.node('RegexFullMatch', `${text}.is_integer`, [text], [pattern]);
  const digits = graph.node('Where', `${text}.digits`, [isInteger, text, 'zero']);
  return graph.node('Cast', `${text}.value`, [digits], [intAttribute('to', tensorDataType.INT64)]);
}
