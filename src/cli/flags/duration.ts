const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };

/** A time such as 500ms, 10s or 2m; `undefined` when it is not one, or none at all. */
export function milliseconds(text: string): number | undefined {
  const [, amount = '', unit = ''] = /^(\d+\.?\d*|\.\d+)(ms|s|m)$/.exec(text) ?? [];
  const ms = Number(amount) * (unitsMs[unit] ?? Number.NaN);
  return ms > 0 ? ms : undefined;
}
