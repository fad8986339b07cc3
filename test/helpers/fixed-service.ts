import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Writes a JavaScript model that takes a fixed time a request, one after the other: it sleeps, and spins for the last 0.3 ms, since sleeping
 * ends late.
 *
 * @param config more of its `config.pbtxt`
 */
export function writeFixedService(repository: string, name: string, serviceMs: number, config = ''): void {
  const folder = join(repository, name);
  mkdirSync(join(folder, '1'), { recursive: true });
  writeFileSync(
    join(folder, 'config.pbtxt'),
    `backend: "javascript" ${config}
    input { name: "X" data_type: TYPE_FP32 dims: 4 } output { name: "Y" data_type: TYPE_FP32 dims: 4 }`,
  );
  writeFileSync(
    join(folder, '1', 'model.mjs'),
    `const never = new Int32Array(new SharedArrayBuffer(4));
    export function execute(requests) {
      const until = performance.now() + ${serviceMs} * requests.length;
      Atomics.wait(never, 0, 0, Math.max(0, until - performance.now() - 0.3));
      while (performance.now() < until);
      return requests.map(({ inputs }) => ({ outputs: { Y: inputs.X.data } }));
    }`,
  );
}
