import { levelValue, loadName } from '../../src/core/load-name.js';
import type { Level, Pause } from '../../src/core/run.js';
import { colours, line, muted, short } from './chart-style.js';
import type { PlacedWindow } from './measured-windows.js';
import type { ChartPoint } from './render-chart.js';

/** A pause of the client for garbage collection, on the axis of the windows. */
export interface PlacedPause {
  readonly level: Level;
  readonly levelIndex: number;
  readonly pause: Pause;
  readonly atSeconds: number;
}

/** Those in the windows. */
export function placePauses(windows: readonly PlacedWindow[]): PlacedPause[] {
  const firsts = windows.filter(({ levelIndex }, index) => windows[index - 1]?.levelIndex !== levelIndex);
  return firsts.flatMap(({ level, levelIndex, startSeconds, window }) => {
    const from = startSeconds - window.startMs / 1000;
    const last = level.windows.at(-1);
    const endMs = last === undefined ? 0 : last.startMs + last.durationMs;
    return (level.clientHealth.gc.pauses ?? [])
      .filter(({ atMs }) => atMs <= endMs)
      .map((pause) => ({ level, levelIndex, pause, atSeconds: from + pause.atMs / 1000 }));
  });
}

/** Shades what is in no figure, since it had not settled. */
export const unsettledArea = (windows: readonly PlacedWindow[]) => ({
  silent: true,
  itemStyle: { color: muted, opacity: 0.13 },
  data: unsettled(windows).map(([from, to]) => [{ xAxis: from }, { xAxis: to }]),
});

/** Stretches of windows that are not summarised. */
function unsettled(windows: readonly PlacedWindow[]): [number, number][] {
  const stretches: [number, number][] = [];
  for (const { isSummarised, startSeconds, endSeconds } of windows) {
    if (isSummarised) continue;
    const last = stretches.at(-1);
    if (last !== undefined && Math.abs(last[1] - startSeconds) < 1e-6) last[1] = endSeconds;
    else stretches.push([startSeconds, endSeconds]);
  }
  return stretches;
}

interface RenderApi {
  coord(point: readonly [number, number]): readonly [number, number];
}

interface Drawn {
  readonly dataIndex: number;
  readonly coordSys: { readonly y: number; readonly height: number };
}

/** So many pixels between two levels leave room for a number. */
const roomForNumber = 20;

/** Lines where levels begin, with the number of each where there is room for it. */
export function levelSeries(windows: readonly PlacedWindow[], y: number) {
  const starts = windows.filter(({ levelIndex }, index) => windows[index - 1]?.levelIndex !== levelIndex);
  return {
    type: 'custom',
    silent: true,
    z: 0,
    encode: { x: 0, y: 1 },
    data: starts.length < 2 ? [] : starts.map(({ startSeconds }) => [startSeconds, y]),
    renderItem: ({ dataIndex, coordSys: { y: top, height } }: Drawn, api: RenderApi) => {
      const at = (index: number): number =>
        api.coord([starts[index]?.startSeconds ?? windows.at(-1)?.endSeconds ?? 0, y])[0];
      const x = at(dataIndex);
      const level = starts[dataIndex]?.level;
      const hasRoom = at(dataIndex + 1) - x >= roomForNumber;
      const number = level === undefined ? '' : String(Number(levelValue(level.load).toPrecision(4)));
      return {
        type: 'group',
        children: [
          { type: 'line', shape: { x1: x, y1: top, x2: x, y2: top + height }, style: { stroke: line, lineWidth: 1 } },
          ...(hasRoom
            ? [{ type: 'text', x: x + 3, y: top + 2, style: { text: number, fill: muted, fontSize: 11 } }]
            : []),
        ],
      };
    },
  };
}

export const pauseName = 'GC pauses of the client';

/** @param y at which all of them stand: the bottom of the chart */
export const pauseSeries = (pauses: readonly PlacedPause[], y: number) => ({
  type: 'scatter',
  name: pauseName,
  color: colours[3],
  symbol: 'rect',
  symbolSize: [3, 14],
  symbolOffset: [0, -7],
  data: pauses.map(({ atSeconds }) => [atSeconds, y]),
  emphasis: { disabled: true },
});

export const pausePoint = (placed: PlacedPause | undefined, y: number): ChartPoint | undefined =>
  placed && { level: placed.levelIndex, x: placed.atSeconds, y, label: pauseText(placed) };

const pauseText = ({ level, pause }: PlacedPause): string =>
  `${loadName(level.load)}: the client paused for ${short(pause.durationMs)} ms to collect garbage`;
