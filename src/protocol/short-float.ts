/** How a 16-bit float divides its bits. */
interface ShortFormat {
  readonly fractionBits: number;
  /** Exponent of the smallest normal number; the bias is `1 - smallestExponent`. */
  readonly smallestExponent: number;
  readonly largest: number;
}

const float16: ShortFormat = { fractionBits: 10, smallestExponent: -14, largest: 65_504 };
const bfloat16: ShortFormat = { fractionBits: 7, smallestExponent: -126, largest: (2 - 2 ** -7) * 2 ** 127 };

/** The bits of a number as FP16 (IEEE 754 binary16): the nearest, ties to even, infinity beyond the largest. */
export const toFloat16Bits = (value: number): number => toBits(value, float16);

/** The number that FP16 bits stand for. */
export const fromFloat16Bits = (bits: number): number => fromBits(bits, float16);

/** The bits of a number as BF16, the upper half of FP32: the nearest, ties to even, infinity beyond the largest. */
export const toBfloat16Bits = (value: number): number => toBits(value, bfloat16);

/** The number that BF16 bits stand for. */
export const fromBfloat16Bits = (bits: number): number => fromBits(bits, bfloat16);

function toBits(value: number, { fractionBits, smallestExponent, largest }: ShortFormat): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const infinity = 0x7fff & ~(2 ** fractionBits - 1);
  if (Number.isNaN(value)) return infinity | (2 ** (fractionBits - 1));
  const magnitude = Math.abs(value);
  // Half a step beyond the largest number everything rounds to infinity.
  const limit = largest + 2 ** (Math.floor(Math.log2(largest)) - fractionBits - 1);
  if (magnitude >= limit) return sign | infinity;
  const exponent = Math.max(smallestExponent, exponentOf(magnitude));
  // In steps of the last place: exact, because both factors are powers of two.
  const steps = roundToEven(magnitude * 2 ** (fractionBits - exponent));
  // A normal number has steps from 2^fractionBits on; rounding up to the next power carries into the exponent by itself.
  return sign | ((exponent - smallestExponent) * 2 ** fractionBits + steps);
}

function fromBits(bits: number, { fractionBits, smallestExponent }: ShortFormat): number {
  const sign = (bits & 0x8000) === 0 ? 1 : -1;
  const fraction = bits & (2 ** fractionBits - 1);
  const field = (bits & 0x7fff) >> fractionBits;
  if (field === 0x7fff >> fractionBits) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (field === 0) return sign * fraction * 2 ** (smallestExponent - fractionBits);
  return sign * (2 ** fractionBits + fraction) * 2 ** (field - 1 + smallestExponent - fractionBits);
}

const float64 = new DataView(new ArrayBuffer(8));

/** The exponent of a positive number; that of a subnormal one is too small for any short float to matter. */
function exponentOf(magnitude: number): number {
  float64.setFloat64(0, magnitude);
  return ((float64.getUint16(0) >> 4) & 0x7ff) - 1023;
}

function roundToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest === 0.5) return below + (below % 2);
  return rest > 0.5 ? below + 1 : below;
}
