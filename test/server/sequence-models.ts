import type { ParameterValue } from '../../src/protocol/infer.js';
import { oneInstance, requestOf } from './live-service.js';
import { type TinyValue, tinyOnnx } from './tiny-onnx.js';

const column = (name: string): TinyValue => ({ name, datatype: 'INT32', shape: ['batch', 1] });
const flags = ['START', 'READY', 'END'];

/** OUTPUT is the sum of INPUT over the sequence, which is its state; FLAGS and ID show what the model was told. */
export function accumulatorOnnx(idType: 'UINT64' | 'BYTES' = 'UINT64'): Uint8Array {
  return tinyOnnx({
    inputs: [
      column('INPUT'),
      ...flags.map(column),
      { name: 'CORRID', datatype: idType, shape: ['batch', 1] },
      column('SUM_IN'),
    ],
    outputs: [
      column('OUTPUT'),
      { name: 'FLAGS', datatype: 'INT32', shape: ['batch', 3] },
      { name: 'ID', datatype: idType, shape: ['batch', 1] },
      column('SUM_OUT'),
    ],
    nodes: [
      { op: 'Add', inputs: ['INPUT', 'SUM_IN'], outputs: ['SUM_OUT'] },
      { op: 'Identity', inputs: ['SUM_OUT'], outputs: ['OUTPUT'] },
      { op: 'Concat', inputs: flags, outputs: ['FLAGS'], attributes: { axis: 1 } },
      { op: 'Identity', inputs: ['CORRID'], outputs: ['ID'] },
    ],
  });
}

/** Members of `sequence_batching` that the accumulator needs. */
export const accumulatorControls = (idType = 'TYPE_UINT64'): string => `
  ${flags.map((name) => `control_input { name: "${name}" control { kind: CONTROL_SEQUENCE_${name} int32_false_true: [ 0, 1 ] } }`).join('\n')}
  control_input { name: "CORRID" control { kind: CONTROL_SEQUENCE_CORRID data_type: ${idType} } }`;

export const accumulatorState = (initial = ''): string =>
  `state { input_name: "SUM_IN" output_name: "SUM_OUT" data_type: TYPE_INT32 dims: [ 1 ] ${initial} }`;

/** So long that no sequence of a test is idle for too long, however slow the machine is. */
export const patient = 'max_sequence_idle_microseconds: 600000000';

/** The files of `sums` with one instance: an accumulator under the given members of `sequence_batching`. */
export const accumulatorModel = (strategy = `${patient} direct { }`, options: { maxBatchSize?: number } = {}) => ({
  'sums/1/model.onnx': accumulatorOnnx(),
  'sums/config.pbtxt': oneInstance(`max_batch_size: ${options.maxBatchSize ?? 4}
    sequence_batching { ${strategy} ${accumulatorControls()} ${accumulatorState()} }`),
});

/** One step: `flags` holds S for the start and E for the end of the sequence. */
export function step(id: ParameterValue, value: number, flags = '', changes: { model?: string } = {}) {
  const data = Int32Array.of(value);
  const parameters = new Map<string, ParameterValue>([['sequence_id', id]]);
  if (flags.includes('S')) parameters.set('sequence_start', true);
  if (flags.includes('E')) parameters.set('sequence_end', true);
  const { model = 'sums' } = changes;
  return requestOf(model, { INPUT: { datatype: 'INT32', shape: [1, 1], data } }, { parameters });
}
