/** What is wrong with what a peer sent, and the code (RFC 9113 section 7) that says so. */
export interface Violation {
  readonly errorCode: number;
  readonly text: string;
}

export const violation = (errorCode: number, text: string): Violation => ({ errorCode, text });
