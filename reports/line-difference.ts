/** What lines a text loses and gains, in the form of a unified diff without positions; common lines are told around changes. */
export function lineDifference(name: string, before: string, after: string): string {
  const [old, young] = [linesOf(before), linesOf(after)];
  if (before === after) return `${name} stays as it is.\n`;
  const common = longestCommon(old, young);
  const lines: string[] = [];
  let [left, right] = [0, 0];
  for (const [oldAt, youngAt] of [...common, [old.length, young.length] as const]) {
    lines.push(...old.slice(left, oldAt).map((line) => `-${line}`));
    lines.push(...young.slice(right, youngAt).map((line) => `+${line}`));
    if (oldAt < old.length) lines.push(` ${old[oldAt]}`);
    [left, right] = [oldAt + 1, youngAt + 1];
  }
  return [`--- ${name}`, `+++ ${name}`, ...lines, ''].join('\n');
}

const linesOf = (text: string): string[] => (text === '' ? [] : text.replace(/\n$/, '').split('\n'));

/** Places of a longest common subsequence. */
function longestCommon(old: readonly string[], young: readonly string[]): (readonly [number, number])[] {
  const lengths = commonLengths(old, young);
  const at = (row: number, column: number): number => lengths[row]?.[column] ?? 0;
  const places: (readonly [number, number])[] = [];
  let [row, column] = [0, 0];
  while (row < old.length && column < young.length) {
    if (old[row] === young[column]) places.push([row++, column++]);
    else if (at(row + 1, column) >= at(row, column + 1)) row++;
    else column++;
  }
  return places;
}

/** How long the longest one is from each pair of lines on. */
function commonLengths(old: readonly string[], young: readonly string[]): number[][] {
  const lengths = [...old, ''].map(() => new Array<number>(young.length + 1).fill(0));
  for (const [row, line] of [...old.entries()].reverse()) {
    const [own = [], below = []] = lengths.slice(row, row + 2);
    for (const [column, other] of [...young.entries()].reverse()) {
      own[column] = line === other ? (below[column + 1] ?? 0) + 1 : Math.max(below[column] ?? 0, own[column + 1] ?? 0);
    }
  }
  return lengths;
}
