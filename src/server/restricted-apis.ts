/** What an operator can restrict to those who know a header (v2 protocol, 1.2). */
export const restrictedApis = [
  'health',
  'metadata',
  'inference',
  'shared-memory',
  'model-config',
  'model-repository',
  'statistics',
  'trace',
  'logging',
] as const;

export type RestrictedApi = (typeof restrictedApis)[number];

/** The header that every request to a restricted API must carry. */
export interface RequiredHeader {
  /** As the operator wrote it; names of headers are compared in lower case. */
  readonly name: string;
  readonly value: string;
}

/** What is not named is open. */
export type Restrictions = ReadonlyMap<RestrictedApi, RequiredHeader>;

/** @param headerValue the value of a header by its name in lower case */
export const isAdmitted = (header: RequiredHeader | undefined, headerValue: (name: string) => unknown): boolean =>
  header === undefined || headerValue(header.name.toLowerCase()) === header.value;
