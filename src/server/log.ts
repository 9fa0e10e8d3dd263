// The server's one way to the console: one line per event, on stderr, since stdout belongs to commands' answers.

import { printable } from '../model/printable.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type LogFields = Record<string, unknown>;
export type Log = (level: LogLevel, message: string, fields?: LogFields) => void;

/** Read for each line: what it says may change while the log is in use. */
export interface LogOptions {
  format: 'text' | 'json';
  /** Lesser levels are not written. */
  level: LogLevel;
  write?: (line: string) => void;
  now?: () => Date;
}

const RANK: Record<LogLevel, number> = { debug: 0, info: 1, warn: 2, error: 3 };

export function createLog(options: LogOptions): Log {
  const write = options.write ?? ((line: string) => console.error(line));
  const now = options.now ?? (() => new Date());
  return (level, message, fields = {}) => {
    if (RANK[level] < RANK[options.level]) return;
    const time = now().toISOString();
    write(
      options.format === 'json'
        ? JSON.stringify({ time, level, message, ...plain(fields) })
        : [time, level.toUpperCase().padEnd(5), oneLine(message), ...textFields(fields)].join(' '),
    );
  };
}

/** From `SLUICE_LOG`: `json` or `text`, and a level, in any order (`json,debug`). Other words are ignored. */
export function parseLogSetting(setting: string | undefined): Partial<Pick<LogOptions, 'format' | 'level'>> {
  const words = (setting ?? '').toLowerCase().split(/[\s,]+/);
  const level = (['debug', 'info', 'warn', 'error'] as const).find((name) => words.includes(name));
  const format = (['json', 'text'] as const).find((name) => words.includes(name));
  return { ...(format !== undefined && { format }), ...(level !== undefined && { level }) };
}

/** Errors as their messages: they would be `{}` in JSON. */
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
  return printable(message.replaceAll(/\s*[\r\n]\s*/g, ' '));
}
