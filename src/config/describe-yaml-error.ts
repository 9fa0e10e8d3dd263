// Describes errors of the YAML parser in words that say what to do and quote nothing of the file.
import type { YAMLError } from 'yaml';

/** Detected without the parser. */
export const DEFINED_TWICE = 'this key is defined twice; keep one of the two';

const WORDS: Partial<Record<YAMLError['code'], string>> = {
  TAB_AS_INDENT: 'a tab indents this line; use spaces',
  BLOCK_IN_FLOW: 'inside { } or [ ] a comma is missing between two entries',
  BLOCK_AS_IMPLICIT_KEY: 'a second ": " in one line; put a value that contains one in quotes',
  MULTILINE_IMPLICIT_KEY: 'this line has no ": " after its key, or the next one is indented wrongly',
  BAD_ALIAS: 'a value that begins with * must be in quotes',
  BAD_DQ_ESCAPE: 'in double quotes \\ begins an unknown escape; use single quotes, or write \\\\',
  BAD_SCALAR_START: 'a value that begins with a special character must be in quotes',
  TAG_RESOLVE_FAILED:
    'this tag (!) is not known; a value that begins with ! must be in quotes, and a variable is written env:NAME',
};

/** Undefined if the parser's own words are used. */
export function describeYamlError({ code, message }: YAMLError): string | undefined {
  if (code === 'BAD_INDENT') {
    return message.startsWith('Flow')
      ? 'a { or [ is not closed, or what is inside is not indented more than its key'
      : 'this line is not indented like the keys around it';
  }
  if (code === 'MISSING_CHAR' && message.includes('quote')) return 'a quote is not closed';
  if (code === 'MISSING_CHAR' && message.startsWith('Implicit map keys')) {
    return 'this line has no ": " after its key; a key that begins with * must be in quotes';
  }
  if (code === 'UNEXPECTED_TOKEN' && message.endsWith('at node end')) {
    return 'there is more after the end of this value; text that has braces or begins with a quote or * must be in quotes as a whole, and a variable is written env:NAME';
  }
  // The parser quotes the line, and reports what follows as a second error.
  if (message.startsWith('Block scalar header') || message.startsWith('Not a YAML token')) {
    return 'a value that begins with | or > must be in quotes, or begin on the next line';
  }
  return WORDS[code];
}
