import type { Variant, VariantsResult, VariantTiming } from '../../src/core/variants-result.js';
import type { Column } from '../column.js';
import { accuracyText, formatVariants, speedupText, variantColumnsOf, variantRows } from '../variants.js';
import { type Html, html } from './html.js';
import { htmlTable } from './html-table.js';
import { formatPage } from './page.js';

/** What the variants of a model buy, as a page that needs nothing else. */
export function formatVariantsHtml(result: VariantsResult): string {
  const { model, modelPath, startedAt, machine, threads, weightBits, tool, variants } = result;
  const refused = variants.filter(({ refusal }) => refusal !== undefined);
  const notes = variants.flatMap(({ precision, notes: of }) => of.map((note) => html`<li>${precision}: ${note}</li>`));
  const kept = keptRows(variants);
  return formatPage({
    title: `${model}: variants`,
    body: html`<main>
<h1>${model}: which precision is best?</h1>
<p class="sub">${startedAt.replace('T', ' ').replace(/\.\d+Z$/, ' UTC')}, ${machine.cpuModel}, ${threads === 1 ? '1 thread' : `${threads} threads`}, int8 weights of ${weightBits} bits; ${modelPath}</p>
${verdict(variants)}
<p>Judged: ${accuracyText(result)}.</p>
${htmlTable({ key: 'variants', title: 'Variants by batch size', columns: variantColumnsOf(result), rows: variantRows(result) }, model)}
${refused.length === 0 ? undefined : html`<h2>Refused</h2>\n<ul>${refused.map(({ precision, refusal }) => html`<li>${precision}: ${refusal}</li>`)}</ul>`}
${notes.length === 0 ? undefined : html`<h2>Notes</h2>\n<ul>${notes}</ul>`}
${kept.length === 0 ? undefined : htmlTable({ key: 'kept', title: 'What stays as it was', columns: keptColumns, rows: kept }, model)}
<details><summary>The report as text</summary><pre>${formatVariants(result)}</pre></details>
</main>`,
    footer: `${tool.name} ${tool.version}. Everything is in this file; it loads nothing.`,
  });
}

/** The largest speed-up that is sure, at any batch size. */
function verdict(variants: readonly Variant[]): Html {
  const sure = variants.flatMap(({ precision, timings }) =>
    timings.flatMap((timing) => ((timing.speedup?.low ?? 0) > 1 ? [{ precision, timing }] : [])),
  );
  const speedup = ({ timing }: { readonly timing: VariantTiming }): number => timing.speedup?.value ?? 0;
  const [best] = sure.toSorted((left, right) => speedup(right) - speedup(left));
  if (best === undefined) {
    return html`<section class="verdict suspect" aria-label="Verdict"><strong>No variant that passes is surely faster</strong></section>`;
  }
  const { precision, timing } = best;
  return html`<section class="verdict valid" aria-label="Verdict"><strong>${precision} is ${timing.speedup?.value.toFixed(2)} times as fast at batch ${timing.batch}</strong>
<p>Speed-up with its interval of 95 %: ${speedupText(timing)}</p></section>`;
}

interface KeptRow {
  readonly precision: string;
  readonly opType: string;
  readonly reason: string;
  readonly count: number;
}

/** Nodes by variant, operator and reason. */
function keptRows(variants: readonly Variant[]): KeptRow[] {
  const rows = new Map<string, KeptRow>();
  for (const { precision, kept } of variants) {
    for (const { opType, reason } of kept) {
      const key = JSON.stringify([precision, opType, reason]);
      rows.set(key, { precision, opType, reason, count: (rows.get(key)?.count ?? 0) + 1 });
    }
  }
  return [...rows.values()];
}

const keptColumns: readonly Column<KeptRow>[] = [
  {
    key: 'precision',
    title: 'precision',
    name: 'precision',
    unit: '',
    align: 'left',
    value: ({ precision }) => precision,
  },
  { key: 'nodes', title: 'nodes', name: 'nodes', unit: '', digits: 0, value: ({ count }) => count },
  { key: 'operator', title: 'operator', name: 'operator', unit: '', align: 'left', value: ({ opType }) => opType },
  { key: 'reason', title: 'reason', name: 'reason', unit: '', align: 'left', value: ({ reason }) => reason },
];
