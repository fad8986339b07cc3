import { createWriteStream, type WriteStream } from 'node:fs';
import type { RecordAnswers } from '../../analyzer/measure/measure-level.js';
import {
  type Answer,
  type AnswerTensors,
  type Epoch,
  experimentHead,
  experimentTail,
  head,
  labelText,
  type RequestLabel,
  requestText,
  tail,
  windowBoundaries,
} from '../../reports/profile-export.js';
import { messageOf, PerfError } from '../core/perf-error.js';
import type { Level } from '../core/run.js';
import { ns } from '../core/units.js';
import type { InputTexts } from './input-texts.js';
import { destinationOf } from './write-output.js';

/** Every request of a run on disk, as it goes: only the last few are in memory. */
export interface ProfileFile extends AsyncDisposable {
  readonly recordAnswers: RecordAnswers;
  /** Of several models or servers: which one each of the prepared requests is for. */
  labelRequests(labelOf: (request: number) => RequestLabel): void;
  /** From now on with tensors: these of a prepared request, and those of its answer. */
  keepTensors(inputsOf: InputTexts): void;
  endLevel(level: Level): void;
  /** What was left out, and why, one sentence each. */
  notes(): string[];
  /**
   * Puts the file in its place. Without this, nothing is left of it.
   *
   * @throws PerfError `file`
   */
  finish(version: string): Promise<void>;
}

const chunkCharacters = 65_536;
const largestBacklog = 64 * 1024 * 1024;

/** @param backlogBytes more than this does not wait for the disk: tensors are left out meanwhile */
export function createProfileFile(file: string, epoch: Epoch, backlogBytes = largestBacklog): ProfileFile {
  const destination = destinationOf(file);
  const stream = createWriteStream(destination.path);
  let failure: unknown;
  stream.on('error', (error) => {
    failure = error;
  });
  let text = head;
  let isFirstLevel = true;
  let isFirstRequest = true;
  let startedAt = ns(0);
  /** The last answer, which may lie behind the last window: only the next one, or the end, can tell. */
  let pending: Answer | undefined;
  let labelOf: (request: number) => string | undefined = () => undefined;
  let inputsOf: InputTexts | undefined;
  let tooLarge = 0;
  let tooFast = 0;
  let isFinished = false;

  const tensorsOf = (request: number, outputs: AnswerTensors['outputs']): AnswerTensors | undefined => {
    if (inputsOf === undefined) return undefined;
    if (stream.writableLength > backlogBytes) {
      tooFast++;
      return { inputs: undefined, outputs: [] };
    }
    const inputs = inputsOf(request);
    if (inputs === undefined || outputs.includes(undefined)) tooLarge++;
    return { inputs, outputs: outputs.slice() };
  };

  const writePending = (): void => {
    if (pending === undefined) return;
    text += requestText(pending, epoch, isFirstRequest);
    isFirstRequest = false;
    if (text.length < chunkCharacters) return;
    stream.write(text);
    text = '';
  };

  return {
    recordAnswers: (load, levelStartedAt) => {
      text += experimentHead(load, isFirstLevel);
      isFirstLevel = false;
      isFirstRequest = true;
      startedAt = levelStartedAt;
      pending = undefined;
      return ({ sentAt, lastAt, request, responseTimes, sequenceId, outputTexts }) => {
        writePending();
        pending = {
          sentAt,
          responseTimes: responseTimes.length > 0 ? responseTimes.slice() : [lastAt],
          sequenceId,
          tensors: tensorsOf(request, outputTexts),
          label: labelOf(request),
        };
      };
    },
    labelRequests: (labels) => {
      const texts = new Map<number, string>();
      labelOf = (request) => {
        const text = texts.get(request) ?? labelText(labels(request));
        texts.set(request, text);
        return text;
      };
    },
    keepTensors: (texts) => {
      inputsOf = texts;
    },
    notes: () => [
      ...(tooLarge === 0
        ? []
        : [`${leftOut(tooLarge)}, which are larger than 1 KiB; --export-tensors all writes them.`]),
      ...(tooFast === 0 ? [] : [`${leftOut(tooFast)}, which came faster than they could be written.`]),
    ],
    endLevel: (level) => {
      const boundaries = windowBoundaries(level, startedAt);
      const end = boundaries.at(-1) ?? startedAt;
      const lastAt = pending?.responseTimes.at(-1);
      if (lastAt !== undefined && lastAt - end < 1) writePending();
      text += experimentTail(boundaries, epoch);
    },
    finish: async (version) => {
      try {
        await ended(stream, text + tail(version));
        if (failure !== undefined) throw failure;
        destination.finish();
        isFinished = true;
      } catch (cause) {
        throw new PerfError('file', `Cannot write --profile-export-file ${file}: ${messageOf(cause)}`, { cause });
      }
    },
    [Symbol.asyncDispose]: async () => {
      if (isFinished) return;
      stream.destroy();
      // A file that is still being opened would lie there after it was discarded.
      if (!destination.isSpecial) await closed(stream);
      destination.discard();
    },
  };
}

const leftOut = (count: number): string => `Note: --profile-export-file leaves out tensors of ${count} requests`;

/** Resolves when everything is on disk, or nothing more will be. */
function ended(stream: WriteStream, last: string): Promise<void> {
  stream.end(last);
  return closed(stream);
}

async function closed(stream: WriteStream): Promise<void> {
  if (!stream.closed) await new Promise<void>((resolve) => stream.once('close', () => resolve()));
}
