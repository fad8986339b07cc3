/** From so large a share of the layers on, another end of the graph is tried. */
const largeShare = 0.75;

/**
 * The fewest layers, at one end of the graph, that must stay in FP32 so that the others may compute in 8 bits; `undefined`
 * when all must. What a layer at the beginning gets wrong passes through all others, so the beginning is tried first, and
 * the end only if nearly all would stay. Layers that adjoin need no conversion between them. It takes about twice the
 * binary logarithm of their number of tries at most.
 *
 * @param passes whether a variant is good enough that keeps these; the more it keeps the better it is taken to be
 */
export async function fewestKept(
  layers: readonly string[],
  passes: (kept: readonly string[]) => Promise<boolean>,
): Promise<readonly string[] | undefined> {
  const front = await fewest(layers.length, (count) => passes(layers.slice(0, count)));
  if (front < layers.length * largeShare) return layers.slice(0, front);
  const back = await fewest(layers.length, (count) => passes(layers.slice(-count)));
  if (Math.min(front, back) >= layers.length) return undefined;
  return front <= back ? layers.slice(0, front) : layers.slice(-back);
}

/** The smallest count from 1 on that passes; `most` when no smaller one does. */
async function fewest(most: number, passes: (count: number) => Promise<boolean>): Promise<number> {
  let [failed, passed] = [0, most];
  while (passed - failed > 1) {
    const middle = Math.floor((failed + passed) / 2);
    if (await passes(middle)) passed = middle;
    else failed = middle;
  }
  return passed;
}
