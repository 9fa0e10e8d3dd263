// Header fields in plain JavaScript, since each read of the runtime's Headers object is a native call.
import type { HeaderReader } from './headers.ts';

/** Names in lower case. */
export class HeaderList implements HeaderReader {
  private readonly fields = new Map<string, string>();

  /** An independent copy. */
  static of(headers: HeaderReader): HeaderList {
    const list = new HeaderList();
    headers.forEach((value, name) => {
      list.fields.set(name, value);
    });
    return list;
  }

  /** Values of a repeated name are joined, as Headers does. */
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
