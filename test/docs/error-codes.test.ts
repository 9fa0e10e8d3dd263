// docs/endpoints.md lists every code of an error, with its status and where asking again may help.
import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ERROR_RULES, type ErrorRule } from '../../src/model/errors.ts';

const page = readFileSync(join(import.meta.dir, '../../docs/endpoints.md'), 'utf8');

const WORDS: Record<ErrorRule['retry'], string> = {
  never: 'no',
  anywhere: 'yes',
  elsewhere: 'yes, but never the same one again',
  'own-key': 'if it was the gateway’s',
  'larger-context': 'one with a larger context',
};

test('each code is there once, as the table of the program has it', () => {
  const rows = [...page.matchAll(/^\| `(\w+)` \| (\d{3}) \| [^|]+ \| ([^|]+) \|$/gm)];
  expect(rows.map(([, code, status, retry]) => [code, Number(status), retry?.replace("'", '’')])).toEqual(
    Object.entries(ERROR_RULES).map(([code, { status, retry }]) => [code, status, WORDS[retry]]),
  );
});
