// GUARANTEES 20: every number in the README and in docs/limits.md was measured by a command that is named beside it.
import { describe, expect, test } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { spreadOfMetric } from '../../bench/results.ts';
import { readSavedRun } from '../../bench/saved-run.ts';

const ROOT = join(import.meta.dir, '..', '..');
const TEXT = ['README.md', 'docs/limits.md']
  .map((page) => readFileSync(join(ROOT, page), 'utf8'))
  .join('\n\n');
const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
};

/** Paragraphs and points of lists, without what is shown as code and where links lead. */
const PASSAGES = TEXT.replaceAll(/```[\s\S]*?```/g, '')
  .split(/\n\n|\n(?=- )/)
  .map((text) => ({
    text: text.replaceAll(/`[^`]*`/g, '').replaceAll(/\]\([^)]*\)/g, ']'),
    commands: [...text.matchAll(/`(np[mx] [^`]*)`/g)].map(([, command]) => command ?? ''),
  }));

/** A number, or a word that is one. */
const NUMBER =
  /\b\d[\d.,]*\b|\b(?:half|halves|third|quarter|fifth|tenth|twice|times|double|dozen|hundred|thousand|million)\b/g;

/** Numbers that nobody measures: names, versions, statuses, what a benchmark asks. */
const NAMES = [
  ...[/\b404\b/g, /\b400\b/g, /Node 20 or newer/g, /AES-256-GCM/g],
  ...[/HTTP\/1\.1/g, /at 50 a second/g, /a million or ten million rows/g],
];

const results = readSavedRun()?.results ?? [];
const measured = (metric: string, contender: string): number =>
  spreadOfMetric(results, metric, contender)?.median ?? Number.NaN;
const casesOf = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

interface Figure {
  /** As the page has it, its lines joined. */
  words: string;
  /** The beginning of the command that measures it. */
  command: string;
  holds(): void;
}

const eventsOf = (contender: string) => measured('CPU per event', contender);
const ODD_REQUESTS = 'test/e2e/odd-requests.test.ts';

const FIGURES: Figure[] = [
  {
    words: 'less than 80 MB when idle',
    command: 'npm run bench',
    holds: () => expect(measured('idle memory', 'passthrough')).toBeLessThan(80),
  },
  {
    words: 'about 35 KB for an open stream',
    command: 'npm run bench',
    holds: () => {
      expect(measured('memory per open stream', 'passthrough')).toBeLessThan(42);
      expect(measured('memory per open stream', 'passthrough')).toBeGreaterThan(28);
    },
  },
  {
    words: 'about a third of the CPU that Portkey takes in front of the same upstream, or less',
    command: 'npm run bench',
    holds: () => expect(eventsOf('passthrough') / eventsOf('Portkey')).toBeLessThan(0.37),
  },
  {
    words: 'at most 198 headers',
    command: `npx bun test ${ODD_REQUESTS}`,
    holds: () => {
      expect(casesOf(ODD_REQUESTS)).toContain("['198 headers', get(withHeaders(197)), 200]");
      expect(casesOf(ODD_REQUESTS)).toContain("['199 headers', get(withHeaders(198)), 431]");
    },
  },
  {
    words: '16 KB together',
    command: `npx bun test ${ODD_REQUESTS}`,
    holds: () => {
      expect(casesOf(ODD_REQUESTS)).toContain("['headers of 15 KB', ");
      expect(casesOf(ODD_REQUESTS)).toContain("['headers of 17 KB', ");
    },
  },
];

const joined = (text: string): string => text.replaceAll(/\s+/g, ' ');

describe('a number of the README or of the limits', () => {
  test.each(FIGURES)('$words', ({ words, command, holds }) => {
    const passage = PASSAGES.find(({ text }) => joined(text).includes(words));
    expect(passage?.commands.some((one) => one.startsWith(command))).toBe(true);
    holds();
  });

  test('none is there besides', () => {
    const others = PASSAGES.flatMap(({ text }) => {
      let rest = joined(text);
      for (const { words } of FIGURES) rest = rest.replace(words, '');
      for (const name of NAMES) rest = rest.replaceAll(name, '');
      return rest.match(NUMBER) ?? [];
    });
    expect(others).toEqual([]);
  });

  test('its command is there', () => {
    for (const command of PASSAGES.flatMap(({ commands }) => commands)) {
      const script = /^npm run (?:-s )?([\w:-]+)/.exec(command)?.[1];
      if (script !== undefined) expect(Object.keys(scripts)).toContain(script);
      const file = /^npx bun test (\S+)/.exec(command)?.[1];
      if (file !== undefined) expect(existsSync(join(ROOT, file))).toBe(true);
    }
  });
});
