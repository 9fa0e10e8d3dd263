// Header fields in JavaScript alone: of a Headers object of the runtime, each look is a call out of it.
import type { HeaderReader } from './headers.ts';

/** Names in lower case. */
export class HeaderList implements HeaderReader {
  private readonly fields = new Map<string, string>();

  /** A copy that goes its own way. */
  static of(headers: HeaderReader): HeaderList {
    const list = new HeaderList();
    headers.forEach((value, name) => {
      list.fields.set(name, value);
    });
    return list;
  }

  /** A name that comes again has its values joined, as Headers does. */
  append(name: string, value: string): void {
    const known = this.fields.get(name);
    this.fields.set(name, known === undefined ? value : `${known}, ${value}`);
  }

  set(name: string, value: string): void {
    this.fields.set(name, value);
  }

  get(name: string): string | null {
    return this.fields.get(name) ?? null;
  }

  has(name: string): boolean {
    return this.fields.has(name);
  }

  delete(name: string): void {
    this.fields.delete(name);
  }

  forEach(visit: (value: string, name: string) => void): void {
    this.fields.forEach(visit);
  }
}
