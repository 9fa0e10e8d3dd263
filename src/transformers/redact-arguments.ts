// Redacts the arguments of a tool call as they stream: in the JSON only string values are searched, after unescaping. What is kept keeps
// its spelling, so that the whole remains valid JSON.
import type { Program } from './pattern/program.ts';
import { createScanner, type Decision } from './pattern/scanner.ts';

export interface ArgumentsRedactor {
  feed(text: string): void;
  flush(): void;
}

interface RedactionRule {
  program: Program;
  window: number;
  replacement: string;
}

type Create = (rule: RedactionRule, emit: (text: string) => void, noteMatch: () => void) => ArgumentsRedactor;

/** For arguments that are plain text. */
export const createTextRedactor: Create = ({ program, window, replacement }, emit, noteMatch) => {
  let held = '';
  let settled = 0;
  let out = '';
  const scanner = createScanner(program, window, (end, decision) => {
    if (decision === 'keep') out += held.slice(0, end - settled);
    if (decision === 'match') {
      out += replacement;
      noteMatch();
    }
    held = held.slice(end - settled);
    settled = end;
  });
  const give = () => {
    if (out !== '') emit(out);
    out = '';
  };
  return {
    feed(text) {
      held += text;
      scanner.feed(text);
      give();
    },
    flush() {
      scanner.flush();
      give();
    },
  };
};

/** Field names, numbers and everything else that is not a string value stay unchanged. */
export const createArgumentsRedactor: Create = ({ program, window, replacement }, emit, noteMatch) => {
  const inString = JSON.stringify(replacement).slice(1, -1);
  let out = '';
  /** The position in the JSON: the open brackets, and whether a name comes next. */
  const open: ('{' | '[')[] = [];
  let nameNext = false;
  let string: 'name' | 'value' | undefined;
  /** An escape that is not complete yet. */
  let escaped = '';
  /** The original spelling of each waiting character. */
  const spelled: string[] = [];
  let settled = 0;
  const scanner = createScanner(program, window, decide);

  function decide(end: number, decision: Decision): void {
    const text = spelled.splice(0, end - settled).join('');
    settled = end;
    if (decision === 'keep') out += text;
    if (decision === 'match') {
      out += inString;
      noteMatch();
    }
  }

  function takeInString(char: string): void {
    if (escaped !== '' || char === '\\') {
      escaped += char;
      if (escaped.length < (escaped[1] === 'u' ? 6 : 2)) return;
      say(unescaped(escaped), escaped);
      escaped = '';
    } else if (char === '"') {
      endString();
      out += char;
    } else say(char, char);
  }

  function say(char: string, spelling: string): void {
    if (string === 'name') {
      out += spelling;
      return;
    }
    spelled.push(spelling);
    scanner.feed(char);
  }

  function endString(): void {
    string = undefined;
    scanner.flush();
    out += escaped;
    escaped = '';
  }

  function takeOutside(char: string): void {
    out += char;
    switch (char) {
      case '"':
        string = nameNext ? 'name' : 'value';
        return;
      case '{':
      case '[':
        open.push(char);
        nameNext = char === '{';
        return;
      case '}':
      case ']':
        open.pop();
        return;
      case ',':
        nameNext = open.at(-1) === '{';
        return;
      case ':':
        nameNext = false;
    }
  }

  function give(): void {
    if (out !== '') emit(out);
    out = '';
  }

  return {
    feed(text) {
      for (let at = 0; at < text.length; at++) {
        const char = text[at] ?? '';
        if (string === undefined) takeOutside(char);
        else takeInString(char);
      }
      give();
    },
    flush() {
      endString();
      give();
    },
  };
};

/** The UTF-16 unit that an escape stands for. An invalid escape stands for itself, and the JSON's reader reports it. */
function unescaped(escaped: string): string {
  try {
    const value: unknown = JSON.parse(`"${escaped}"`);
    return typeof value === 'string' ? value : '\ufffd';
  } catch {
    return '\ufffd';
  }
}
