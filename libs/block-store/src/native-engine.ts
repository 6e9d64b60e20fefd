/** The real engine: the addon, loaded and spoken to. This file alone knows what the addon looks like. */
import { resolve } from 'node:path';
import { z } from 'zod';
import {
  engineCommands,
  engineEventSchema,
  engineReplySchema,
  type EngineMethod,
  type EngineParams,
  type EngineResult,
} from './engine-commands';
import {
  ENGINE_CALL_TIMEOUT_MS,
  type Descriptors,
  type Engine,
  type EngineCallOptions,
  type EngineOptions,
} from './engine';
import { EngineError, kindOf } from './errors';

interface AddonEngine {
  call(json: string): Promise<string>;
  close(): Promise<string>;
}

interface Addon extends Descriptors {
  createEngine(options: { onEvent: (json: string) => void }): AddonEngine;
}

const functionSchema = z.custom<unknown>((value) => typeof value === 'function');
const addonSchema = z.custom<Addon>(
  (value) =>
    z
      .object({
        createEngine: functionSchema,
        listenUnix: functionSchema,
        closeFd: functionSchema,
        notify: functionSchema,
        storeFd: functionSchema,
        removeFd: functionSchema,
        inheritedFds: functionSchema,
      })
      .safeParse(value).success,
);

/** Where the build puts the addon; the same place from `src` and from `dist`. */
export const ADDON_PATH = resolve(
  __dirname,
  '../../../native/build/release/addon/cairn_engine.node',
);

/** Loads the addon; `unsupported` if it is missing or does not fit this Node.js. */
function loadAddon(path: string): Addon {
  const loaded: { exports: unknown } = { exports: {} };
  try {
    process.dlopen(loaded, path);
  } catch (error) {
    throw new EngineError('unsupported', `the engine cannot be loaded from ${path}`, {
      cause: error,
    });
  }
  const addon = addonSchema.safeParse(loaded.exports);
  if (!addon.success) throw new EngineError('unsupported', `${path} is not the engine's addon`);
  return addon.data;
}

/** Runs a function of the addon and gives its errors their type. */
function translated<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new EngineError(kindOf(error), message, { cause: error });
  }
}

/** The addon's functions on descriptors. */
export function nativeDescriptors(addonPath = ADDON_PATH): Descriptors {
  const addon = loadAddon(addonPath);
  return {
    listenUnix: (path, mode) => translated(() => addon.listenUnix(path, mode)),
    closeFd: (fd) => translated(() => addon.closeFd(fd)),
    notify: (text) => translated(() => addon.notify(text)),
    storeFd: (name, fd) => translated(() => addon.storeFd(name, fd)),
    removeFd: (name) => translated(() => addon.removeFd(name)),
    inheritedFds: () => translated(() => addon.inheritedFds()),
  };
}

export class NativeEngine implements Engine {
  private closing: Promise<void> | undefined;

  private constructor(private readonly engine: AddonEngine) {}

  /** Starts an engine: one thread, no stores. `unsupported` without the addon or io_uring. */
  static open(options: EngineOptions, addonPath = ADDON_PATH): NativeEngine {
    const addon = loadAddon(addonPath);
    const onEvent = (line: string) => options.onEvent(engineEventSchema.parse(JSON.parse(line)));
    return new NativeEngine(translated(() => addon.createEngine({ onEvent })));
  }

  async call<M extends EngineMethod>(
    method: M,
    params: EngineParams<M>,
    options: EngineCallOptions = {},
  ): Promise<EngineResult<M>> {
    const request = engineCommands[method].params.safeParse(params);
    if (!request.success) {
      throw new EngineError('invalid_argument', `${method}: ${z.prettifyError(request.error)}`);
    }
    const line = JSON.stringify({ method, params: request.data });
    const timeoutMs = options.timeoutMs ?? ENGINE_CALL_TIMEOUT_MS;
    const answer = await withDeadline(
      translated(() => this.engine.call(line)),
      timeoutMs,
      method,
    );
    return parseResult(method, answer);
  }

  close(): Promise<void> {
    this.closing ??= this.stop();
    return this.closing;
  }

  private async stop(): Promise<void> {
    unwrap(
      await withDeadline(
        translated(() => this.engine.close()),
        ENGINE_CALL_TIMEOUT_MS,
        'close',
      ),
    );
  }
}

/** The result inside an answer, or the EngineError that it tells of. */
function unwrap(line: string): unknown {
  const reply = engineReplySchema.parse(JSON.parse(line));
  if (!reply.ok) throw new EngineError(reply.error.kind, reply.error.message);
  return reply.result;
}

function parseResult<M extends EngineMethod>(method: M, line: string): EngineResult<M> {
  // The table's entry for M parses to EngineResult<M>; the compiler cannot follow the lookup.
  return engineCommands[method].result.parse(unwrap(line)) as EngineResult<M>;
}

async function withDeadline<T>(work: Promise<T>, timeoutMs: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new EngineError('timed_out', `${what}: no answer in ${timeoutMs} ms`)),
      timeoutMs,
    );
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
