// Fills the page of a run while it goes on.

const byId = (id) => document.getElementById(id);
const show = (id, text) => {
  byId(id).textContent = text;
};
const digits = (value) => (value === undefined ? '–' : Number(value.toPrecision(4)).toString());

const rates = [];
const keptRates = 120;
let last;
let isSearch = false;
let isOver = false;

function bars(svg, values, slots = values.length) {
  const largest = Math.max(1e-9, ...values);
  const width = 600 / Math.max(1, slots);
  svg.replaceChildren(
    ...values.map((value, index) => {
      const bar = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
      const height = (156 * value) / largest;
      bar.setAttribute('x', String(index * width));
      bar.setAttribute('y', String(160 - height));
      bar.setAttribute('width', String(Math.max(0.5, width - 1)));
      bar.setAttribute('height', String(height));
      bar.setAttribute('fill', 'currentColor');
      return bar;
    }),
  );
}

function noteRate({ name, answeredRequests, elapsedMs }) {
  if (last?.name === name && elapsedMs > last.elapsedMs) {
    rates.push((1000 * (answeredRequests - last.answeredRequests)) / (elapsedMs - last.elapsedMs));
    if (rates.length > keptRates) rates.shift();
  }
  last = { name, answeredRequests, elapsedMs };
}

function showLevel(level) {
  noteRate(level);
  if (!isSearch) show('step', '');
  const { name, window, maxTrials, throughput, answeredRequests, failedRequests, latency, server } = level;
  show('status', `${name}, window ${window} of at most ${maxTrials}`);
  show('throughput', digits(throughput));
  show('answered', String(answeredRequests));
  show('failed', String(failedRequests));
  for (const percent of ['50', '95', '99']) show(`p${percent}`, digits(latency?.percentilesMs[percent]));
  if (latency !== undefined) {
    show('span', `Latency, from ${digits(latency.minMs)} to ${digits(latency.maxMs)} ms, logarithmic`);
    bars(byId('bins'), latency.bins);
  }
  if (rates.length > 0) show('speed', `Answers per second, up to ${digits(Math.max(...rates))}`);
  bars(byId('rates'), rates, keptRates);
  if (server === undefined) return;
  show('queue', digits(server.queueMs));
  show('compute', digits(server.computeInputMs + server.computeInferMs + server.computeOutputMs));
  show('rest', digits(server.overheadMs));
}

function startLevel({ name, model, batchSize, protocol }) {
  show('subject', `${model}, batch ${batchSize}, over ${protocol}`);
  show('status', `${name} begins`);
  document.title = `${model}: a run that goes on`;
}

const report = byId('report');
report.addEventListener('load', () => {
  const height = report.contentDocument?.documentElement.scrollHeight ?? 0;
  report.style.height = `${height + 40}px`;
  if (isOver) show('status', 'The run is over');
});

function loadReport() {
  report.hidden = false;
  report.src = `report?${Date.now()}`;
}

const source = new EventSource('events');
const handlers = {
  'level-start': startLevel,
  level: showLevel,
  'level-done': loadReport,
  step: ({ what }) => show('step', what),
  message: ({ text }) => byId('messages').append(`${text}\n`),
  search: ({ candidate, measured, best }) => {
    isSearch = true;
    show('step', `${measured} measured, now ${candidate}`);
    show('best', best === undefined ? '' : `Best so far: ${best}`);
  },
  end: () => {
    source.close();
    isOver = true;
    show('status', report.hidden ? 'The run is over' : 'The run is over, its report is being made');
    if (!report.hidden) loadReport();
  },
};
source.addEventListener('error', () =>
  show('status', 'The run does not answer: the figures are the last that it told'),
);
source.addEventListener('message', ({ data }) => {
  const event = JSON.parse(data);
  handlers[event.event]?.(event);
});
