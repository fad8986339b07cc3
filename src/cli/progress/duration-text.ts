/** Such as `40 s` or `3 min`, rounded up: less would be a promise. */
export function durationText(seconds: number): string {
  return seconds < 90 ? `${Math.ceil(seconds / 5) * 5} s` : `${Math.ceil(seconds / 60)} min`;
}
