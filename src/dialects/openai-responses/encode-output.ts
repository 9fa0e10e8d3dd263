// What the parts of the encoder share: numbered events, and the list of items that the last event repeats. The format repeats each text
// four times, so each is kept once, as the JSON that all repetitions contain.
import { flatText } from '../../model/flat-text.ts';
import type { JsonObject } from '../../model/json/json.ts';
import { PiecedText } from '../../model/kept-text.ts';

/** Marks the place in an object where the kept JSON belongs. */
export const KEPT = '\0kept\0';
const KEPT_JSON = JSON.stringify(KEPT);

/** JSON of `value`, with `kept`, which is JSON already, in place of `KEPT`. */
export function jsonAround(value: JsonObject, kept: string | undefined): string {
  return putKept(JSON.stringify(value), kept);
}

function putKept(json: string, kept: string | undefined): string {
  if (kept === undefined) return json;
  const at = json.indexOf(KEPT_JSON);
  return at === -1 ? json : json.slice(0, at) + kept + json.slice(at + KEPT_JSON.length);
}

export class OutputWriter {
  private sequence = 0;
  private places = 0;
  private readonly kept: string[] = [];

  /** One event as wire text; `kept` as in `jsonAround`. */
  event(type: string, fields: JsonObject, kept?: string): string {
    return this.raw(type, putKept(JSON.stringify({ type, ...fields }).slice(0, -1), kept));
  }

  /** An event around JSON that was made before: `json` begins with `{` and lacks the closing brace. */
  raw(type: string, json: string): string {
    return `event: ${type}\ndata: ${json},"sequence_number":${this.sequence++}}\n\n`;
  }

  /** The same for the JSON of a text, in one piece from `event:` to the number. */
  around(head: string, text: string, tail: string): string {
    return `${head}${text}${tail}${this.sequence++}}\n\n`;
  }

  /** Reserves the place of the next item. */
  place(): number {
    return this.places++;
  }

  nextPlace(): number {
    return this.places;
  }

  added(place: number, item: JsonObject): string {
    return this.about('response.output_item.added', place, JSON.stringify(item));
  }

  /** Also keeps the item for the last event; `kept` as in `jsonAround`. */
  done(place: number, item: JsonObject, kept?: string): string {
    const json = jsonAround(item, kept);
    this.kept[place] = json;
    return this.about('response.output_item.done', place, json);
  }

  /** Sets the number of the last event that the client has. */
  numberAfter(last: number): void {
    this.sequence = last + 1;
  }

  /** Keeps a finished item that the client already has. */
  keep(place: number, item: JsonObject): void {
    this.kept[place] = JSON.stringify(item);
  }

  /** Sets the place of the last item that the client received, after which the next one comes. */
  placeAfter(place: number): void {
    this.places = place + 1;
  }

  /** Items so far as the inside of a JSON array: concatenated with `+` instead of being joined, so that long texts are not copied. */
  items(): string {
    return this.kept
      .filter((item) => item !== undefined)
      .reduce((all, item) => `${all},${item}`, '')
      .slice(1);
  }

  private about(type: string, place: number, item: string): string {
    return this.raw(type, `{"type":"${type}","output_index":${place},"item":${item}`);
  }
}

export interface DeltaWriter {
  /** Keeps the text and returns its event; empty if there is no text. */
  push(text: string): string;
  /** The same with other fields after the text, and also for an empty text. @param suffix JSON that begins with `,`. */
  pushWith(text: string, suffix: string): string;
  /** All text so far, as JSON. */
  json(): string;
  /** Length of all text so far, in UTF-16 units. */
  readonly textLength: number;
  /** Whether there is only white space so far. */
  readonly isBlank: boolean;
}

/** Deltas of one part: everything in their events but the text is made once. */
export function createDeltaWriter(
  output: OutputWriter,
  type: string,
  place: JsonObject,
  suffix = '',
): DeltaWriter {
  const fields = JSON.stringify({ type, ...place }).slice(0, -1);
  const head = flatText(`event: ${type}\ndata: `, fields, ',"delta":');
  return new KeptDeltas(output, head, flatText(suffix, ',"sequence_number":'));
}

class KeptDeltas extends PiecedText implements DeltaWriter {
  textLength = 0;
  isBlank = true;
  private readonly output: OutputWriter;
  private readonly head: string;
  private readonly tail: string;

  constructor(output: OutputWriter, head: string, tail: string) {
    super();
    this.output = output;
    this.head = head;
    this.tail = tail;
  }

  push(delta: string): string {
    return delta === '' ? '' : this.write(delta, this.tail);
  }

  pushWith(delta: string, suffix: string): string {
    return this.write(delta, `${suffix},"sequence_number":`);
  }

  private write(delta: string, tail: string): string {
    const json = JSON.stringify(delta);
    // Usually nothing needs escaping, and the text itself is kept instead of a second copy.
    this.add(json.length === delta.length + 2 ? delta : json.slice(1, -1));
    this.textLength += delta.length;
    if (this.isBlank) this.isBlank = delta.trim() === '';
    return this.output.around(this.head, json, tail);
  }

  json(): string {
    return `"${this.text()}"`;
  }
}
