// The events of a recorded stream, read without the program's own reader.

/** The `data:` payloads in order; comments and other fields are dropped. */
export function dataLines(body: Uint8Array): string[] {
  const payloads: string[] = [];
  for (const block of new TextDecoder().decode(body).split(/\r?\n\r?\n/)) {
    const lines = block.split(/\r?\n/).filter((line) => line.startsWith('data:'));
    if (lines.length > 0) payloads.push(lines.map((line) => line.slice(5).replace(/^ /, '')).join('\n'));
  }
  return payloads;
}
