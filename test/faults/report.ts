// The matrix as a table, one line a fault and form.
import type { DialectId } from '../../src/model/dialect-id.ts';

export interface Report {
  /** Notes what came of a case, or that it is not as it should be. */
  note(
    fault: string,
    form: string,
    fallback: boolean,
    client: DialectId,
    outcome: Promise<string>,
  ): Promise<void>;
  print(): void;
}

const WRONG = 'WRONG';

export function createReport(): Report {
  const lines = new Map<string, Map<string, Set<string>>>();
  return {
    async note(fault, form, fallback, client, outcome) {
      const key = `${fault.padEnd(20)}${form}`;
      const cells = lines.get(key) ?? new Map<string, Set<string>>();
      lines.set(key, cells);
      const column = fallback ? 'fallback' : 'alone';
      const seen = cells.get(column) ?? new Set();
      cells.set(column, seen);
      try {
        seen.add(await outcome);
      } catch (thrown) {
        seen.add(`${WRONG} for ${client}`);
        throw thrown;
      }
    },
    print() {
      const head = `${'fault'.padEnd(20)}${'answer'.padEnd(11)}${'without fallback'.padEnd(46)}with fallback`;
      const text = [...lines].map(([key, cells]) => {
        const cell = (column: string) => [...(cells.get(column) ?? [])].join(' | ');
        return `${key.padEnd(31)}${cell('alone').padEnd(46)}${cell('fallback')}`;
      });
      process.stdout.write(`\n${[head, ...text].join('\n')}\n\n`);
    },
  };
}
