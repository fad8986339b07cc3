/** A list in which every model comes after those it is made of. */
interface LoadOrder {
  readonly names: readonly string[];
  /** Models that contain themselves, directly or through others, and how; they are in `names` too. */
  readonly circular: ReadonlyMap<string, string>;
}

/**
 * Orders models and all that they are made of.
 *
 * @param composingOf the models that one is made of
 */
export function loadOrder(names: Iterable<string>, composingOf: (name: string) => readonly string[]): LoadOrder {
  const done = new Set<string>();
  const circular = new Map<string, string>();
  const visit = (name: string, path: readonly string[]): void => {
    const start = path.indexOf(name);
    if (start >= 0) {
      const cycle = path.slice(start);
      cycle.forEach((member, index) => {
        const last = cycle.at(index - 1);
        circular.set(member, `circular dependency between ensembles: ${member} -> ... -> ${last} -> ${member}`);
      });
      return;
    }
    if (done.has(name)) return;
    for (const each of composingOf(name)) visit(each, [...path, name]);
    done.add(name);
  };
  for (const name of names) visit(name, []);
  return { names: [...done], circular };
}

/** Which models were asked for and which are made of which, as of the last load or unload that came in. */
export class Dependencies {
  readonly #composing = new Map<string, ReadonlySet<string>>();
  readonly #requested = new Set<string>();

  /** A model that is loaded again may still serve what it was: until it is unloaded, it keeps what it was made of. */
  add(name: string, composing: readonly string[]): void {
    this.#composing.set(name, new Set([...(this.#composing.get(name) ?? []), ...composing]));
  }

  /** Marks a model as asked for by name, so that it stays when an ensemble that uses it goes. */
  request(name: string): void {
    this.#requested.add(name);
  }

  remove(name: string): void {
    this.#composing.delete(name);
    this.#requested.delete(name);
  }

  /** The ensembles that are made of these models, at any depth; what they are made of themselves comes first. */
  dependentsOf(names: readonly string[]): string[] {
    const found = new Set<string>();
    const open = [...names];
    for (let name = open.pop(); name !== undefined; name = open.pop()) {
      for (const [ensemble, composing] of this.#composing) {
        if (!composing.has(name) || found.has(ensemble)) continue;
        found.add(ensemble);
        open.push(ensemble);
      }
    }
    return loadOrder(found, (name) => this.composingOf(name)).names.filter((name) => found.has(name));
  }

  composingOf(name: string): readonly string[] {
    return [...(this.#composing.get(name) ?? [])];
  }

  /** Removes a model and, at any depth, what it is made of and nobody needs or asked for; returns all that go. */
  removeWithOrphans(name: string): string[] {
    const composing = this.composingOf(name);
    this.remove(name);
    const orphans = composing.filter((each) => !this.#requested.has(each) && this.dependentsOf([each]).length === 0);
    return [name, ...orphans.flatMap((each) => this.removeWithOrphans(each))];
  }
}
