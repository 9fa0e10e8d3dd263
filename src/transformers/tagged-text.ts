// Reads text whose leading part may stand between two tags, however the text is divided into pieces.

export interface Tags {
  open: string;
  /** The closing tag with the text that is written after it. */
  close: string;
  /** The closing tag alone. */
  end: string;
}

/** In UTF-16 units, the most white space before an opening tag: after more of it, the model's text has begun. */
const MOST_BLANKS = 10_000;

export function tagsOf(name: string): Tags {
  const end = `</${name}>`;
  return { open: `<${name}>`, close: `${end}\n\n`, end };
}

export interface TagReader {
  feed(text: string): void;
  /** To be called when no more text comes: what was held back is taken as it stands. */
  flush(): void;
}

/**
 * Only tagged text at the very beginning, and what directly follows it, is recognized: a tag in the middle of prose
 * or code is text. White space before the opening tag and line breaks after either tag belong to the tags.
 * @param opened whether the text begins inside the tags.
 */
export function createTagReader(
  tags: Tags,
  opened: boolean,
  take: (text: string, inside: boolean) => void,
): TagReader {
  let held = '';
  /** White space before the held text while the state is `leading`; each piece of it is scanned only once. */
  let blanks = '';
  let state: 'leading' | 'inside' | 'outside' = opened ? 'inside' : 'leading';
  /** Whether the text directly follows a tag. */
  let trims = opened;

  const emit = (text: string, inside: boolean) => {
    if (text !== '') take(text, inside);
  };

  function readLeading(): boolean {
    const text = held.trimStart();
    blanks += held.slice(0, held.length - text.length);
    held = text;
    if (text.startsWith(tags.open)) {
      held = text.slice(tags.open.length);
      blanks = '';
      state = 'inside';
      trims = true;
      return true;
    }
    if (tags.open.startsWith(text) && blanks.length <= MOST_BLANKS) return false;
    state = 'outside';
    held = blanks + text;
    return true;
  }

  function readInside(): boolean {
    if (trims) held = held.replace(/^[\r\n]+/, '');
    if (held === '') return false;
    trims = false;
    const at = held.indexOf(tags.end);
    if (at === -1) {
      const safe = held.length - overlap(held, tags.end);
      emit(held.slice(0, safe), true);
      held = held.slice(safe);
      return false;
    }
    emit(held.slice(0, at), true);
    held = held.slice(at + tags.end.length);
    // Some models think twice in a row.
    state = 'leading';
    trims = true;
    return true;
  }

  function readOutside(): boolean {
    if (trims) held = held.replace(/^[\r\n]+/, '');
    if (held !== '') trims = false;
    emit(held, false);
    held = '';
    return false;
  }

  return {
    feed(text) {
      held += text;
      while (held !== '' && read());
    },
    flush() {
      if (state === 'leading') held = blanks + held;
      emit(trims ? held.replace(/^[\r\n]+/, '') : held, state === 'inside');
      held = '';
      blanks = '';
    },
  };

  function read(): boolean {
    if (state === 'leading') return readLeading();
    return state === 'inside' ? readInside() : readOutside();
  }
}

/** How many characters at the end of `text` could be the beginning of `tag`. */
function overlap(text: string, tag: string): number {
  for (let length = Math.min(text.length, tag.length - 1); length > 0; length--)
    if (tag.startsWith(text.slice(-length))) return length;
  return 0;
}
