import test from 'ava';
import type { Goal } from '../../searcher/goal/goal.js';
import { judge } from '../../searcher/goal/judge.js';
import { search } from '../../searcher/search.js';
import { type NamedStrategy, strategies, strategyNames } from '../../searcher/strategies/strategies.js';
import { createTrialStore, type TrialStore } from '../../searcher/trial-store.js';
import { type Candidate, candidateKey, type Trial } from '../../src/core/trial.js';
import { type FakeSystem, fakeMeasure, fakeSystems, metric, throughputGoal } from '../helpers/fake-system.js';

interface Finished {
  readonly trials: readonly Trial[];
  readonly store: TrialStore;
  readonly choice: Candidate | undefined;
}

const run = (strategy: NamedStrategy, system: FakeSystem, p99Ms?: number): Promise<Finished> =>
  runTo(strategy, system, throughputGoal(p99Ms));

async function runTo({ create }: NamedStrategy, system: FakeSystem, goal: Goal): Promise<Finished> {
  const strategy = create({ space: system.space, goal, seed: 7, maxMeasurements: 20 });
  const trials: Trial[] = [];
  const store = createTrialStore();
  for await (const trial of search(strategy, fakeMeasure(system, 11))) {
    trials.push(trial);
    store.add(trial);
  }
  return { trials, store, choice: strategy.choose() };
}

for (const name of strategyNames) {
  const strategy = strategies[name];
  for (const system of fakeSystems) {
    test(`${name} on a system that is ${system.name}: it ends, stays in the space, and chooses what it measured`, async (t) => {
      const { trials, store, choice } = await run(strategy, system);
      const legal = new Set(system.space.candidates.map(candidateKey));
      t.true(trials.length >= 1 && trials.length <= 20);
      t.true(trials.every(({ candidate }) => legal.has(candidateKey(candidate))));
      const brought = trials.some(({ ok }) => ok);
      t.is(choice !== undefined, brought);
      t.is(choice !== undefined && store.of(choice)?.mean !== undefined, brought);
      t.deepEqual((await run(strategy, system)).trials, trials, 'the same seed proposes the same');
    });
  }

  test(`${name} chooses the smallest violation when nothing keeps the limit`, async (t) => {
    const [exact] = fakeSystems;
    t.truthy(exact);
    const { store, choice } = await run(strategy, exact as FakeSystem, 0.001);
    const goal = throughputGoal(0.001);
    const violations = store.all().map(({ mean }) => judge(mean ?? {}, goal).violation);
    t.is(judge(store.of(choice ?? {})?.mean ?? {}, goal).violation, Math.min(...violations));
  });
}

// A hill climber may stay on a plateau below the limit.
for (const name of strategyNames.filter((each) => each !== 'quick')) {
  test(`${name} goes on from a start that misses a smallest throughput (D2), and aims within it (D4)`, async (t) => {
    const [exact] = fakeSystems;
    t.truthy(exact);
    const goal: Goal = {
      objectives: [{ metric: metric('perf_latency_p99'), weight: 1 }],
      constraints: [{ metric: metric('perf_throughput'), min: 500 }],
    };
    const { store, choice } = await runTo(strategies[name], exact as FakeSystem, goal);
    const chosen = judge(store.of(choice ?? {})?.mean ?? {}, goal);
    t.is(chosen.kept, 'pass');
    const passing = store.all().filter(({ mean }) => judge(mean ?? {}, goal).kept === 'pass');
    t.is(chosen.utility, Math.max(...passing.map(({ mean }) => judge(mean ?? {}, goal).utility ?? 0)));
  });
}

for (const name of ['guided', 'bayes'] as const) {
  test(`${name} measures nothing more than twice on a grid without noise, unless a limit is near`, async (t) => {
    const [exact] = fakeSystems;
    const { trials } = await run(strategies[name], exact as FakeSystem);
    const counts = new Map<string, number>();
    for (const { candidate } of trials)
      counts.set(candidateKey(candidate), (counts.get(candidateKey(candidate)) ?? 0) + 1);
    t.true(Math.max(...counts.values()) <= 2);
  });
}

test('guided finds 95 % of what is there within a limit, of 120 candidates by 20 measurements', async (t) => {
  for (const system of fakeSystems.filter(({ name }) => ['exact', 'noisy', 'cliff', 'crashes'].includes(name))) {
    const goal = throughputGoal(14);
    const { choice } = await run(strategies.guided, system, 14);
    const exact = fakeMeasure({ ...system, noise: 0 }, 1);
    const all = await Promise.all(system.space.candidates.map(exact));
    const worth = (trial: Trial): number => {
      const { kept } = trial.ok ? judge(trial.metrics, goal) : { kept: 'fail' };
      return trial.ok && kept === 'pass' ? (trial.metrics['perf_throughput'] ?? 0) : 0;
    };
    const optimum = Math.max(...all.map(worth));
    const reached = worth(await exact(choice ?? {}));
    t.true(reached >= 0.95 * optimum, `${system.name}: ${reached} of ${optimum}`);
  }
});
