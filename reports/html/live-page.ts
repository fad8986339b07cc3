import { html } from './html.js';
import { formatPage } from './page.js';

/**
 * A page that shows a run while it goes on: what happens comes from `events` (server-sent), and the report of the levels that are
 * done from `report`, both of the server that it came from.
 */
export function formatLivePage(tool: string): string {
  return formatPage({
    title: 'A run that goes on',
    isLive: true,
    footer: `${tool}. The page asks nobody but the run.`,
    body: html`<main>
<h1 id="status">Waiting for the run</h1>
<p class="sub" id="step"></p>
<noscript><p>This page needs its script: the figures come while the run goes on.</p></noscript>
<div class="charts">
<figure><figcaption>Answers per second</figcaption><svg id="rates" viewBox="0 0 600 160" role="img" aria-label="answers per second"></svg></figure>
<figure><figcaption id="span">Latency</figcaption><svg id="bins" viewBox="0 0 600 160" role="img" aria-label="distribution of latency"></svg></figure>
</div>
<table><tbody>
<tr><th>throughput (infer/s)</th><td id="throughput">–</td><th>answered</th><td id="answered">–</td><th>failed</th><td id="failed">–</td></tr>
<tr><th>p50 (ms)</th><td id="p50">–</td><th>p95 (ms)</th><td id="p95">–</td><th>p99 (ms)</th><td id="p99">–</td></tr>
<tr><th>queue (ms)</th><td id="queue">–</td><th>compute (ms)</th><td id="compute">–</td><th>rest of the server (ms)</th><td id="rest">–</td></tr>
</tbody></table>
<p id="best"></p>
<pre id="messages"></pre>
</main>
<iframe id="report" title="The report of the levels that are done" hidden></iframe>`,
  });
}
