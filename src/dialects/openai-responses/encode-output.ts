// What the parts of the encoder share: numbered events, and the list of items that the last event repeats.
// The format demands that repetition, so the answer's text is kept, once.
import type { JsonObject } from '../../model/json.ts';
import { createKeptText } from '../../model/kept-text.ts';

export interface OutputWriter {
  /** One event as wire text. */
  event(type: string, fields: JsonObject): string;
  /** One event around JSON that was made before: `json` begins with `{` and lacks the closing brace. */
  raw(type: string, json: string): string;
  /** Takes the place of the next item. */
  place(): number;
  nextPlace(): number;
  added(place: number, item: JsonObject): string;
  /** Also keeps the item for the last event. */
  done(place: number, item: JsonObject): string;
  /** The number of the last event that the client has. */
  numberAfter(sequence: number): void;
  /** The client has this whole item already. */
  keep(place: number, item: JsonObject): void;
  /** The place of the item that the client has got last: the next one follows it. */
  placeAfter(place: number): void;
  /** Items so far as the inside of a JSON array. */
  items(): string;
}

export function createOutputWriter(): OutputWriter {
  let sequence = 0;
  let places = 0;
  const items: string[] = [];

  function raw(type: string, json: string): string {
    return `event: ${type}\ndata: ${json},"sequence_number":${sequence++}}\n\n`;
  }

  function about(type: string, place: number, item: string): string {
    return raw(type, `{"type":"${type}","output_index":${place},"item":${item}`);
  }

  return {
    raw,
    event: (type, fields) => raw(type, JSON.stringify({ type, ...fields }).slice(0, -1)),
    place: () => places++,
    nextPlace: () => places,
    added: (place, item) => about('response.output_item.added', place, JSON.stringify(item)),
    done(place, item) {
      const json = JSON.stringify(item);
      items[place] = json;
      return about('response.output_item.done', place, json);
    },
    numberAfter(last) {
      sequence = last + 1;
    },
    keep(place, item) {
      items[place] = JSON.stringify(item);
    },
    placeAfter(place) {
      places = place + 1;
    },
    items: () => items.filter((item) => item !== undefined).join(','),
  };
}

export interface DeltaWriter {
  /** Keeps the text and gives its event, '' for none. */
  push(text: string): string;
  /** All text so far. */
  text(): string;
}

/** Deltas of one part: everything of the event but the text is made once. */
export function createDeltaWriter(
  output: OutputWriter,
  type: string,
  place: JsonObject,
  suffix = '',
): DeltaWriter {
  const prefix = `${JSON.stringify({ type, ...place }).slice(0, -1)},"delta":`;
  const kept = createKeptText();
  return {
    push(delta) {
      if (delta === '') return '';
      kept.add(delta);
      return output.raw(type, prefix + JSON.stringify(delta) + suffix);
    },
    text: kept.text,
  };
}
