import { seededRandom } from '../src/core/random.js';
import { failingNights, nights } from '../test/helpers/simulated-nights.js';

const histories = 100;
const length = 300;
const known = 30;

/** How often a check after each night fails without a reason, and how many nights a step of 5 % needs until it does. */
export async function benchHistory(): Promise<void> {
  const random = seededRandom(2026);
  let [failed, alarms] = [0, 0];
  for (let history = 0; history < histories; history++) {
    const failing = failingNights(nights({ random, noise: 0.02, count: length }));
    failed += failing.length;
    alarms += failing.filter((night) => !failing.includes(night - 1)).length;
  }
  console.log(`${histories} histories of ${length} nights, 4 figures each, noise of 2 %:`);
  console.log(
    `false alarms in ${length} nights: ${alarms / histories}, nights with exit code 4: ${failed / histories}`,
  );
  const found = [0, 0, 0];
  for (let history = 0; history < 1000; history++) {
    const shiftAt = (night: number): number => (night < known ? 1 : 1.05);
    const [first] = failingNights(nights({ random, noise: 0.02, count: known + found.length, shiftAt }), known);
    if (first !== undefined) found[first - known] = (found[first - known] ?? 0) + 1;
  }
  console.log(`a step of 5 % after ${known} nights, 1000 times: found in the 1st, 2nd, 3rd night ${found.join(', ')}`);
}
