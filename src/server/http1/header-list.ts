// Header fields of an answer, in JavaScript alone: a Headers object of the runtime costs more than all of its parsing.
import type { HeaderReader } from '../../model/headers.ts';

/** Names in lower case; a name that comes again has its values joined, as Headers does. */
export class HeaderList implements HeaderReader {
  private readonly fields = new Map<string, string>();

  append(name: string, value: string): void {
    const known = this.fields.get(name);
    this.fields.set(name, known === undefined ? value : `${known}, ${value}`);
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
