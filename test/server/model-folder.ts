import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** As it is when this is loaded: a command that runs in this process (`runIn`) has another one meanwhile. */
const temporaryRoot = tmpdir();

/** A model repository in a temporary folder, removed when it goes out of scope. */
export interface TestRepository extends AsyncDisposable {
  readonly path: string;
  /** Writes a file, its folders included. */
  write(file: string, content: string | Uint8Array): Promise<void>;
  remove(file: string): Promise<void>;
}

/** Starts with the given files: path below the repository -> content. */
export async function testRepository(
  files: Readonly<Record<string, string | Uint8Array>> = {},
): Promise<TestRepository> {
  const path = await mkdtemp(join(temporaryRoot, 'perf-analyze-test-'));
  const repository: TestRepository = {
    path,
    async write(file, content) {
      await mkdir(dirname(join(path, file)), { recursive: true });
      await writeFile(join(path, file), content);
    },
    remove: (file) => rm(join(path, file), { recursive: true }),
    async [Symbol.asyncDispose]() {
      await rm(path, { recursive: true, force: true });
    },
  };
  for (const [file, content] of Object.entries(files)) await repository.write(file, content);
  return repository;
}
