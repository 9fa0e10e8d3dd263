// One line per event, for people or for machines.
import { expect, test } from 'bun:test';
import { localTime } from '../../src/model/local-time.ts';
import { createLog, type LogOptions, logSettingProblem, parseLogSetting } from '../../src/server/log.ts';

/** Of every line, as on the clock of this machine. */
const AT = localTime(0);

function logTo(options: Pick<LogOptions, 'format' | 'level'>) {
  const lines: string[] = [];
  const now = () => new Date(0);
  return { lines, log: createLog({ ...options, now, write: (line) => lines.push(line) }) };
}

test('as text, a line has time, level, message and what belongs to it', () => {
  const { log, lines } = logTo({ format: 'text', level: 'info' });
  log('warn', 'one\n  line', {
    file: '/a/b.yaml',
    error: new Error('two "words"'),
    count: 2,
    none: undefined,
  });
  expect(lines).toEqual([String.raw`${AT} WARN  one line file=/a/b.yaml error="two \"words\"" count=2`]);
});

test('text of others does not steer a terminal', () => {
  const { log, lines } = logTo({ format: 'text', level: 'info' });
  log('warn', 'up\r\nstream said \u001b[2J', { model: '\u001b]52;c;x\u0007', agent: 'a\u009b31m' });
  expect(lines).toEqual([`${AT} WARN  up stream said ␛[2J model="\\u001b]52;c;x\\u0007" agent="a\ufffd31m"`]);
});

test('blanks stay but around a new line, and very many of them take no time out of proportion', () => {
  const { log, lines } = logTo({ format: 'text', level: 'info' });
  log('warn', `a  b \n\t\r\n c${' '.repeat(100_000)}d`);
  expect(lines[0]).toEndWith(` WARN  a  b c${' '.repeat(100_000)}d`);
});

test('as JSON, a line is an object with the same', () => {
  const { log, lines } = logTo({ format: 'json', level: 'info' });
  log('error', 'a\nb', { error: new Error('no'), list: [1] });
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    { time: '1970-01-01T00:00:00.000Z', level: 'error', message: 'a\nb', error: 'no', list: [1] },
  ]);
});

test('lesser levels are left out', () => {
  const { log, lines } = logTo({ format: 'text', level: 'warn' });
  for (const level of ['debug', 'info', 'warn', 'error'] as const) log(level, level);
  expect(lines).toHaveLength(2);
});

test.each([
  [undefined, {}],
  ['json', { format: 'json' }],
  ['debug', { level: 'debug' }],
  ['json,debug', { format: 'json', level: 'debug' }],
  ['ERROR text', { format: 'text', level: 'error' }],
  ['nonsense', {}],
] as const)('SLUICE_LOG=%s', (setting, said) => {
  expect(parseLogSetting(setting)).toEqual(said);
});

test('settings that change hold for the next line', () => {
  const lines: string[] = [];
  const settings: LogOptions = { format: 'text', level: 'warn', write: (line) => lines.push(line) };
  const log = createLog(settings);
  log('info', 'one');
  Object.assign(settings, { format: 'json', level: 'info' });
  log('info', 'two');
  expect(lines.map((line) => (JSON.parse(line) as { message: string }).message)).toEqual(['two']);
});

test('a word of SLUICE_LOG that means nothing is reported with those that do', () => {
  expect(logSettingProblem('json,loud, DEBUG')).toBe(
    'SLUICE_LOG: "loud" is neither a format nor a level; there are json, text, debug, info, warn, error',
  );
  for (const fine of [undefined, '', 'json', 'warn text']) expect(logSettingProblem(fine)).toBeUndefined();
});
