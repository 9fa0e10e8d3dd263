// Tells whether fragments of JSON add up to a complete object or array, in constant memory.

export interface JsonCompleteness {
  push(fragment: string): void;
  /** Nothing but white space so far. */
  empty(): boolean;
  /** One value has begun and every bracket and string of it is closed. */
  complete(): boolean;
}

export function createJsonCompleteness(): JsonCompleteness {
  let depth = 0;
  let inString = false;
  let escaped = false;
  let begun = false;
  return {
    push(fragment) {
      for (let index = 0; index < fragment.length; index++) {
        const code = fragment.charCodeAt(index);
        if (inString) {
          if (escaped) escaped = false;
          else if (code === 92) escaped = true;
          else if (code === 34) inString = false;
        } else if (code === 34) {
          inString = true;
          begun = true;
        } else if (code === 123 || code === 91) {
          depth++;
          begun = true;
        } else if (code === 125 || code === 93) depth--;
        else if (code > 32) begun = true;
      }
    },
    empty: () => !begun,
    complete: () => begun && depth === 0 && !inString,
  };
}
