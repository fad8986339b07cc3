import { BarChart, CustomChart, LineChart, ScatterChart } from 'echarts/charts';
import { GridComponent, LegendComponent, MarkAreaComponent } from 'echarts/components';
import { type EChartsCoreOption, init, setPlatformAPI, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { xmlText } from '../xml-text.js';

use([BarChart, CustomChart, LineChart, ScatterChart, GridComponent, LegendComponent, MarkAreaComponent, SVGRenderer]);

// Nobody measures text where there is no screen: wide enough for the usual fonts, so that nothing overlaps.
setPlatformAPI({
  measureText: (text, font) => ({ width: text.length * 0.6 * Number(/(\d+)px/.exec(font ?? '')?.[1] ?? 12) }),
});

/** What a point of a chart stands for. */
export interface ChartPoint {
  /** The level that it belongs to, by its number in the run. */
  readonly level: number;
  readonly x: number;
  readonly y: number;
  /** In full: what it is, with units. */
  readonly label: string;
}

export interface ChartSize {
  readonly width: number;
  readonly height: number;
}

export interface Chart {
  /** Unique in a page. */
  readonly name: string;
  readonly title: string;
  readonly caption: string;
  /** What a reader without eyes is told instead. */
  readonly description: string;
  readonly isFullWidth?: boolean;
  /** Of a chart with a row for each of its points. */
  readonly height?: number;
  readonly option: (size: ChartSize) => EChartsCoreOption;
  /** By series and place in its data, those that can be looked at one by one. */
  readonly pointAt: (series: number, index: number) => ChartPoint | undefined;
}

/** The chart as SVG that needs neither script nor style of its own; colours are variables of the page. */
export function renderChart(chart: Chart, size: ChartSize): string {
  const instance = init(null, null, { renderer: 'svg', ssr: true, ...size });
  try {
    instance.setOption({ animation: false, ...chart.option(size) });
    return plainSvg(instance.renderToSVGString(), chart, size);
  } finally {
    instance.dispose();
  }
}

/**
 * Leaves out what a strict policy forbids or what differs from one rendering to the next: style elements and attributes, names
 * that count up. Points that can be looked at get a label and a place in the tab order.
 */
function plainSvg(svg: string, chart: Chart, { width }: ChartSize): string {
  const prefix = `${chart.name}-${width}`;
  return svg
    .replace(/<style[\s\S]*?<\/style>/g, '')
    .replace(/ class="zr\d+-cls-\d+"/g, '')
    .replace(/zr\d+-/g, `${prefix}-`)
    .replace(/ ecmeta_series_index="(\d+)" ecmeta_data_index="(\d+)" ecmeta_ssr_type="chart"/g, (_, series, index) =>
      pointAttributes(chart.pointAt(Number(series), Number(index))),
    )
    .replace(/ ecmeta_[a-z_]+="[^"]*"/g, '')
    .replace(/ style="([^"]*)"/g, (_, style: string) => presentation(style))
    .replace(/<svg [^>]*?viewBox="([^"]*)"[^>]*>/, (_, box: string) => {
      const label = xmlText(`${chart.title}. ${chart.description}`);
      return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${box}" role="group" aria-label="${label}">`;
    });
}

function pointAttributes(point: ChartPoint | undefined): string {
  if (point === undefined) return '';
  const { level, x, y, label } = point;
  return ` class="point" tabindex="0" role="img" data-level="${level}" data-x="${x}" data-y="${y}" aria-label="${xmlText(label)}"`;
}

/** `a:b;` as the attribute `a="b"`, which SVG knows for fonts. */
const presentation = (style: string): string =>
  style
    .split(';')
    .flatMap((declaration) => {
      const [name, value] = declaration.split(':');
      return name?.startsWith('font') && value !== undefined ? [` ${name.trim()}="${value.trim()}"`] : [];
    })
    .join('');
