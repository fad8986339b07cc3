import type { LevelView } from '../../../analyzer/measure/level-view.js';
import { loadName } from '../../core/load-name.js';
import type { Level } from '../../core/run.js';
import type { RunSettings } from '../../core/run-settings.js';
import type { LevelPlan, Progress, SearchView } from './progress.js';

/** What happens in a run, for programs. */
export type ProgressEvent =
  | { readonly event: 'message'; readonly text: string }
  | { readonly event: 'step'; readonly what: string; readonly fraction?: number }
  | ({ readonly event: 'level-start'; readonly name: string; readonly model: string } & Pick<
      RunSettings,
      'batchSize' | 'protocol'
    >)
  /** A level as it is; once a second. */
  | ({ readonly event: 'level'; readonly name: string } & LevelView)
  | ({ readonly event: 'level-done' } & Pick<Level, 'load' | 'stability' | 'isOverLimit' | 'verdict' | 'summary'>)
  | ({ readonly event: 'search' } & SearchView)
  | { readonly event: 'end' };

const everyMs = 1000;

/** Tells everything as events. */
export function eventProgress(tell: (event: ProgressEvent) => void): Progress {
  let timer: NodeJS.Timeout | undefined;
  const stop = (): void => {
    clearInterval(timer);
    timer = undefined;
  };
  const startLevel = (view: () => LevelView, { settings }: LevelPlan): void => {
    stop();
    const { modelName: model, batchSize, protocol } = settings;
    tell({ event: 'level-start', name: loadName(view().load), model, batchSize, protocol });
    const tellView = (): void => {
      const seen = view();
      tell({ event: 'level', name: loadName(seen.load), ...seen });
    };
    timer = setInterval(tellView, everyMs);
    timer.unref();
  };
  const endLevel = ({ load, stability, isOverLimit, verdict, summary }: Level): void => {
    stop();
    tell({ event: 'level-done', load, stability, isOverLimit, verdict, summary });
  };
  return {
    say: (text) => tell({ event: 'message', text }),
    show: (what, fraction) => tell({ event: 'step', what, ...(fraction === undefined ? {} : { fraction }) }),
    startRun: () => undefined,
    startLevel,
    endLevel,
    search: (view) => tell({ event: 'search', ...view }),
    trial: { startLevel, endLevel },
    close: () => {
      stop();
      tell({ event: 'end' });
    },
  };
}
