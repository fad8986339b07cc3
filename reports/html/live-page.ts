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
<p class="sub" id="subject"></p>
<h1 id="status">Waiting for the run</h1>
<p class="sub" id="step"></p>
<noscript><p>This page needs its script: the figures come while the run goes on.</p></noscript>
<div class="charts">
<figure><figcaption id="speed">Answers per second</figcaption><svg id="rates" viewBox="0 0 600 160" role="img" aria-label="answers per second"></svg></figure>
<figure><figcaption id="span">Latency</figcaption><svg id="bins" viewBox="0 0 600 160" role="img" aria-label="distribution of latency"></svg></figure>
</div>
<dl class="tiles">
${figures.map(([id, title]) => html`<div><dt>${title}</dt><dd id="${id}">–</dd></div>\n`)}</dl>
<p id="best"></p>
<pre id="messages"></pre>
</main>
<iframe id="report" title="The report of the levels that are done" hidden></iframe>`,
  });
}

/** What is told of a level that goes on, by the names that the script knows. */
const figures = [
  ['throughput', 'throughput (infer/s)'],
  ['answered', 'answered'],
  ['failed', 'failed'],
  ['p50', 'p50 (ms)'],
  ['p95', 'p95 (ms)'],
  ['p99', 'p99 (ms)'],
  ['queue', 'queue (ms)'],
  ['compute', 'compute (ms)'],
  ['rest', 'rest of the server (ms)'],
] as const;
