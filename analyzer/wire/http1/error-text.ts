import type { Failure } from '../../../src/core/failure.js';

/** How much of an error's body is kept for its message. */
export const errorBodyLimitBytes = 65_536;

/** The failure that an answer other than 200 stands for, with the text of its v2 error body, `{"error": "..."}`. */
export function statusFailure(status: number, body: Buffer): Failure {
  return { code: `http ${status}`, message: errorText(body.toString('utf8')) ?? `HTTP status ${status}` };
}

function errorText(body: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(body);
    const error = (parsed as { error?: unknown } | null)?.error;
    return typeof error === 'string' ? error : undefined;
  } catch {
    return undefined;
  }
}
