import { readFileSync } from 'node:fs';
import { formatReplay, replayTrialLine } from '../../../reports/replay.js';
import type { Goal } from '../../../searcher/goal/goal.js';
import { readGrid } from '../../../searcher/replay/read-grid.js';
import { replay } from '../../../searcher/replay/replay.js';
import { type StrategyName, strategies } from '../../../searcher/strategies/strategies.js';
import { messageOf, PerfError } from '../../core/perf-error.js';
import type { CommandContext } from '../command-context.js';
import { type ExitCode, exitCodes } from '../exit-codes.js';
import { readCheckpoint } from '../model-analyzer/read-checkpoint.js';
import { checkWritable, writeOutput } from '../write-output.js';

export interface ReplayCommand {
  readonly file: string;
  readonly modelName: string | undefined;
  readonly goal: Goal;
  readonly strategy: StrategyName;
  readonly seed: number;
  /** `undefined`: as many as the strategy takes by itself. */
  readonly maxMeasurements: number | undefined;
  readonly json: string | undefined;
  readonly isVerbose: boolean;
}

/**
 * Searches a file of recorded measurements. Resolves with the exit code: a choice that breaks a limit fails the gate.
 *
 * @throws PerfError when the file cannot be read or a file cannot be written
 */
export async function runReplay(command: ReplayCommand, { progress, print }: CommandContext): Promise<ExitCode> {
  const { file, goal, seed, json } = command;
  if (json !== undefined) checkWritable('--json', json);
  const read = file.endsWith('.ckpt') ? readCheckpoint : readGrid;
  const rows = read(file, readText(file), command.modelName);
  const strategy = strategies[command.strategy];
  const result = await replay(rows, {
    strategy,
    goal,
    seed,
    maxMeasurements: command.maxMeasurements ?? strategy.maxMeasurements,
    onTrial: (trial) => {
      if (command.isVerbose) progress.say(replayTrialLine(trial));
    },
  }).finally(() => progress.close());
  if (json !== undefined) writeOutput('--json', json, `${JSON.stringify(result, null, 2)}\n`);
  print(formatReplay(result, goal.objectives.map(({ metric }) => metric.tag).join(', ')));
  if (result.choice === null) return exitCodes.noValidRequest;
  return result.feasible ? exitCodes.done : exitCodes.gateFailed;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new PerfError('file', `Cannot read --replay ${file}: ${messageOf(cause)}`, { cause });
  }
}
