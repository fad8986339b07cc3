/** Why the program stops although nothing is broken. Each maps to one exit code (`src/cli/exit-codes.ts`). */
export type PerfErrorCode =
  /** The command line asks for something that does not exist or contradicts itself. */
  | 'usage'
  /** A file or folder that the user named cannot be read or written. */
  | 'file'
  /** A model, its configuration or its input data cannot be used. */
  | 'model'
  /** No server answers, or it does not serve the model. */
  | 'unreachable';

/**
 * An expected stop: thrown where it is noticed, caught once in `src/cli/main.ts`.
 * The message is one line in the form "Cannot ...: expected ..., got ...".
 */
export class PerfError extends Error {
  override readonly name = 'PerfError';
  readonly code: PerfErrorCode;
  /** What the user can do about it, one sentence. */
  readonly hint: string | undefined;

  constructor(
    code: PerfErrorCode,
    message: string,
    options: { readonly hint?: string; readonly cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
  }
}

/** The text of anything thrown, without its stack. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
