import type { ConfigDatatype } from '../../protocol/datatype.js';
import type { ModelConfig, SequenceControlInput } from '../../protocol/model-config.js';

/** A tensor of the model that the server keeps to itself: clients neither send nor get it. */
export interface ServerTensor {
  readonly name: string;
  readonly data_type: ConfigDatatype;
  /** Without the batch dimension; -1 = variable. */
  readonly dims: readonly number[];
}

/** The inputs and outputs that sequences need beside those of clients: control tensors and implicit state. */
export function sequenceTensors({ sequence_batching: batcher }: ModelConfig): {
  readonly inputs: readonly ServerTensor[];
  readonly outputs: readonly ServerTensor[];
} {
  const { control_input: controls = [], state: states = [] } = batcher ?? {};
  return {
    inputs: [
      ...controls.map((control) => ({ name: control.name, data_type: controlDatatype(control), dims: [1] })),
      ...states.map(({ input_name, data_type, dims }) => ({ name: input_name, data_type, dims })),
    ],
    outputs: states.map(({ output_name, data_type, dims }) => ({ name: output_name, data_type, dims })),
  };
}

/** The type of the values that a control tensor carries. */
export function controlDatatype({ control: [control] }: SequenceControlInput): ConfigDatatype {
  if (control === undefined) return 'TYPE_INVALID';
  if (control.kind === 'CONTROL_SEQUENCE_CORRID') return control.data_type;
  if (control.int32_false_true.length > 0) return 'TYPE_INT32';
  return control.fp32_false_true.length > 0 ? 'TYPE_FP32' : 'TYPE_BOOL';
}

/** Whether the server makes this input itself. */
export const isServerInput = (name: string, config: ModelConfig): boolean =>
  config.batch_input.some(({ target_name }) => target_name.includes(name)) ||
  sequenceTensors(config).inputs.some((tensor) => tensor.name === name);

/** Whether the server keeps this output as the state of a sequence. */
export const isStateOutput = (name: string, config: ModelConfig): boolean =>
  sequenceTensors(config).outputs.some((tensor) => tensor.name === name);
