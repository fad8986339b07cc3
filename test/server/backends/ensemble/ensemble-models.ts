/** A step by the model's name, or with a version; maps from the model's tensors to those of the ensemble. */
interface TestStep {
  readonly model: string;
  readonly version?: number;
  readonly in: Readonly<Record<string, string>>;
  readonly out: Readonly<Record<string, string>>;
}

const mapText = (field: string, map: Readonly<Record<string, string>>): string =>
  Object.entries(map)
    .map(([key, value]) => `${field} { key: "${key}" value: "${value}" }`)
    .join(' ');

const stepText = ({ model, version = -1, ...step }: TestStep): string =>
  `step { model_name: "${model}" model_version: ${version} ${mapText('input_map', step.in)} ${mapText('output_map', step.out)} }`;

/** An INT32 [16] tensor, or whatever `type` says. */
const tensorText = (kind: 'input' | 'output', name: string, type = 'data_type: TYPE_INT32 dims: [ 16 ]'): string =>
  `${kind} { name: "${name}" ${type} }`;

/** `config.pbtxt` of an ensemble; inputs and outputs by name, with a type where it is not INT32 [16]. */
export function ensembleText(options: {
  readonly inputs: Readonly<Record<string, string | undefined>>;
  readonly outputs: Readonly<Record<string, string | undefined>>;
  readonly steps: readonly TestStep[];
  /** Fields of the ensemble; `max_batch_size: 8` when it is left out. */
  readonly head?: string;
  /** Fields beside the steps. */
  readonly scheduling?: string;
}): string {
  const { inputs, outputs, steps, head = 'max_batch_size: 8', scheduling = '' } = options;
  const tensors = [
    ...Object.entries(inputs).map(([name, type]) => tensorText('input', name, type)),
    ...Object.entries(outputs).map(([name, type]) => tensorText('output', name, type)),
  ];
  return `platform: "ensemble" ${head} ${tensors.join(' ')} ensemble_scheduling { ${steps.map(stepText).join(' ')} ${scheduling} }`;
}

const pair = (left: string, right: string) => ({ INPUT0: left, INPUT1: right });

/** SUM = A + B and DIFF = A - B, then twice A = SUM + DIFF and twice B = SUM - DIFF. Steps are listed last first. */
export const doublingSteps: readonly TestStep[] = [
  { model: 'simple', in: pair('SUM', 'DIFF'), out: { OUTPUT0: 'TWICE_A', OUTPUT1: 'TWICE_B' } },
  { model: 'simple', in: pair('A', 'B'), out: { OUTPUT0: 'SUM', OUTPUT1: 'DIFF' } },
];

export const doubling = {
  inputs: { A: undefined, B: undefined },
  outputs: { TWICE_A: undefined, TWICE_B: undefined },
  steps: doublingSteps,
};

/** The files of an ensemble: a version folder needs nothing in it. */
export const ensembleFiles = (name: string, config: string) => ({
  [`${name}/config.pbtxt`]: config,
  [`${name}/1/empty`]: '',
});
