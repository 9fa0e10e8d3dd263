// Call ids in the form that this dialect accepts.

/** Ids must match `[a-zA-Z0-9_-]+`, but some servers use others (`functions.search:0`). Calls and their results get the same. */
export function toolId(id: string): string {
  return id === '' ? 'call' : id.replace(/[^a-zA-Z0-9_-]/g, '_');
}
