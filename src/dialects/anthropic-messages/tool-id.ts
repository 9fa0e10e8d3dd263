// Call ids in the form that this dialect accepts.

/** Ids must match `[a-zA-Z0-9_-]+`; some servers write others (`functions.search:0`). Calls and results agree. */
export function toolId(id: string): string {
  return id === '' ? 'call' : id.replace(/[^a-zA-Z0-9_-]/g, '_');
}
