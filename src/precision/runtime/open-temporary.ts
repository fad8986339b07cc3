import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { openSession, type Session } from './open-session.js';
import type { SessionStart } from './session-messages.js';

/**
 * A session of a model that is no file yet; it lies in a temporary folder as long as the session lasts.
 *
 * @param parts the bytes of the ONNX file, in order
 */
export async function openTemporary(
  parts: Iterable<Uint8Array>,
  start: Omit<SessionStart, 'modelPath'>,
): Promise<Session> {
  const folder = await mkdtemp(join(tmpdir(), 'perf-analyze-model-'));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const modelPath = join(folder, 'model.onnx');
    await pipeline(Readable.from(parts), createWriteStream(modelPath));
    const session = await openSession({ ...start, modelPath });
    const dispose = async (): Promise<void> => {
      await session[Symbol.asyncDispose]();
      await remove();
    };
    return { ...session, [Symbol.asyncDispose]: dispose };
  } catch (thrown) {
    await remove();
    throw thrown;
  }
}
