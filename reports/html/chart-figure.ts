import { type Chart, renderChart } from '../charts/render-chart.js';
import { type Html, html, trusted } from './html.js';

/** A chart in two sizes, of which the page shows the one that its width has room for. */
export function chartFigure(chart: Chart): Html {
  const wide = chart.isFullWidth
    ? { width: 1160, height: chart.height ?? 420 }
    : { width: 570, height: chart.height ?? 340 };
  return html`<figure class="${chart.isFullWidth ? 'chart full' : 'chart'}" id="chart-${chart.name}">
<h3>${chart.title}</h3>
<div class="wide">${trusted(renderChart(chart, wide))}</div>
<div class="narrow">${trusted(renderChart(chart, { width: 380, height: chart.height ?? 320 }))}</div>
<figcaption>${chart.caption}</figcaption>
</figure>
`;
}
