import { benchAdaptive } from './adaptive.js';
import { benchAdaptiveLive } from './adaptive-live.js';
import { benchCompare } from './compare.js';
import { benchCompareLive } from './compare-live.js';
import { benchHistory } from './history.js';
import { benchLimits } from './limits.js';
import { benchOpenLoop } from './open-loop.js';
import { benchSearch } from './search/search.js';
import { benchSearchLive } from './search/search-live.js';
import { benchServer } from './server.js';
import { benchServing } from './serving.js';
import { benchSoak } from './soak.js';
import { benchStatistics } from './statistics.js';
import { benchThreads } from './threads.js';
import { benchVariants } from './variants.js';
import { benchWire } from './wire.js';

/** `npm run bench -- NAME`: what we claim to be fast, against a named peer in one run. */
const benches: Readonly<Record<string, () => Promise<void>>> = {
  adaptive: benchAdaptive,
  'adaptive-live': benchAdaptiveLive,
  compare: benchCompare,
  'compare-live': benchCompareLive,
  history: benchHistory,
  limits: benchLimits,
  'open-loop': benchOpenLoop,
  search: () => benchSearch(argument),
  'search-live': () => benchSearchLive(argument, given[2] === 'recorded'),
  server: benchServer,
  serving: benchServing,
  soak: benchSoak,
  statistics: benchStatistics,
  threads: benchThreads,
  variants: benchVariants,
  wire: () => benchWire(),
};

const given = process.argv.slice(2);
/** Only these two have one: a folder of grids, and a model with `recorded` behind it where its grid is not to be measured again. */
const argument = given[0] === 'search' || given[0] === 'search-live' ? given[1] : undefined;
const names = given.slice(0, argument === undefined ? given.length : 1);
const unknown = names.find((name) => !Object.hasOwn(benches, name));
if (names.length === 0 || unknown !== undefined) {
  console.error(`usage: npm run bench -- NAME..., one of: ${Object.keys(benches).join(', ')}`);
  process.exitCode = 64;
} else {
  for (const name of names) await benches[name]?.();
}
