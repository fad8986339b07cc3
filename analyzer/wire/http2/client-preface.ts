import { defaultWindowBytes, largestWindowBytes, settingIds } from '../../../src/http2/frame.js';
import { connectionPreface, settingsFrame, windowUpdate } from '../../../src/http2/settings.js';

/**
 * The first bytes of a client: no header table, so that the same fields always arrive as the same bytes; no pushes; and
 * windows so large that a peer never waits for us.
 */
export function clientPreface(): Buffer {
  return Buffer.concat([
    Buffer.from(connectionPreface),
    settingsFrame([
      [settingIds.headerTableSize, 0],
      [settingIds.enablePush, 0],
      [settingIds.initialWindowSize, largestWindowBytes],
    ]),
    windowUpdate(0, largestWindowBytes - defaultWindowBytes),
  ]);
}
