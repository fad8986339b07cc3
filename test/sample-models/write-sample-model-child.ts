// Builds the sample model argv[2] in the repository argv[3]. Says `building` once the temporary file holds something,
// and goes on when it gets a byte: until then it is in the middle of its build, exactly as long as the test likes.
import { readSync, writeSync } from 'node:fs';
import { writeSampleModel } from '../../sample-models/write-sample-model.js';

const [name = '', repository = ''] = process.argv.slice(2);
let announced = false;
await writeSampleModel(name, repository, {
  onProgress: (fraction) => {
    if (announced || fraction < 0.25) return;
    announced = true;
    writeSync(1, 'building\n');
    readSync(0, new Uint8Array(1));
  },
});
