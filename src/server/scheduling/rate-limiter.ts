import { PerfError } from '../../core/perf-error.js';
import type { RateLimiterConfig } from '../../protocol/model-config.js';

/** What one execution of an instance holds, and how its turns weigh. */
export interface InstanceNeeds {
  /** Copies by resource, names in lower case. */
  readonly resources: ReadonlyMap<string, number>;
  /** As the configuration writes them, by name. */
  readonly names: ReadonlyMap<string, string>;
  /** Those of the resources that all devices share. There is one device here, but the two kinds exclude each other. */
  readonly global: ReadonlySet<string>;
  /** 1 = highest; 2 has half as many turns. */
  readonly priority: number;
}

/** What one instance has of the limiter. */
export interface InstanceTurns extends Disposable {
  /** Runs when it is the instance's turn and what it needs is free, and holds it until then. Rejects as `execution` does. */
  run<Result>(execution: () => Promise<Result>): Promise<Result>;
}

interface Contender {
  readonly needs: InstanceNeeds;
  /** How often it ran, with what it was given for joining late; not always whole. */
  executions: number;
}

/**
 * Shares resources between the instances of all models (model configuration, 7.4): who has run least, weighed by priority,
 * comes first. Nobody passes one who waits for the same resource, so that small needs do not starve large ones.
 */
export class RateLimiter {
  readonly #pools: ReadonlyMap<string, number>;
  readonly #contenders = new Set<Contender>();
  readonly #waiting = new Map<Contender, () => void>();
  readonly #held = new Map<string, number>();
  #isGranting = false;

  /** @param pools copies by resource; others have as many as the neediest instance needs. Names in lower case */
  constructor(pools: ReadonlyMap<string, number>) {
    this.#pools = pools;
  }

  /** @throws PerfError when the instance needs more than there will ever be */
  join(needs: InstanceNeeds): InstanceTurns {
    this.#check(needs);
    const contender: Contender = { needs, executions: this.#firstExecutions(needs) };
    this.#contenders.add(contender);
    return {
      run: async (execution) => {
        await new Promise<void>((resolve) => {
          this.#waiting.set(contender, resolve);
          if (!this.#isGranting) this.#grant();
        });
        try {
          return await execution();
        } finally {
          this.#hold(needs, -1);
          this.#grantSoon();
        }
      },
      [Symbol.dispose]: () => void this.#contenders.delete(contender),
    };
  }

  /**
   * Who joins later begins beside whoever has run least of those that need the same: otherwise a model that is loaded
   * again would go before all others for as long as they have run.
   */
  #firstExecutions({ resources, priority }: InstanceNeeds): number {
    const rivals = [...this.#contenders].filter(({ needs }) =>
      [...resources.keys()].some((name) => needs.resources.has(name)),
    );
    return rivals.length === 0 ? 0 : Math.min(...rivals.map(scoreOf)) / priority;
  }

  #check({ resources, names, global }: InstanceNeeds): void {
    for (const [name, count] of resources) {
      const shown = names.get(name) ?? name;
      for (const { needs } of this.#contenders) {
        if (!needs.resources.has(name) || needs.global.has(name) === global.has(name)) continue;
        throw new PerfError('model', `Resource "${shown}" is present as both global and device-specific resource`);
      }
      const pool = this.#pools.get(name) ?? count;
      if (count <= pool) continue;
      throw new PerfError(
        'model',
        `Resource count for "${shown}" is limited to ${pool} which will prevent scheduling of one or more model ` +
          `instances, the minimum required count is ${count}`,
      );
    }
  }

  #hold({ resources }: InstanceNeeds, sign: 1 | -1): void {
    for (const [name, count] of resources) this.#held.set(name, (this.#held.get(name) ?? 0) + sign * count);
  }

  /** After those who ended could ask for their next turn: otherwise whoever waits would always come first. */
  #grantSoon(): void {
    if (this.#isGranting) return;
    this.#isGranting = true;
    setImmediate(() => {
      this.#isGranting = false;
      this.#grant();
    });
  }

  #grant(): void {
    const free = new Map<string, number>();
    const freeOf = (name: string) => free.get(name) ?? this.#sizeOf(name) - (this.#held.get(name) ?? 0);
    const inOrder = [...this.#waiting].toSorted(([left], [right]) => scoreOf(left) - scoreOf(right));
    for (const [contender, start] of inOrder) {
      const resources = [...contender.needs.resources];
      const fits = resources.every(([name, count]) => count <= freeOf(name));
      for (const [name, count] of resources) free.set(name, fits ? freeOf(name) - count : 0);
      if (!fits) continue;
      this.#waiting.delete(contender);
      this.#hold(contender.needs, 1);
      contender.executions++;
      start();
    }
  }

  #sizeOf(name: string): number {
    const largest = () => Math.max(0, ...[...this.#contenders].map(({ needs }) => needs.resources.get(name) ?? 0));
    return this.#pools.get(name) ?? largest();
  }
}

const scoreOf = ({ needs, executions }: Contender): number => executions * needs.priority;

export function instanceNeeds(config: RateLimiterConfig | undefined): InstanceNeeds {
  const resources = new Map<string, number>();
  const names = new Map<string, string>();
  const global = new Set<string>();
  for (const { name, count, global: isGlobal } of config?.resources ?? []) {
    const key = name.toLowerCase();
    names.set(key, name);
    resources.set(key, (resources.get(key) ?? 0) + count);
    if (isGlobal) global.add(key);
  }
  return { resources, names, global, priority: Math.max(1, config?.priority ?? 1) };
}
