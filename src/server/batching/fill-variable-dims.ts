/**
 * Applies a reshape: the target pattern with each of its -1 replaced, in order, by the actual size of the source
 * pattern's -1 (model configuration, "reshape").
 */
export function fillVariableDims(
  target: readonly number[],
  source: readonly number[],
  actual: readonly number[],
): number[] {
  const variable = actual.filter((_, index) => source[index] === -1);
  let next = 0;
  return target.map((dim) => (dim === -1 ? (variable[next++] ?? -1) : dim));
}
