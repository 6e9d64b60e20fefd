import { shiftKey, type KeyStroke } from './keystrokes';
import type { LinkChannel } from './ReconnectingLink';

/** A guest's screen: drawn into an element, with the keyboard of the page. */
export interface VncChannel extends LinkChannel {
  setScaled(isScaled: boolean): void;
  setViewOnly(isViewOnly: boolean): void;
  sendCtrlAltDel(): void;
  /** Types the strokes slowly enough for a guest's keyboard buffer. */
  type(strokes: readonly KeyStroke[], signal: AbortSignal): Promise<void>;
  focus(): void;
}

const keyPauseMs = 12;

/**
 * Opens a VNC connection over `url` and resolves once the screen's size is known. The client is
 * fetched when it is first needed; it is a third of the console's code.
 */
export async function openVnc(options: {
  readonly url: string;
  readonly target: HTMLElement;
  readonly isScaled: boolean;
  readonly signal: AbortSignal;
}): Promise<VncChannel> {
  const { default: RFB } = await import('@novnc/novnc');
  const { promise: closed, resolve: settleClosed } = promiseWithResolver<string>();
  options.target.replaceChildren();
  const rfb = new RFB(options.target, options.url, { shared: true });
  rfb.background = 'transparent';
  rfb.scaleViewport = options.isScaled;
  rfb.clipViewport = false;
  rfb.focusOnClick = true;
  rfb.showDotCursor = true;
  options.signal.addEventListener('abort', () => rfb.disconnect(), { once: true });
  rfb.addEventListener('disconnect', (event) => settleClosed(disconnectReason(event)));
  rfb.addEventListener('credentialsrequired', () => rfb.disconnect());
  await new Promise<void>((resolve, reject) => {
    rfb.addEventListener('connect', () => resolve());
    void closed.then((reason) => reject(new Error(reason)));
  });
  return {
    closed,
    close: () => rfb.disconnect(),
    setScaled: (isScaled) => {
      rfb.scaleViewport = isScaled;
    },
    setViewOnly: (isViewOnly) => {
      rfb.viewOnly = isViewOnly;
    },
    sendCtrlAltDel: () => rfb.sendCtrlAltDel(),
    type: (strokes, signal) => typeStrokes(rfb, strokes, signal),
    focus: () => rfb.focus(),
  };
}

interface KeySink {
  sendKey(keysym: number, code: string | null, down?: boolean): void;
}

async function typeStrokes(
  sink: KeySink,
  strokes: readonly KeyStroke[],
  signal: AbortSignal,
): Promise<void> {
  for (const stroke of strokes) {
    if (signal.aborted) return;
    if (stroke.shift) sink.sendKey(shiftKey.keysym, shiftKey.code, true);
    sink.sendKey(stroke.keysym, stroke.code);
    if (stroke.shift) sink.sendKey(shiftKey.keysym, shiftKey.code, false);
    await new Promise((resolve) => setTimeout(resolve, keyPauseMs));
  }
}

function disconnectReason(event: Event): string {
  const detail: unknown = event instanceof CustomEvent ? event.detail : null;
  const isClean =
    typeof detail === 'object' && detail !== null && 'clean' in detail && detail.clean === true;
  return isClean ? 'The guest closed the screen' : 'The connection to the screen was lost';
}

function promiseWithResolver<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
