/** The subscribers of a runtime's events. A listener that throws harms no other listener. */
import type { VmEvent, VmEventListener } from './vm-runtime';

export class VmEvents {
  private readonly listeners = new Set<VmEventListener>();

  /** Returns the function that ends the subscription. */
  subscribe(listener: VmEventListener): () => void {
    const own: VmEventListener = (event) => {
      listener(event);
    };
    this.listeners.add(own);
    return () => {
      this.listeners.delete(own);
    };
  }

  emit(event: VmEvent): void {
    for (const listener of [...this.listeners]) {
      try {
        listener(event);
      } catch (error) {
        process.emitWarning(error instanceof Error ? error : String(error), 'VmEventListener');
      }
    }
  }

  clear(): void {
    this.listeners.clear();
  }
}
