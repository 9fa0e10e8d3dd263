// Counts what the matrix found, and prints it as one table.

export type Verdict = 'pass' | 'lost' | 'fail';

export interface Summary {
  add(row: string, column: string, verdict: Verdict): void;
  table(): string;
}

export function createSummary(columns: readonly string[]): Summary {
  const rows = new Map<string, Map<string, Record<Verdict, number>>>();
  return {
    add(row, column, verdict) {
      const cells = rows.get(row) ?? new Map<string, Record<Verdict, number>>();
      rows.set(row, cells);
      const cell = cells.get(column) ?? { pass: 0, lost: 0, fail: 0 };
      cells.set(column, cell);
      cell[verdict]++;
    },
    table() {
      const header = ['pass/lost/fail', ...columns];
      const lines = [...rows].map(([row, cells]) => [
        row,
        ...columns.map((column) => {
          const cell = cells.get(column);
          return cell === undefined ? '-' : `${cell.pass}/${cell.lost}/${cell.fail}`;
        }),
      ]);
      const all = [header, ...lines];
      const widths = header.map((_, at) => Math.max(...all.map((cells) => cells[at]?.length ?? 0)));
      return all.map((cells) => cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  ')).join('\n');
    },
  };
}
