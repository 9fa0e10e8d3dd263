// The store's failure that is not caused by the rows: another program locks it, its disk is full, it cannot be reached,
// or it belongs to a newer version.

/** Thrown by a store that would have refused any rows: none of them is to blame. */
export class StoreBusy extends Error {}
