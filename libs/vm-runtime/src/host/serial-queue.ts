/** Runs asynchronous turns one after another, in the order in which they were given. */
export class SerialQueue {
  private tail: Promise<void> = Promise.resolve();

  /** The result of the turn; a turn that fails does not stop those behind it. */
  run<T>(turn: () => Promise<T>): Promise<T> {
    const result = this.tail.then(turn);
    this.tail = result.then(
      () => undefined,
      () => undefined,
    );
    return result;
  }

  /** Resolves when every turn given so far has ended. */
  idle(): Promise<void> {
    return this.tail;
  }
}
