// The text of a configuration file → its value, with the line of every key. YAML is parsed by the `yaml` package, because Bun's own parser
// reports no lines and silently accepts a repeated key; JSONC too, for its lines, with comments blanked; TOML by Bun's parser, which is
// strict.
import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type Range,
  type Scalar,
  visit,
  type YAMLError,
  type YAMLMap,
} from 'yaml';
import { findJsonFault } from '../model/json/fault.ts';
import type { KeyPath } from './problem.ts';
import { DEFINED_TWICE, describeYamlError } from './describe-yaml-error.ts';

export const CONFIG_EXTENSIONS = ['.yaml', '.yml', '.toml', '.json', '.jsonc'] as const;
export type ConfigExtension = (typeof CONFIG_EXTENSIONS)[number];

export interface FormatResult {
  /** Undefined if the text cannot be read. */
  value: unknown;
  errors: { line: number | undefined; message: string }[];
  /** The line, from 1, of the key or of the nearest section above it; undefined if none is known. */
  lineOf(path: KeyPath): number | undefined;
}

/** In UTF-16 units. Parsing a longer text, which nobody has written by hand, would take very long. */
const LONGEST_TEXT = 1024 * 1024;
/** Limited, since resolving each alias walks through the whole file. */
const MOST_ALIASES = 1_000;
/** Limited, since parsers are recursive. */
const DEEPEST = 100;

const TOO_DEEP = `it is nested deeper than ${DEEPEST} levels`;

export function parseConfigText(text: string, extension: ConfigExtension): FormatResult {
  const clean = text.replace(/^\uFEFF/, '');
  if (clean.length > LONGEST_TEXT) {
    const message = `the file has ${clean.length} characters, and at most ${LONGEST_TEXT} are read; is it the right one?`;
    return { value: undefined, errors: [{ line: undefined, message }], lineOf: () => undefined };
  }
  switch (extension) {
    case '.yaml':
    case '.yml':
      return parseYaml(clean);
    case '.toml':
      return parseToml(clean);
    case '.json':
    case '.jsonc':
      return parseJsonc(clean);
  }
}

function parseYaml(text: string, schema: 'core' | 'json' = 'core'): FormatResult {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    schema,
    merge: true,
    // The parser would compare each key of a section with all before it.
    uniqueKeys: false,
  });
  // To the parser an unknown tag is only a warning, and the value would be used without it.
  const tags = document.warnings.filter(({ code }) => code === 'TAG_RESOLVE_FAILED');
  const errors: FormatResult['errors'] = [...document.errors, ...tags].map((error) => ({
    line: lines.linePos(error.pos[0]).line,
    message: describeError(error),
  }));
  if (errors.length === 0) errors.push(...wrongNodes(document, lines));
  // Throws if aliases expand exponentially.
  let value: unknown;
  try {
    value = errors.length === 0 ? document.toJS() : undefined;
  } catch {
    errors.push({ line: undefined, message: 'its aliases expand too much' });
  }
  return {
    value,
    errors,
    lineOf: (path) => {
      const offset = offsetOf(document, path);
      return offset === undefined ? undefined : lines.linePos(offset).line;
    },
  };
}

function describeError(error: YAMLError): string {
  if (error.code === 'MULTIPLE_DOCS') return 'a second document begins; a file has one';
  if (error.message.includes('Maximum call stack')) return TOO_DEEP;
  return describeYamlError(error) ?? withoutValues(error.message);
}

/**
 * Finds keys that are defined twice, aliases without an anchor, aliases within their own anchor (of which the parser makes an object that
 * contains itself), and what would take too long to resolve.
 */
function wrongNodes(document: Document.Parsed, lines: LineCounter): FormatResult['errors'] {
  const wrong: FormatResult['errors'] = [];
  const anchors = new Map<string, Node>();
  let aliases = 0;
  const report = (message: string, range?: Range | null) =>
    void wrong.push({ line: range ? lines.linePos(range[0]).line : undefined, message });
  visit(document, {
    Alias(_, { source, range }, path) {
      aliases++;
      const named = anchors.get(source);
      if (aliases > MOST_ALIASES) {
        report(`this alias (*) is one too many: a file has at most ${MOST_ALIASES}`, range);
        return visit.BREAK;
      }
      if (named === undefined)
        report(
          'this alias (*) refers to no anchor before it; a value that begins with * must be in quotes',
          range,
        );
      else if (path.includes(named)) report('this alias (*) is inside its own anchor', range);
      return undefined;
    },
    Value(_, node, path) {
      if (node.anchor !== undefined) {
        anchors.set(node.anchor, node);
        if (isScalar(node) && node.type === 'PLAIN' && node.source === '')
          report('this anchor (&) names nothing; a value that begins with & must be in quotes', node.range);
      }
      if (path.length > DEEPEST && path.filter(isCollection).length >= DEEPEST) {
        report(TOO_DEEP, node.range);
        return visit.BREAK;
      }
      if (isMap(node)) for (const key of repeatedKeys(node)) report(DEFINED_TWICE, key.range);
      return undefined;
    },
  });
  return wrong;
}

/** `<<` may occur several times, since its value is a new symbol each time. */
function repeatedKeys({ items }: YAMLMap): Scalar[] {
  const seen = new Set<unknown>();
  const repeated: Scalar[] = [];
  for (const { key } of items) {
    if (!isScalar(key)) continue;
    if (seen.has(key.value)) repeated.push(key);
    seen.add(key.value);
  }
  return repeated;
}

