// The server's only way to the console: one line per event, on stderr, since stdout is for commands' answers.

import { localTime } from '../model/local-time.ts';
import { printable } from '../model/printable.ts';
import { reportLostLines, writeStandardError } from './standard-error.ts';

type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type LogFields = Record<string, unknown>;
export type Log = (level: LogLevel, message: string, fields?: LogFields) => void;

/** Read for each line, since values may change while the log is in use. */
export interface LogOptions {
  format: 'text' | 'json';
  /** Lower levels are not written. */
  level: LogLevel;
  write?: (line: string) => void;
  now?: () => Date;
}

const RANK: Record<LogLevel, number> = { debug: 0, info: 1, warn: 2, error: 3 };

export function createLog(options: LogOptions): Log {
  const write = options.write ?? writeStandardError;
  const now = options.now ?? (() => new Date());
  return (level, message, fields = {}) => {
    if (RANK[level] < RANK[options.level]) return;
    const time = now();
    write(
      options.format === 'json'
        ? JSON.stringify({ time: time.toISOString(), level, message, ...plain(fields) })
        : [localTime(time), level.toUpperCase().padEnd(5), oneLine(message), ...textFields(fields)].join(' '),
    );
  };
}

/** Makes the log say that lines were lost, once it can be written again. */
export function noteLostLines(log: Log): void {
  reportLostLines((lines, error) =>
    log('error', 'lines of this log were lost, since it could not be written', { lines, error }),
  );
}

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;
const FORMATS = ['json', 'text'] as const;

/** From `SLUICE_LOG`: `json` or `text`, and a level, in any order (`json,debug`). Other words are ignored. */
export function parseLogSetting(setting: string | undefined): Partial<Pick<LogOptions, 'format' | 'level'>> {
  const words = wordsOf(setting);
  const level = LEVELS.find((name) => words.includes(name));
  const format = FORMATS.find((name) => words.includes(name));
  return { ...(format !== undefined && { format }), ...(level !== undefined && { level }) };
}

/** What is wrong with `SLUICE_LOG`; undefined if nothing is. */
export function logSettingProblem(setting: string | undefined): string | undefined {
  const known: readonly string[] = [...FORMATS, ...LEVELS];
  const unknown = wordsOf(setting).filter((word) => !known.includes(word));
  if (unknown.length === 0) return undefined;
  return `SLUICE_LOG: ${unknown.map((word) => `"${word}"`).join(', ')} is neither a format nor a level; there are ${known.join(', ')}`;
}

function wordsOf(setting: string | undefined): string[] {
  return (setting ?? '')
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((word) => word !== '');
}

/** Replaces errors by their messages, since in JSON they would be `{}`. */
function plain(fields: LogFields): LogFields {
  const entries = Object.entries(fields).map(([key, value]) => [
    key,
    value instanceof Error ? value.message : value,
  ]);
  return Object.fromEntries(entries);
}

function textFields(fields: LogFields): string[] {
  return Object.entries(plain(fields))
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}=${textValue(value)}`);
}

function textValue(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  return /^[\w./:@+-]+$/.test(value) ? value : printable(JSON.stringify(value));
}

function oneLine(message: string): string {
  return printable(message.replaceAll(/\s+/g, (blanks) => (/[\r\n]/.test(blanks) ? ' ' : blanks)));
}
