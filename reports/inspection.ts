import type {
  Batching,
  InspectedOperation,
  InspectedRun,
  InspectedTensor,
  Inspection,
} from '../src/core/inspection.js';
import { formatTable, type TextColumn } from './table.js';

/** What is known of a model, for a person. */
export function formatInspection(inspection: Inspection): string {
  const { operations, run, inputs, outputs, batching, config } = inspection;
  const sections = [
    factLines(inspection).join('\n'),
    `Inputs\n${formatTable(tensorColumns, inputs)}`,
    `Outputs\n${formatTable(tensorColumns, outputs)}`,
    `Operations${runText(run)}\n${formatTable(operationColumns(run), operations)}`,
    ...(run.kind === 'run' && run.uncounted.length > 0
      ? [`! Not counted in the MACs: ${run.uncounted.join(', ')}.`]
      : []),
    ['Batching', ...batchingLines(batching)].join('\n'),
    config === undefined
      ? '! No config.pbtxt: servers of the v2 protocol do not take all of its inputs and outputs.'
      : `Suggested config.pbtxt\n${config.trimEnd()}`,
  ];
  return `${sections.join('\n\n')}\n`;
}

function factLines(inspection: Inspection): string[] {
  const { file, sizeBytes, producer, irVersion, opsets, parameters, parameterBytes, externalFiles, run } = inspection;
  const opset = Object.entries(opsets).map(([domain, version]) => `${domain} ${version}`);
  return [
    file,
    `  size        ${megabytes(sizeBytes)}${externalFiles.length === 0 ? '' : `, and constants in ${externalFiles.join(', ')}`}`,
    `  opset       ${opset.join(', ') || 'none'}, IR version ${irVersion ?? 'unknown'}${producer === undefined ? '' : `, made by ${producer}`}`,
    `  parameters  ${millions(parameters)} in ${megabytes(parameterBytes)}`,
    ...(run.kind === 'run' ? [`  compute     ${millions(run.macs)}MACs = ${millions(2 * run.macs)}FLOPs a run`] : []),
  ];
}

/** Decimal: millions of bytes. */
const megabytes = (bytes: number): string => (bytes < 1e5 ? `${bytes} bytes` : `${(bytes / 1e6).toFixed(1)} MB`);

/** With a prefix of SI behind it, so that a unit may follow. */
function millions(count: number): string {
  if (count >= 1e9) return `${(count / 1e9).toFixed(2)} G`;
  if (count >= 1e6) return `${(count / 1e6).toFixed(2)} M`;
  return `${count} `;
}

const tensorColumns: readonly TextColumn<InspectedTensor>[] = [
  { title: 'name', value: ({ name }) => name, align: 'left' },
  { title: 'type', value: ({ datatype }) => datatype, align: 'left' },
  { title: 'shape', value: ({ shape }) => (shape === undefined ? 'open' : `[${shape.join(', ')}]`), align: 'left' },
];

function operationColumns(run: InspectedRun): readonly TextColumn<InspectedOperation>[] {
  const total = run.kind === 'run' ? run.macs : 0;
  return [
    { title: 'operation', value: ({ operation }) => operation, align: 'left' },
    { title: 'nodes', value: ({ nodes }) => nodes },
    { title: 'parameters', value: ({ parameters }) => parameters },
    { title: 'outputs (elements)', value: ({ outputElements }) => outputElements },
    { title: 'MMACs', value: ({ macs }) => (macs === undefined ? undefined : macs / 1e6), digits: 2 },
    {
      title: 'share',
      value: ({ macs }) => (macs === undefined || total === 0 ? undefined : `${((100 * macs) / total).toFixed(1)} %`),
    },
  ];
}

function runText(run: InspectedRun): string {
  switch (run.kind) {
    case 'run':
      return ` of a run with ${Object.entries(run.shapes)
        .map(([name, dims]) => `${name} [${dims.join(', ')}]`)
        .join(', ')}`;
    case 'needs-shapes':
      return `: outputs and MACs need ${run.inputs.map((name) => `--shape ${name}:...`).join(' ')}`;
    case 'failed':
      return `: outputs and MACs are not known, ${run.reason}`;
  }
}

function batchingLines(batching: Batching): string[] {
  switch (batching.kind) {
    case 'proven': {
      const { isDynamic, rows, largestDifference, remarks } = batching;
      const what = isDynamic
        ? 'yes, the batch dimension is dynamic'
        : 'not as it is, the batch dimension is fixed; --batchable OUT.onnx makes it dynamic';
      const difference =
        largestDifference === 0 ? 'exactly' : `within ${largestDifference.toExponential(1)} of the largest value`;
      return [
        `  ${what}`,
        `  checked: ${rows} rows in one run give what ${rows} single runs give, ${difference}`,
        ...remarks.map((remark) => `  ! ${remark}`),
      ];
    }
    case 'blocked':
      return ['  no', ...batching.reasons.map((reason) => `  ! ${reason}`)];
    case 'not-checked':
      return [
        `  ${batching.isDynamic ? 'the first dimensions are dynamic' : 'not as it is, the first dimensions are not all dynamic'}`,
        `  ! not checked: ${batching.reason}`,
      ];
  }
}
