import { writeFileSync } from 'node:fs';
import { search } from '../../../searcher/search.js';
import { strategies } from '../../../searcher/strategies/strategies.js';
import { journaledMeasure, openJournal } from '../../../src/cli/search/journal.js';
import { fakeMeasure, fakeSystems, throughputGoal } from '../../helpers/fake-system.js';

/** A search of a made-up system with a journal, in a process that can be killed. Arguments: journal, file for the answer. */
const [file = '', answer = ''] = process.argv.slice(2);
const system = fakeSystems.find(({ name }) => name === 'crashes');
if (system === undefined) throw new Error('there is no such system');
using journal = openJournal(file);
const exact = fakeMeasure(system, 1);
const measure = journaledMeasure(journal, 'key', async (candidate) => {
  await new Promise((resolve) => setTimeout(resolve, 10));
  return exact(candidate);
});
const strategy = strategies.guided.create({
  space: system.space,
  goal: throughputGoal(14),
  seed: 3,
  maxMeasurements: 20,
});
const trials: unknown[] = [];
for await (const trial of search(strategy, measure)) trials.push(trial);
writeFileSync(answer, JSON.stringify({ choice: strategy.choose(), trials }));
