// A failure that says nothing of the rows: another program holds the store, or it is not reached.

/** Thrown by a store whose rows would have been refused whatever they were: none of them is to blame. */
export class StoreBusy extends Error {}
