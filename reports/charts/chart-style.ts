import type { ChartSize } from './render-chart.js';

/** The colours of a page, light or dark (`reports/html/assets/page.css`). */
export const colours = [
  'var(--c1)',
  'var(--c2)',
  'var(--c3)',
  'var(--c4)',
  'var(--c5)',
  'var(--c6)',
  'var(--c7)',
  'var(--c8)',
];

export const muted = 'var(--muted)';
export const paper = 'var(--paper)';
export const line = 'var(--line)';

/** A chart for a small screen has fewer labels. */
export const isNarrow = ({ width }: ChartSize): boolean => width < 500;

export const grid = {
  left: 14,
  right: 22,
  top: 52,
  bottom: 34,
  outerBoundsMode: 'same',
  outerBoundsContain: 'axisLabel',
} as const;

export const legend = (names?: readonly string[]) => ({
  top: 6,
  left: 0,
  itemWidth: 14,
  itemHeight: 9,
  itemGap: 12,
  textStyle: { color: muted, fontSize: 12 },
  inactiveColor: muted,
  ...(names === undefined ? {} : { data: names }),
});

/** How far down a chart begins that has a legend of these names over it. */
export function legendBottom(names: readonly string[], { width }: ChartSize): number {
  let [rows, left] = [1, width];
  for (const name of names) {
    const own = 14 + 5 + 0.6 * 12 * name.length;
    if (left < own) {
      rows++;
      left = width;
    }
    left -= own + 12;
  }
  return grid.top + (rows - 1) * 22;
}

interface AxisOptions {
  readonly name: string;
  readonly kind?: 'value' | 'log' | 'category';
  readonly data?: readonly string[];
  readonly min?: number;
  readonly max?: number;
  readonly label?: (value: number) => string;
  readonly interval?: number;
  /** Where labels and lines are, if not where the axis would choose. */
  readonly ticks?: readonly number[];
}

const axis = ({ name, kind = 'value', data, min, max, label, interval, ticks }: AxisOptions) => ({
  type: kind,
  name,
  nameLocation: 'middle',
  nameTextStyle: { color: muted, fontSize: 12 },
  axisLine: { lineStyle: { color: line } },
  axisTick: { lineStyle: { color: line }, ...customValues(ticks) },
  splitLine: { lineStyle: { color: line, opacity: 0.6 } },
  axisLabel: {
    color: muted,
    fontSize: 12,
    hideOverlap: true,
    // An end that the data sets is an odd number.
    ...(max === undefined || ticks !== undefined ? {} : { showMaxLabel: false, showMinLabel: min === 0 }),
    ...customValues(ticks),
    ...(label === undefined ? {} : { formatter: label }),
  },
  ...(data === undefined ? {} : { data }),
  ...(min === undefined ? {} : { min }),
  ...(max === undefined ? {} : { max }),
  ...(interval === undefined ? {} : { interval }),
});

const customValues = (ticks: readonly number[] | undefined) => (ticks === undefined ? {} : { customValues: ticks });

export const xAxis = (options: AxisOptions) => ({ ...axis(options), nameGap: 28, splitLine: { show: false } });

/** Its name lies over it, where it needs no room at the side. */
export const yAxis = (options: AxisOptions) => ({
  ...axis(options),
  nameLocation: 'end',
  nameGap: 8,
  nameTextStyle: { color: muted, fontSize: 12, align: 'left', padding: [0, 0, 0, -8] },
});

/** Four digits, as the tables have them. */
export const short = (value: number): string => String(Number(value.toPrecision(4)));