function offsetOf(document: Document.Parsed, path: KeyPath): number | undefined {
  let node: unknown = document.contents;
  let offset: number | undefined;
  for (const part of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = pairOf(node, String(part), document);
      if (pair === undefined) break;
      if (isScalar(pair.key)) offset = pair.key.range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      const item = node.items[Number(part)];
      if (isScalar(item) || isMap(item) || isSeq(item)) offset = item.range?.[0] ?? offset;
      node = item;
    } else break;
  }
  return offset;
}

/** The section's own pair, or else one that it merges (`<<`). */
function pairOf({ items }: YAMLMap, name: string, document: Document.Parsed): Pair | undefined {
  const own = items.find(({ key }) => isScalar(key) && String(key.value) === name);
  if (own !== undefined) return own;
  for (const { key, value } of items) {
    if (!isScalar(key) || typeof key.value !== 'symbol') continue;
    for (const merged of isSeq(value) ? value.items : [value]) {
      const section = isAlias(merged) ? merged.resolve(document) : merged;
      const pair = isMap(section) ? pairOf(section, name, document) : undefined;
      if (pair !== undefined) return pair;
    }
  }
  return undefined;
}

function parseJsonc(text: string): FormatResult {
  const blanked = blankComments(text);
  // Parsed by YAML's JSON schema to get lines, and to detect a repeated key, which JSON.parse accepts silently.
  const located = parseYaml(blanked, 'json');
  try {
    const value: unknown = JSON.parse(blanked);
    return located.errors.length > 0 ? located : { ...located, value };
  } catch {
    return { ...located, value: undefined, errors: [jsonError(blanked)] };
  }
}

/** Quotes nothing of the text, which may be a secret. */
function jsonError(text: string): FormatResult['errors'][number] {
  const fault = findJsonFault(text);
  if (fault === undefined) return { line: undefined, message: 'not valid JSON' };
  const where = fault.isEnd ? 'it ends too early' : `see column ${fault.column}`;
  return { line: fault.line, message: `not valid JSON: ${where}` };
}

/** Replaces comments and trailing commas by blanks, so that every other character keeps its position. */
function blankComments(text: string): string {
  const blank = (found: string) => found.replaceAll(/[^\n]/g, ' ');
  return text
    .replaceAll(/"(?:\\.|[^"\\\n])*"|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, (found) =>
      found.startsWith('"') ? found : blank(found),
    )
    .replaceAll(/"(?:\\.|[^"\\\n])*"|,(?=\s*[}\]])/g, (found) => (found === ',' ? ' ' : found));
}

function parseToml(text: string): FormatResult {
  const lineOf = (path: KeyPath) => tomlLineOf(text, path);
  try {
    return { value: Bun.TOML.parse(text), errors: [], lineOf };
  } catch (error) {
    const message = withoutValues(String(error instanceof Error ? error.message : error));
    return { value: undefined, errors: [{ line: tomlErrorLine(text), message }], lineOf };
  }
}

/** Bun reports no line; it is the one after the longest beginning that can be parsed. */
function tomlErrorLine(text: string): number {
  const lines = text.split('\n');
  for (let count = lines.length - 1; count > 0; count--) {
    try {
      Bun.TOML.parse(lines.slice(0, count).join('\n'));
      return count + 1;
    } catch {
      // A shorter beginning may be parseable.
    }
  }
  return 1;
}

const TOML_KEY = /(?:[\w-]+|"[^"]*"|'[^']*')/.source;
/**
 * An entry of a list, a section, or the key of a value. Keys must be separated by dots, since one word could otherwise match in many ways.
 */
const TOML_LINE = new RegExp(
  `^\\s*(?:\\[\\[([^\\]]+)\\]|\\[([^\\]]+)\\]|(${TOML_KEY}(?:\\s*\\.\\s*${TOML_KEY})*)\\s*=)`,
);

/** Looks for keys line by line, so text within a multi-line string can be mistaken for one. */
function tomlLineOf(text: string, path: KeyPath): number | undefined {
  const entries = new Map<string, number>();
  let table: KeyPath = [];
  let best: { depth: number; line: number } | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    const [, list, section, key] = TOML_LINE.exec(line) ?? [];
    const header = list ?? section;
    if (header !== undefined) table = tablePath(dotted(header), list !== undefined, entries);
    else if (key === undefined) continue;
    let found = key === undefined ? table : [...table, ...dotted(key)];
    // The first entry stands for the list.
    if (list !== undefined && path.length < found.length) found = found.slice(0, -1);
    const depth = found.filter((part, at) => found.length <= path.length && part === path[at]).length;
    if (depth === found.length && depth > (best?.depth ?? 0)) best = { depth, line: index + 1 };
  }
  return best?.line;
}

/** The path, with the index of each list's newest entry after its name. @param entries the newest entry of each list so far. */
function tablePath(names: readonly string[], beginsEntry: boolean, entries: Map<string, number>): KeyPath {
  const path: (string | number)[] = [];
  for (const [at, name] of names.entries()) {
    path.push(name);
    const list = JSON.stringify(path);
    if (beginsEntry && at === names.length - 1) entries.set(list, (entries.get(list) ?? -1) + 1);
    const entry = entries.get(list);
    if (entry !== undefined) path.push(entry);
  }
  return path;
}

function dotted(name: string): string[] {
  return (name.match(/"[^"]*"|'[^']*'|[\w-]+/g) ?? []).map((part) => part.replaceAll(/^["']|["']$/g, ''));
}

/** Parsers quote the text at fault, which may be a secret key. */
function withoutValues(message: string): string {
  return message.replace(/:? *"[\s\S]*"/, '').replace(/^(?:YAML|TOML) Parse error: /, '');
}
