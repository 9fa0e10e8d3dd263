// Arguments that a newer model streams value by value, each with a JSON path, written as the text of one JSON object.
// https://cloud.google.com/vertex-ai/generative-ai/docs/multimodal/function-calling#streaming-fc
import { asString, type JsonObject } from '../../model/json/json.ts';

export interface ArgumentWriter {
  /**
   * The text that a partial argument adds; undefined if it cannot follow what is written, since its place is closed already, or its path
   * cannot be read.
   */
  write(partial: JsonObject): string | undefined;
  /** Returns the text that closes the object. Nothing may be written after it. */
  end(): string;
}

interface Container {
  isArray: boolean;
  keys: Set<string | number>;
}

type Path = (string | number)[];

export function createArgumentWriter(): ArgumentWriter {
  /** From the root object to the innermost open one; `at[i]` is the key in `containers[i]` of the next one. */
  const containers: Container[] = [];
  let at: Path = [];
  /** The path of a text value that will be continued. */
  let openText: string | undefined;

  function child({ isArray, keys }: Container, key: string | number): string | undefined {
    // Elements must come in order, and each key only once, since written text cannot be changed.
    if (isArray ? key !== keys.size : typeof key !== 'string' || keys.has(key)) return undefined;
    const separator = keys.size === 0 ? '' : ',';
    keys.add(key);
    return isArray ? separator : `${separator}${JSON.stringify(key)}:`;
  }

  function closeTo(depth: number): string {
    let text = '';
    while (containers.length > depth) text += containers.pop()?.isArray === true ? ']' : '}';
    at = at.slice(0, Math.max(0, depth - 1));
    return text;
  }

  function begin(): string {
    if (containers.length > 0) return '';
    containers.push({ isArray: false, keys: new Set() });
    return '{';
  }

  function endText(): string {
    const text = openText === undefined ? '' : '"';
    openText = undefined;
    return text;
  }

  /** Closes and opens containers between the last position and that of `path`, up to its key. */
  function moveTo(path: Path): string | undefined {
    let shared = 0;
    while (shared < at.length && shared < path.length - 1 && at[shared] === path[shared]) shared++;
    let text = endText() + begin() + closeTo(shared + 1);
    for (let depth = shared; depth < path.length; depth++) {
      const key = path[depth];
      const container = containers[depth];
      const opening = key === undefined || container === undefined ? undefined : child(container, key);
      if (key === undefined || opening === undefined) return undefined;
      text += opening;
      if (depth === path.length - 1) break;
      const isArray = typeof path[depth + 1] === 'number';
      containers.push({ isArray, keys: new Set() });
      at.push(key);
      text += isArray ? '[' : '{';
    }
    return text;
  }

  return {
    write(partial) {
      const wanted = asString(partial.jsonPath) ?? '';
      const text = asString(partial.stringValue);
      const goesOn = partial.willContinue === true;
      if (openText === wanted && text !== undefined) {
        return JSON.stringify(text).slice(1, -1) + (goesOn ? '' : endText());
      }
      const path = parsePath(wanted);
      const opening = path === undefined ? undefined : moveTo(path);
      if (opening === undefined) return undefined;
      if (text === undefined) return opening + plainValue(partial);
      openText = wanted;
      return opening + JSON.stringify(text).slice(0, -1) + (goesOn ? '' : endText());
    },
    end: () => endText() + begin() + closeTo(0),
  };
}

function plainValue(partial: JsonObject): string {
  return JSON.stringify(partial.numberValue ?? partial.boolValue ?? null);
}

const STEP = /\.([^.[\]'"]+)|\[(\d+)\]|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]/y;

/** `$.a['b c'][0]` as its keys (RFC 9535, names and indexes only). */
function parsePath(text: string): Path | undefined {
  if (!text.startsWith('$') || text.length === 1) return undefined;
  const path: Path = [];
  STEP.lastIndex = 1;
  while (STEP.lastIndex < text.length) {
    const match = STEP.exec(text);
    if (match === null) return undefined;
    const [, name, index, single, double] = match;
    if (index !== undefined) path.push(Number(index));
    else path.push(name ?? (single ?? double ?? '').replace(/\\(.)/g, '$1'));
  }
  return path;
}
