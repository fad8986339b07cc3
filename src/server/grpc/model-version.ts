import { RefusalError } from '../refusal.js';

const rule = 'version should be an integral value > 0';

/**
 * Checks the version of a request: empty, or a decimal integer.
 *
 * @throws RefusalError `invalid-argument` otherwise, with the texts of Triton
 */
export function modelVersionFrom(version: string): string {
  if (version === '' || /^[0-9]+$/.test(version)) return version;
  const shown = version.slice(0, 40);
  throw new RefusalError(
    'invalid-argument',
    /^-[0-9]+$/.test(version)
      ? `invalid model version specified '${shown}', ${rule}`
      : `failed to get model version from specified version string '${shown}', ${rule}`,
  );
}
