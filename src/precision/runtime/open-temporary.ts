import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ModelProto } from '../../onnx/model-proto.js';
import { writeModelFile } from '../write-model-file.js';
import { openSession, type Session } from './open-session.js';
import type { SessionStart } from './session-messages.js';

/**
 * A session of a model that is no file yet; it lies in a temporary folder as long as the session lasts.
 *
 * @param temporary see `VariantOptions`
 */
export async function openTemporary(
  model: ModelProto,
  { temporary = tmpdir(), ...start }: Omit<SessionStart, 'modelPath'> & { readonly temporary?: string | undefined },
): Promise<Session> {
  const folder = await mkdtemp(join(temporary, 'perf-analyze-model-'));
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const modelPath = join(folder, 'model.onnx');
    await writeModelFile(modelPath, model);
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
