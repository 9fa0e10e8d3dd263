// Every command of docs/manual-streaming-test.md, run as a person would, and its output as the page shows it.
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { TEST_TIMEOUT_MS } from '../support/time-limit.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

setDefaultTimeout(TEST_TIMEOUT_MS);

const ROOT = join(import.meta.dir, '..', '..');
const HOME = temporaryFolder('manual');

interface Step {
  title: string;
  commands: string;
  /** Lines that the output must have, in this order; `…` stands for anything. */
  expected: string[];
}

function readSteps(): Step[] {
  const page = readFileSync(join(ROOT, 'docs/manual-streaming-test.md'), 'utf8');
  const steps: Step[] = [];
  let title = '';
  for (const [, heading, kind, text = ''] of page.matchAll(/^## (.+)$|^```(sh|text)\n([\s\S]*?)^```$/gm)) {
    const last = steps.at(-1);
    if (heading !== undefined) title = heading;
    else if (kind === 'sh') steps.push({ title, commands: text, expected: [] });
    else if (last !== undefined) last.expected.push(...text.trimEnd().split('\n'));
  }
  return steps;
}

const steps = readSteps();

/** A gateway of its own on a free port, wherever the page says the usual one. */
let address = '';

function shell(commands: string): { output: string; code: number } {
  const text = commands.replace('http://127.0.0.1:8088', address);
  const run = Bun.spawnSync(['bash', '-c', text], {
    cwd: ROOT,
    env: {
      PATH: `${process.env.PATH}`,
      HOME,
      SLUICE_HOME: HOME,
      SLUICE_CONFIG: join(HOME, 'sluice.json'),
      SLUICE: address,
    },
  });
  return { output: run.stdout.toString() + run.stderr.toString(), code: run.exitCode };
}

beforeAll(() => Bun.write(join(HOME, 'sluice.json'), JSON.stringify({ server: { port: 0 } })));
afterAll(() => {
  shell('npm run -s sluice -- daemon stop');
  rmSync(HOME, { recursive: true });
});

test('the page has steps', () => expect(steps.length).toBeGreaterThan(15));

for (const [at, { title, commands, expected }] of steps.entries()) {
  const [first = ''] = commands.split('\n');
  test(`${at + 1}. ${title}: ${first}`, () => {
    const { output, code } = shell(commands);
    address = /is running in the background: process \d+ at (\S+)/.exec(output)?.[1] ?? address;
    expect(code, output).toBe(0);
    let rest = output;
    for (const line of expected) {
      const found = new RegExp(line.trim().split('…').map(RegExp.escape).join('[^\\n]*')).exec(rest);
      expect(found, `${line}\nis not in\n${rest}`).not.toBeNull();
      rest = rest.slice((found?.index ?? 0) + (found?.[0].length ?? 0));
    }
  });
}
