/** The names that were probably meant: at most two, those fewest edits away, none when all differ in half their letters. */
export function closestNames(wanted: string, names: readonly string[]): readonly string[] {
  return names
    .map((name) => ({ name, edits: editDistance(wanted.toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, edits }) => edits * 2 < Math.max(name.length, wanted.length))
    .toSorted((left, right) => left.edits - right.edits)
    .slice(0, 2)
    .map(({ name }) => name);
}

/** Insertions, deletions and substitutions that turn one text into the other (Levenshtein). */
function editDistance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [row, letter] of [...from].entries()) {
    const current = [row + 1];
    for (let column = 0; column < to.length; column++) {
      const replaced = (previous[column] ?? 0) + (letter === to[column] ? 0 : 1);
      current.push(Math.min(replaced, (previous[column + 1] ?? 0) + 1, (current[column] ?? 0) + 1));
    }
    previous = current;
  }
  return previous.at(-1) ?? 0;
}
