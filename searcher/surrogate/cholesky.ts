/** A lower triangular matrix, row by row in one array. */
export interface Lower {
  readonly size: number;
  readonly rows: Float64Array;
}

/** L with L x L' = A for a symmetric positive definite A of `size` rows; `undefined` when it is not. */
export function cholesky(matrix: Float64Array, size: number): Lower | undefined {
  const rows = new Float64Array(size * size);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < row; column++) {
      const left = (matrix[row * size + column] ?? 0) - dotRows(rows, { size, row, column });
      rows[row * size + column] = left / (rows[column * size + column] ?? 1);
    }
    const square = (matrix[row * size + row] ?? 0) - dotRows(rows, { size, row, column: row });
    if (square <= 0) return undefined;
    rows[row * size + row] = Math.sqrt(square);
  }
  return { size, rows };
}

/** The product of two rows, up to the column. */
function dotRows(rows: Float64Array, { size, row, column }: { size: number; row: number; column: number }): number {
  const [left, right] = [row * size, column * size];
  let sum = 0;
  for (let k = 0; k < column; k++) sum += (rows[left + k] ?? 0) * (rows[right + k] ?? 0);
  return sum;
}

/** x with L x = b. */
export function solveLower({ size, rows }: Lower, right: Float64Array): Float64Array {
  const solution = new Float64Array(size);
  for (let row = 0; row < size; row++) {
    let sum = right[row] ?? 0;
    for (let k = 0; k < row; k++) sum -= (rows[row * size + k] ?? 0) * (solution[k] ?? 0);
    solution[row] = sum / (rows[row * size + row] ?? 1);
  }
  return solution;
}

/** x with L' x = b. */
export function solveUpper({ size, rows }: Lower, right: Float64Array): Float64Array {
  const solution = new Float64Array(size);
  for (let row = size - 1; row >= 0; row--) {
    let sum = right[row] ?? 0;
    for (let k = row + 1; k < size; k++) sum -= (rows[k * size + row] ?? 0) * (solution[k] ?? 0);
    solution[row] = sum / (rows[row * size + row] ?? 1);
  }
  return solution;
}
