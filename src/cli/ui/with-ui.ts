import type { CommandContext } from '../command-context.js';
import type { Progress } from '../progress/progress.js';
import { serveUi } from './serve-ui.js';

/**
 * Runs a command whose progress is told to a page too. Resolves with what the command does.
 *
 * @param port absent: without a page
 */
export async function withUi<Result>(
  port: number | undefined,
  context: CommandContext,
  run: (context: CommandContext) => Promise<Result>,
): Promise<Result> {
  if (port === undefined) return run(context);
  await using ui = await serveUi(port);
  context.progress.say(`Live page: ${ui.url}`);
  return await run({ ...context, progress: both(context.progress, ui.progress) });
}

function both(one: Progress, other: Progress): Progress {
  return {
    say: (line) => {
      one.say(line);
      other.say(line);
    },
    show: (what, fraction) => {
      one.show(what, fraction);
      other.show(what, fraction);
    },
    startRun: (runOf) => {
      one.startRun(runOf);
      other.startRun(runOf);
    },
    startLevel: (view, plan) => {
      one.startLevel(view, plan);
      other.startLevel(view, plan);
    },
    endLevel: (level) => {
      one.endLevel(level);
      other.endLevel(level);
    },
    search: (view) => {
      one.search(view);
      other.search(view);
    },
    trial: {
      startLevel: (view, plan) => {
        one.trial.startLevel(view, plan);
        other.trial.startLevel(view, plan);
      },
      endLevel: (level) => {
        one.trial.endLevel(level);
        other.trial.endLevel(level);
      },
    },
    close: () => {
      one.close();
      other.close();
    },
  };
}
