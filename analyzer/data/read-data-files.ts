import { readFileSync } from 'node:fs';
import { messageOf, PerfError } from '../../src/core/perf-error.js';
import { parseExactJson } from '../../src/protocol/exact-json.js';
import { isJsonObject, type JsonObject, shown } from '../../src/protocol/json.js';
import { tensorFromJson } from './json-tensor-value.js';
import type { ModelSignature, TensorSpec } from './model-signature.js';
import type { Step, StepTensor } from './step.js';

export interface DataFileOptions {
  readonly signature: ModelSignature;
  /** Shapes of `--shape` by input. */
  readonly flagDims: ReadonlyMap<string, readonly number[]>;
  /** Inputs that `--input` makes, which a data file must not give. */
  readonly generated: ReadonlySet<string>;
  /** Tensors of other models, which are left out. */
  readonly foreign: ReadonlySet<string>;
}

/**
 * All steps of all streams of JSON data files, in their order. In a file `data` is a list of steps, or a list of streams
 * that are lists of steps; `validation_data`, when it is there, has the same form.
 *
 * @throws PerfError `file` that names file, stream, step and tensor
 */
export function readDataFiles(paths: readonly string[], options: DataFileOptions): Step[] {
  const forms = new Map<boolean, string>();
  let streams = 0;
  return paths.flatMap((path) => {
    const file = readFile(path);
    const data = streamsOf(file, 'data', path);
    forms.set(data.areStreams, path);
    if (forms.size > 1) {
      throw badFile(path, `steps or streams in all files, as in ${forms.get(!data.areStreams)}`, 'the other form');
    }
    const validation = file['validation_data'] === undefined ? undefined : streamsOf(file, 'validation_data', path);
    if (validation !== undefined) checkSameForm(validation, data, path);
    const before = streams;
    // Steps that are in no stream are of one, through all files.
    streams += data.areStreams ? data.streams.length : 0;
    return data.streams.flatMap((steps, stream) =>
      steps.map((entry, step) =>
        stepFrom(entry, validation?.streams[stream]?.[step], {
          ...options,
          label: `${path}, stream ${stream}, step ${step}`,
          stream: before + stream,
        }),
      ),
    );
  });
}

function badFile(path: string, expected: string, got: string): PerfError {
  return new PerfError('file', `Cannot use --input-data ${path}: expected ${expected}, got ${got}`);
}

function readFile(path: string): JsonObject {
  let file: unknown;
  try {
    file = parseExactJson(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new PerfError('file', `Cannot read --input-data ${path}: expected JSON, got ${messageOf(cause)}`, { cause });
  }
  if (!isJsonObject(file)) throw badFile(path, 'an object with the member "data"', shown(file));
  const unknown = Object.keys(file).find((key) => key !== 'data' && key !== 'validation_data');
  if (unknown !== undefined) throw badFile(path, 'no members but "data" and "validation_data"', shown(unknown));
  return file;
}

interface Streams {
  readonly areStreams: boolean;
  readonly streams: readonly (readonly JsonObject[])[];
}

function streamsOf(file: JsonObject, key: 'data' | 'validation_data', path: string): Streams {
  const list = file[key];
  const expected = `"${key}" to be a list of objects (steps), or a list of such lists (streams)`;
  if (!Array.isArray(list) || list.length === 0) throw badFile(path, expected, shown(list));
  const areStreams = Array.isArray(list[0]);
  const streams: unknown[][] = areStreams ? list : [list];
  const isWhole = streams.every((steps) => Array.isArray(steps) && steps.length > 0 && steps.every(isJsonObject));
  if (!isWhole) throw badFile(path, expected, 'a mixture, or an empty list');
  return { areStreams, streams: streams as JsonObject[][] };
}

function checkSameForm(validation: Streams, data: Streams, path: string): void {
  const formOf = ({ streams }: Streams): string => streams.map(({ length }) => length).join(', ');
  if (formOf(validation) === formOf(data)) return;
  throw badFile(
    path,
    `"validation_data" with as many steps as "data" (by stream: ${formOf(data)})`,
    `${formOf(validation)}`,
  );
}

interface StepOptions extends DataFileOptions {
  readonly label: string;
  readonly stream: number;
}

function stepFrom(entry: JsonObject, validation: JsonObject | undefined, options: StepOptions): Step {
  const { signature, label, stream, generated } = options;
  const inputs = tensorsFrom(entry, signature.inputs, { ...options, role: 'input' });
  for (const { name, isOptional } of signature.inputs) {
    if (inputs.has(name) || isOptional || generated.has(name)) continue;
    throw new PerfError('file', `Cannot use ${label}: expected data for input '${name}', got none`);
  }
  const expected = tensorsFrom(validation ?? {}, signature.outputs, { ...options, role: 'output' });
  return { label, stream, inputs, expected };
}

/** Members of a step that are no tensors: what perf_analyzer tolerates, and the time of --fixed-schedule. */
const stepFields: ReadonlySet<string> = new Set(['model', 'timestamp']);

function tensorsFrom(
  entry: JsonObject,
  specs: readonly TensorSpec[],
  { label, role, signature, flagDims, generated, foreign }: StepOptions & { readonly role: 'input' | 'output' },
): Map<string, StepTensor> {
  const tensors = new Map<string, StepTensor>();
  const isLeftOut = (name: string): boolean => foreign.has(name) || (role === 'input' && stepFields.has(name));
  for (const [name, value] of Object.entries(entry)) {
    const spec = specs.find((known) => known.name === name);
    if (spec === undefined) {
      if (isLeftOut(name)) continue;
      const names = specs.map((known) => known.name).join(', ');
      throw new PerfError(
        'file',
        `Cannot use ${label}: expected ${role}s of model '${signature.modelName}' (${names}), got '${name}'`,
      );
    }
    if (role === 'input' && generated.has(name)) {
      throw new PerfError('usage', `Cannot use ${label}: expected input '${name}' here or with --input, got both`);
    }
    const where = `${label}, ${role} '${name}'`;
    const flag = role === 'input' ? flagDims.get(name) : undefined;
    tensors.set(name, tensorFromJson(value, spec, { where, flagDims: flag }));
  }
  return tensors;
}
