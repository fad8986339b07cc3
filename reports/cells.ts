/** Whole microseconds; absent when it was not measured. */
export const us = (milliseconds: number | undefined): number | undefined =>
  milliseconds === undefined ? undefined : Math.round(milliseconds * 1000);

/** As printf's `%g`: six significant digits without trailing zeros, with an exponent from a million up. */
export function sixDigits(value: number): string {
  const [mantissa = '', exponent = '0'] = value.toExponential(5).split('e');
  if (Number(exponent) >= -4 && Number(exponent) < 6) return String(Number(value.toPrecision(6)));
  const sign = exponent.startsWith('-') ? '-' : '+';
  return `${Number(mantissa)}e${sign}${exponent.replace(/^[+-]/, '').padStart(2, '0')}`;
}
