import type { RequestedOutput } from '../../../protocol/infer.js';
import { noParameters } from '../../../protocol/infer.js';
import type { EnsembleScheduling, EnsembleStep } from '../../../protocol/model-config.js';
import type { TensorPlan } from '../../config/tensor-plan.js';
import { versionOf } from './composing-models.js';

/** An input or output of a step's model and the ensemble tensor that it is connected to, by index. */
interface Connection {
  readonly name: string;
  readonly tensor: number;
}

export interface PlannedStep {
  readonly modelName: string;
  /** Empty = the latest. */
  readonly modelVersion: string;
  readonly inputs: readonly Connection[];
  readonly outputs: readonly Connection[];
  /** The outputs as the step's request asks for them. */
  readonly requestedOutputs: readonly RequestedOutput[];
  /** The tensors that must be there before the step runs, each once. */
  readonly waitsFor: readonly number[];
}

/** The data flow of an ensemble, prepared once at load. Ensemble tensors are numbered. */
export interface EnsemblePlan {
  readonly steps: readonly PlannedStep[];
  readonly tensorCount: number;
  /** The tensor of each input and output of the ensemble, in the order of its tensor plan. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** For each tensor, the steps that wait for it. */
  readonly readers: readonly (readonly number[])[];
  /** For each tensor, the step that writes it; `undefined` for inputs of the ensemble. */
  readonly writers: readonly (number | undefined)[];
}

/** @param scheduling of a validated configuration */
export function planEnsemble(scheduling: EnsembleScheduling, plan: TensorPlan): EnsemblePlan {
  const indexes = new Map<string, number>();
  const indexOf = (name: string): number => {
    const known = indexes.get(name) ?? indexes.size;
    indexes.set(name, known);
    return known;
  };
  const inputs = plan.inputs.map(({ name }) => indexOf(name));
  const outputs = plan.outputs.map(({ name }) => indexOf(name));
  const steps = scheduling.step.map((step) => planStep(step, indexOf));
  const tensors = Array.from({ length: indexes.size }, (_, tensor) => tensor);
  const stepIndexes = (isMeant: (step: PlannedStep) => boolean) =>
    steps.flatMap((step, index) => (isMeant(step) ? [index] : []));
  return {
    steps,
    tensorCount: indexes.size,
    inputs,
    outputs,
    readers: tensors.map((tensor) => stepIndexes(({ waitsFor }) => waitsFor.includes(tensor))),
    writers: tensors.map((tensor) => stepIndexes(({ outputs: own }) => own.some((each) => each.tensor === tensor))[0]),
  };
}

function planStep(step: EnsembleStep, indexOf: (tensor: string) => number): PlannedStep {
  const connect = (map: Readonly<Record<string, string>>) =>
    Object.entries(map).map(([name, tensor]) => ({ name, tensor: indexOf(tensor) }));
  const inputs = connect(step.input_map);
  const outputs = connect(step.output_map);
  return {
    modelName: step.model_name,
    modelVersion: versionOf(step),
    inputs,
    outputs,
    requestedOutputs: outputs.map(({ name }) => ({ name, parameters: noParameters })),
    waitsFor: [...new Set(inputs.map(({ tensor }) => tensor))],
  };
}

/** Which steps must run for these tensors to exist; by index. */
export function stepsFor(wanted: readonly number[], { steps, writers }: EnsemblePlan): ReadonlySet<number> {
  const needed = new Set<number>();
  const open = [...wanted];
  for (let tensor = open.pop(); tensor !== undefined; tensor = open.pop()) {
    const writer = writers[tensor];
    if (writer === undefined || needed.has(writer)) continue;
    needed.add(writer);
    open.push(...(steps[writer]?.waitsFor ?? []));
  }
  return needed;
}
