// The matrix as a table, one line for each fault and form.
import type { DialectId } from '../../src/model/dialect-id.ts';
import type { Help } from './fault-lab.ts';

export interface Report {
  /** Notes what came of a case, or that it is not as it should be. */
  note(fault: string, form: string, help: Help, client: DialectId, outcome: Promise<string>): Promise<void>;
  print(): void;
}

const WRONG = 'WRONG';
const WIDTHS = [20, 10, 44, 44, 44];

export function createReport(): Report {
  const lines = new Map<string, Map<string, Set<string>>>();
  return {
    async note(fault, form, help, client, outcome) {
      const key = `${fault} ${form}`;
      const cells = lines.get(key) ?? new Map<string, Set<string>>();
      lines.set(key, cells);
      const seen = cells.get(help) ?? new Set();
      cells.set(help, seen);
      try {
        seen.add(await outcome);
      } catch (thrown) {
        seen.add(`${WRONG} for ${client}`);
        throw thrown;
      }
    },
    print() {
      const head = ['fault', 'answer', 'alone', 'fallback', 'hedged', 'continuing'];
      const rows = [...lines].map(([key, cells]) => {
        const cell = (help: Help) => [...(cells.get(help) ?? [])].join(' | ');
        return [...key.split(' '), cell('none'), cell('fallback'), cell('hedged'), cell('continuing')];
      });
      const text = [head, ...rows].map((row) => row.map((cell, at) => cell.padEnd(WIDTHS[at] ?? 0)).join(''));
      process.stdout.write(`\n${text.join('\n')}\n\n`);
    },
  };
}
