// The store's failure that is not caused by the rows: another program locks it, its disk is full, or it cannot be reached.

/** Thrown by a store that would have refused any rows: none of them is to blame. */
export class StoreBusy extends Error {}
