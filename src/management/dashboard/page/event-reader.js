// Reads server-sent events from text that comes in pieces: https://html.spec.whatwg.org/multipage/server-sent-events.html

/**
 * @param {(name: string, data: string) => void} onEvent
 * @returns {(text: string) => void}
 */
export function createEventReader(onEvent) {
  let rest = '';
  let name = '';
  /** @type {string[]} */
  let data = [];

  /** @param {string} line */
  function take(line) {
    if (line === '') {
      if (data.length > 0) onEvent(name || 'message', data.join('\n'));
      name = '';
      data = [];
      return;
    }
    const [, field = '', value = ''] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
    if (field === 'event') name = value;
    else if (field === 'data') data.push(value);
  }

  return (text) => {
    rest += text;
    // A CR at the end may be half of a CRLF.
    const lines = rest.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? '';
    for (const line of lines) take(line);
  };
}
